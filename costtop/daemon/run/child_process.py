"""One command as a child: its own process group, the terminal, signals, its end.

The command gets the terminal as a shell would give it, and Ctrl-Z stops both. Where there is a
systemd of the user's, it gets a control group of its own, from which nothing escapes a kill.
"""

import asyncio
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from costtop.errors import CosttopError
from costtop.processes.handle import Handle, hold
from costtop.processes.inspect.inspector import system_inspector
from costtop.processes.inspect.process import Inspector
from costtop.processes.kill.cgroup import PREFIX

_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
_STOPS = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}  # Ctrl-Z; SIGSTOP is costtop's pause
_PROBE = 3.0  # s
_SET_CHILD_SUBREAPER = 36  # prctl(2)


class Child:
    """The command while it lives. `ended` gives its exit code as a shell would (128 + signal)."""

    def __init__(self, command: Sequence[str], name: str, environ: Mapping[str, str]) -> None:
        self._terminal = _terminal()
        _adopt_orphans()
        words = [*_scope(name), *command]
        try:
            self._process = subprocess.Popen(words, env=dict(environ), preexec_fn=self._begin)  # noqa: PLW1509
        except OSError as error:
            raise CosttopError(f"cannot run {command[0]}: {error.strerror}") from None
        self.pid = self._process.pid
        self._ended: asyncio.Future[int] | None = None
        self._is_told = False

    def handle(self, inspector: Inspector) -> Handle | None:
        """The command's process, held; None when it has ended already."""
        return hold(self.pid, None, inspector)

    def told(self) -> None:
        """Whoever asks who this child is has seen it: only now may it leave the process table.

        One that ends at once would be unknown to the daemon otherwise, and with it what it cost.
        """
        self._is_told = True
        if self._ended is not None:
            self._look()

    async def ended(self) -> int:
        """Waits for its end, hands signals on and the terminal to and fro meanwhile."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        for name in _FORWARDED:
            loop.add_signal_handler(signal.Signals[name], self._forward, signal.Signals[name])
        loop.add_signal_handler(signal.SIGCHLD, self._look)
        self._look()
        code = await asyncio.shield(self._ended)
        self._take_terminal()
        return code

    def _begin(self) -> None:
        """In the child, before the command: its own group, in the foreground."""
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGQUIT):
            # A script's job in the background is started ignoring them, lest Ctrl-C reach it; in
            # a group of its own it does not, and the ladder begins with INT.
            signal.signal(number, signal.SIG_DFL)
        if self._terminal is not None:
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            os.tcsetpgrp(self._terminal, os.getpgrp())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)

    def _forward(self, number: signal.Signals) -> None:
        if self._ended is not None and not self._ended.done():
            os.killpg(self.pid, number)  # not reaped yet: the number is the child's

    def _look(self) -> None:
        assert self._ended is not None
        self._reap_adopted()
        if self._ended.done() or not self._is_told:
            return
        pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
        if pid and os.WIFSTOPPED(status):
            if os.WSTOPSIG(status) in _STOPS:
                self._stop_too()
        elif pid:
            code = os.waitstatus_to_exitcode(status)
            self._process.returncode = code
            self._ended.set_result(code if code >= 0 else 128 - code)

    def _reap_adopted(self) -> None:
        """Orphans of the command that have ended; workers of our own are in our own group."""
        ours = {self.pid, os.getpgrp()}
        for one in system_inspector().census().values():
            if one.parent == os.getpid() and one.state == "Z" and not {one.pid, one.group} & ours:
                os.waitpid(one.pid, os.WNOHANG)

    def _stop_too(self) -> None:
        """Ctrl-Z in the command: the whole job stops, and goes on together at `fg`."""
        self._take_terminal()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._give_terminal()  # here we have been continued
        os.killpg(self.pid, signal.SIGCONT)

    def _give_terminal(self) -> None:
        self._set_foreground(self.pid)

    def _take_terminal(self) -> None:
        self._set_foreground(os.getpgrp())

    def _set_foreground(self, group: int) -> None:
        if self._terminal is None:
            return
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            os.tcsetpgrp(self._terminal, group)
        except OSError:
            self._terminal = None  # it was hung up
        finally:
            signal.signal(signal.SIGTTOU, before)


def _adopt_orphans() -> None:
    """What loses its parent below the command comes to us: a double fork leads nowhere else."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _terminal() -> int | None:
    """The terminal that is ours to hand over: only where we are in its foreground."""
    for fd in (0, 2, 1):
        try:
            if os.isatty(fd) and os.tcgetpgrp(fd) == os.getpgrp():
                return fd
        except OSError:
            continue
    return None


def _scope(name: str) -> list[str]:
    """What makes a control group for the command, where the user's systemd does."""
    program = shutil.which("systemd-run")
    if program is None or not os.environ.get("XDG_RUNTIME_DIR"):
        return []
    start = [program, "--user", "--scope", "--quiet", "--collect"]
    try:
        tried = subprocess.run([*start, "true"], capture_output=True, timeout=_PROBE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [] if tried.returncode else [*start, f"--unit={PREFIX}{name}", "--"]
