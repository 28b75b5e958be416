"""Stops the daemon of this instance, or says what is really in the way."""

import os
import shlex
import time

from costtop.control import client, protocol
from costtop.daemon.lifecycle import instance, supervisor_start
from costtop.daemon.lifecycle.lock_holders import lock_holders, named_holder
from costtop.errors import CosttopError, Unusable
from costtop.paths import Paths
from costtop.processes.inspect.inspector import system_inspector
from costtop.text import clean

_ANSWER = 5.0  # s for a daemon to say that it will
_START = 5.0  # s for one that has begun to listen
_END = 10.0  # s for it to be gone
_STATES = {
    "T": "is stopped, by Ctrl-Z or SIGSTOP: kill -CONT {pid}, then costtop stop again",
    "D": "waits in the kernel, for a disk or a file server; it ends when that answers",
}
_SILENT = "does not answer; its log says more ({log}); kill {pid} ends it, and nothing is lost"


def stop(paths: Paths) -> str:
    """What was done, in words; raises CosttopError with the reason where the daemon still runs.

    Its supervisor ends with it, also one that waits to start it again.
    """
    said = _stopped(paths)
    supervisor_start.dismiss(paths)
    if instance.is_free(paths.lock):
        paths.status.unlink(missing_ok=True)  # of one that crashed: that is settled now
    return said


def _stopped(paths: Paths) -> str:
    _look(paths)
    if instance.is_free(paths.lock):
        return "no costtop daemon is running"
    before = lock_holders(paths.lock)
    if not _asked(paths):
        return "costtop daemon stopped"
    end = time.monotonic() + _END
    while not instance.is_free(paths.lock) and lock_holders(paths.lock) == before:
        if time.monotonic() > end:
            raise CosttopError(
                f"it said that it stops and has not within {_END:.0f} s: it " + _silence(paths)
            )
        time.sleep(0.02)
    if not instance.is_free(paths.lock):
        return f"costtop daemon stopped; {named_holder(paths.lock)} has begun since: a service?"
    return "costtop daemon stopped"


def _asked(paths: Paths) -> bool:
    """Asks it to end; False where it ended by itself. One that only starts is waited for."""
    end = time.monotonic() + _START
    while True:
        try:
            client.ask(paths, protocol.Stop(), _ANSWER)
            return True
        except client.NoAnswer:
            raise CosttopError(_silence(paths)) from None
        except client.NoDaemon:
            if instance.is_free(paths.lock):
                return False
            if time.monotonic() > end:
                raise CosttopError(
                    f"{named_holder(paths.lock)} holds {paths.lock} and listens to nobody: a scan,"
                    " or a daemon that starts or ends; try again, or end it by its pid"
                ) from None
        time.sleep(0.05)


def _look(paths: Paths) -> None:
    """Raises Unusable where nobody can say whether a daemon runs: that is not "none"."""
    try:
        os.close(os.open(paths.lock, os.O_RDONLY | os.O_CLOEXEC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unusable(
            f"cannot tell whether a daemon runs: {paths.lock}: {error.strerror}{_owner(paths)}"
        ) from None


def _owner(paths: Paths) -> str:
    try:
        uid = os.stat(paths.lock).st_uid
    except OSError:
        return ""
    return f"; it is of user {uid}: act as that user" if uid != os.getuid() else ""


def _silence(paths: Paths) -> str:
    """Why a daemon that is there says nothing."""
    pid = next(iter(lock_holders(paths.lock)), instance.holder(paths.lock) or 0)
    one = system_inspector().glance(pid) if pid else None
    words = _STATES.get(one.state.upper() if one else "", _SILENT)
    return f"the daemon (pid {pid or '?'}) {words.format(pid=pid or '?', log=paths.log)}"


def elsewhere() -> list[str]:
    """Daemons of this user's other homes, and what stops each: one of them may be meant."""
    inspector, said = system_inspector(), []
    for one in inspector.census().values():
        if one.state in "ZX" or inspector.owners(one.pid)[:1] != (os.getuid(),):
            continue
        words = [os.path.basename(word) for word in inspector.argv(one.pid)]
        if "costtop" in words and words[words.index("costtop") + 1 :][:1] == ["daemon"]:
            said.append(f"one of another home (pid {one.pid}): {_order(one.pid)}")
    return said


def _order(pid: int) -> str:
    """What stops the daemon of another home."""
    try:
        home = system_inspector().environ(pid, ("COSTTOP_HOME",)).get("COSTTOP_HOME", "")
    except PermissionError:
        home = ""
    if not home:
        return "env -u COSTTOP_HOME costtop stop"
    return f"COSTTOP_HOME={shlex.quote(clean(home, 4096))} costtop stop"
