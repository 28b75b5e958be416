"""The terminal as it is taken before Textual is there: its other screen, no echo, and given back.

Keys that are typed meanwhile wait in the terminal for Textual. Whatever ends the program before
that has the terminal, or within it, leaves the terminal as it was found.
"""

import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ALONE = "\x1b[?1049h"  # the other screen, which Textual asks for too
_TAKEN = _ALONE + "\x1b[?25l\x1b[?7l\x1b[2J"  # no cursor, no wrapping, blank
_GIVEN = (  # what Textual may have asked for, and what we have
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[<u"
    "\x1b[0m\x1b[?7h\x1b[?1049l\x1b[?25h"
)


class EarlyTerminal:
    """Holds the terminal until it is handed to Textual, and gives it back where that did not."""

    def __init__(self) -> None:
        self.settings: list[Any] | None = None  # as the user's shell has them
        self.is_handed_over = False

    def hand_over(self, written: str) -> str:
        """What is to be written of what Textual writes: the other screen is entered already."""
        if self.is_handed_over or written != _ALONE:
            return written
        self.is_handed_over = True
        return ""

    def take(self) -> None:
        """Enters the other screen, and reads keys as they are typed; Ctrl-C ends as ever."""
        file = sys.stdin.fileno()
        self.settings = termios.tcgetattr(file)
        iflag, oflag, cflag, lflag, ispeed, ospeed, chars = termios.tcgetattr(file)
        lflag &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        iflag &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
        chars = [*chars]
        chars[termios.VMIN], chars[termios.VTIME] = 1, 0
        chars[termios.VSUSP] = bytes([os.fpathconf(file, "PC_VDISABLE") & 0xFF])
        now = [iflag, oflag, cflag, lflag, ispeed, ospeed, chars]
        termios.tcsetattr(file, termios.TCSANOW, now)
        put(_TAKEN)

    def give_back(self) -> None:
        """The terminal as it was found."""
        if self.settings is not None:
            put(_GIVEN)
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self.settings)


@contextmanager
def taken() -> Iterator[EarlyTerminal]:
    """The terminal, taken for as long as the block lasts; a signal to end it is an exit."""
    terminal = EarlyTerminal()
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    has_ended = False
    try:
        terminal.take()
        yield terminal
        has_ended = terminal.is_handed_over
    finally:
        if not has_ended:
            terminal.give_back()
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def put(text: str) -> None:
    """Writes to the terminal at once."""
    sys.stderr.write(text)
    sys.stderr.flush()
