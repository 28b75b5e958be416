"""Looks for costtop's status line on the real screen of an agent, in a pseudo-terminal."""

import os
import pty
import re
import select
import signal
import struct
import time
from contextlib import suppress
from fcntl import ioctl
from termios import TIOCSWINSZ

from laboratory.beside import Beside

_LINE = re.compile(r"session ~?≥?\$[\d.]+[^\r\n]{0,60}")
_CODES = re.compile(r"\x1b\[[0-9;?>]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[()][A-Z0-9]")
_PROMPT = "[[tools=2]] go"
_PATIENCE = 25.0  # s


def shown(lab: Beside) -> str:
    """The line as it stands on the agent's screen; "" where it is not seen in time."""
    words = [lab.agent.program, *lab.agent.screen, _PROMPT]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(lab.work)
        os.execvpe(words[0], words, lab.environment)  # noqa: S606  (the child of the fork)
    try:
        ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        return _seen(terminal)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def _seen(terminal: int) -> str:
    text, end = "", time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 0.5)
        if not ready:
            continue
        try:
            text += os.read(terminal, 65_536).decode("utf-8", "replace")
        except OSError:
            break  # it has ended
        # Cursor moves stand where blanks were: a line is what is left without them.
        found = _LINE.search(_CODES.sub(" ", text).replace("  ", " "))
        if found:
            return found.group().strip()
    return ""
