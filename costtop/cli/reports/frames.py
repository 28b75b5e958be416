"""Frames one after the other on standard output, as `top -b` gives them."""

import os
import select
import stat
import sys
import time
from collections.abc import Callable

from costtop.cli.tables import put

DELAY = 2.0  # s between the beginnings of two frames


def put_all(frame: Callable[[], str], number: int | None, delay: float) -> int:
    """Prints `number` frames, or frames for ever, one each `delay` s; returns the exit code.

    Each is written whole and at once. A reader that goes ends it, also between two frames.
    """
    begun, done = time.monotonic(), 0
    while True:
        put(frame())
        sys.stdout.flush()
        done += 1
        if done == number:
            return 0
        late = time.monotonic() - begun
        begun += max(delay, late // delay * delay)  # what is late is left out, not made up for
        if _reader_goes_within(begun - time.monotonic()):
            return 0


def _reader_goes_within(seconds: float) -> bool:
    """Waits; whether the reader of a pipe has gone meanwhile."""
    pipe = _pipe()
    if pipe is None:
        time.sleep(max(0.0, seconds))
        return False
    gone = select.poll()
    gone.register(pipe, 0)  # asked for nothing, it still tells of the other end's close
    return bool(gone.poll(max(0.0, seconds) * 1000))


def _pipe() -> int | None:
    """Standard output, where it is a pipe or a socket."""
    try:
        number = sys.stdout.fileno()
        mode = os.fstat(number).st_mode
    except OSError:
        return None
    return number if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else None
