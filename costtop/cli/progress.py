"""How far long work is, in one line at the terminal that goes when the work is done.

It is written to stderr, where that is a terminal, and only once the work has taken half a second:
nothing of it is in a pipe, a file or a log. It has no colours.
"""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from costtop.durations import words
from costtop.paths import Paths

Watch = Callable[[int, int], None]
"""Hears how much is done, and of how much."""

BYTES = "bytes"
_QUIET = 0.5  # s
_EVERY = 0.1  # s between two drawings
_LOOKS = 0.25  # s between two looks at what the daemon says
_SAMPLE, _SAMPLES = 0.5, 20  # s; so the rate is that of the last ten seconds
_WIDE, _NARROW = 24, 10  # cells of the bar
_LAST_CELL = 1  # left free: a terminal may wrap behind it
_PREFIXES = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


@contextmanager
def bar(doing: str, unit: str = BYTES) -> Iterator[Watch | None]:
    """A watch that draws, for the time of the work; None where nobody would see it."""
    if not _is_seen():
        yield None
        return
    drawn = _Bar(doing, unit)
    try:
        yield drawn.show
    finally:
        drawn.clear()


@contextmanager
def polled(doing: str, ask: Callable[[], tuple[int, int]], unit: str = BYTES) -> Iterator[None]:
    """The same where another process does the work: `ask` says now and then how far it is."""
    with bar(doing, unit) as watch:
        if watch is None:
            yield
            return
        import threading

        done = threading.Event()
        thread = threading.Thread(target=_poll, args=(ask, watch, done.wait), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _poll(ask: Callable[[], tuple[int, int]], watch: Watch, ended: Callable[[float], bool]) -> None:
    while not ended(_LOOKS):
        with suppress(Exception):  # whoever works says what is wrong; a bar that stands is none
            watch(*ask())


def of_daemon(found: Paths, work: str) -> tuple[int, int]:
    """How far the daemon says it is with "import" or with what it was asked for; (0, 0): not."""
    from costtop.store import daemon_status

    said = daemon_status.read(found.status)
    if work == "import":
        told = said.get("import", {})
        return told.get("done_bytes", 0), told.get("total_bytes", 0)
    for one in said.get("work", ()):
        if one["doing"] == work:
            return one["done"], one["total"]
    return 0, 0


def _is_seen() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class _Bar:
    """One line of a terminal, drawn anew over itself."""

    def __init__(self, doing: str, unit: str) -> None:
        self._doing, self._unit = doing, unit
        self._next = time.monotonic() + _QUIET
        self._samples = deque[tuple[float, int]](maxlen=_SAMPLES)
        self._shown = ""

    def show(self, done: int, total: int) -> None:
        """Draws it anew, if it is time."""
        now = time.monotonic()
        if not total:
            return
        if self._samples and done < self._samples[-1][1]:
            self._samples.clear()  # other work has begun
        if not self._samples or now - self._samples[-1][0] >= _SAMPLE:
            self._samples.append((now, done))
        if now < self._next:
            return
        self._next = now + _EVERY
        line = laid(self._doing, self._unit, done, total, self._rate(now, done), _columns())
        if line != self._shown:
            _put(f"\r{line}\x1b[K")
            self._shown = line

    def _rate(self, now: float, done: int) -> float:
        """Units a second, of late; 0 where it is not known yet."""
        at, before = self._samples[0]
        return (done - before) / (now - at) if now - at >= _SAMPLE else 0.0

    def clear(self) -> None:
        """Takes it off the line."""
        if self._shown:
            _put("\r\x1b[K")


def _put(text: str) -> None:
    with suppress(OSError, ValueError):  # the terminal has gone, and the work goes on
        sys.stderr.write(text)
        sys.stderr.flush()


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def laid(doing: str, unit: str, done: int, total: int, rate: float, width: int) -> str:
    """The line in `width` cells: what does not fit goes, the rate first; "" where nothing fits."""
    share = min(done / total, 1.0)
    head, per_cent = f"costtop: {doing}", f"{share:4.0%}"
    left = (
        f"  {words(max(1_000, int((total - done) / rate * 1000)))} left"
        if rate and done < total
        else ""
    )
    speed = f"  {_speed(rate, unit)}" if rate else ""
    room = width - _LAST_CELL - len(head) - len(per_cent)
    for tail in (speed + left, left, ""):
        cells = min(room - len(tail) - len(" [] "), _WIDE)
        if cells >= _NARROW:
            full = int(share * cells)
            return f"{head} [{'#' * full}{'.' * (cells - full)}] {per_cent}{tail}"
    return f"{head}{per_cent}" if room >= 0 else ""


def _speed(rate: float, unit: str) -> str:
    if unit != BYTES:
        return f"{rate:,.0f} {unit}/s"
    for name, size in _PREFIXES:
        if rate >= size:
            return f"{rate / size:,.1f} {name}/s"
    return f"{rate:,.0f} B/s"
