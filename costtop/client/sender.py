"""Carries lines to the daemon from a thread of its own.

`put` only appends to a bounded queue. The thread sends what is queued and waits for the daemon's
word that it is committed; what it does not get that word for goes to the spool. So does the rest
at exit, and what finds the queue full.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from costtop.client import spool
from costtop.client.link import PATIENCE, Link
from costtop.errors import CosttopError
from costtop.paths import Paths

QUEUE = 20_000  # lines, about 7 MB
_BATCH = 500  # lines sent before their answers are read
_GATHER = 0.002  # s that more lines are waited for
_IDLE = 5.0  # s after which the connection is let go: the daemon has places for 32
_AGAIN = 1.0  # s before a spool that could not be written is tried again
AT_EXIT = 2.0  # s that a program may end later for what is still under way

log = logging.getLogger("costtop")
log.addHandler(logging.NullHandler())  # a program that wants to hear of trouble asks for it


class Sender:
    """A queue of lines and the thread that empties it. One a process; never carried over a fork."""

    def __init__(self, paths: Callable[[], Paths], queue: int = QUEUE) -> None:
        self._paths, self._queue = paths, queue
        self._lines: deque[bytes] = deque()
        self._sending: list[bytes] = []
        self._changed = threading.Condition()  # re-entrant: a signal handler may record too
        self._thread: threading.Thread | None = None
        self._closed = False
        self._link = Link()
        self.lost = 0  # lines that neither the daemon nor the spool could take
        self.refused = 0  # lines that break the contract

    def put(self, line: bytes) -> None:
        """Takes one line, ending in a newline; returns at once."""
        with self._changed:
            if len(self._lines) < self._queue and self._running():
                self._lines.append(line)
                self._changed.notify_all()
                return
        if not self._spooled([line]):
            self.lost += 1

    def _running(self) -> bool:
        """Starts the thread at the first line; False where no thread can be had any more."""
        if self._closed:
            return False
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="costtop", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False  # the interpreter is ending
            self._thread = thread
        return True

    def _run(self) -> None:
        while True:
            if not self._wait():
                self._link.close()
                if self._closed:
                    return
                continue
            time.sleep(_GATHER)
            if not self._carried(self._next()) and self._closed:
                return

    def _wait(self) -> bool:
        """True when there is something to send; False after a while without, or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._closed, _IDLE)
            return bool(self._lines)

    def _next(self) -> list[bytes]:
        with self._changed:
            count = min(_BATCH, len(self._lines))
            self._sending = [self._lines.popleft() for _ in range(count)]
            return self._sending

    def _carried(self, lines: list[bytes]) -> bool:
        """Sends or spools the lines; False where neither went, and they are queued again."""
        try:
            delivery = self._link.deliver(self._paths(), lines, self._patience())
            kept, refused = delivery.kept, delivery.refused
        except CosttopError:
            kept, refused = lines, []
        for why in refused:
            self.refused += 1
            log.warning("costtop does not take a record: %s", why)
        stuck = bool(kept) and not self._spooled(kept)
        with self._changed:
            if stuck and self._sending:
                self._lines.extendleft(reversed(kept))
            self._sending = []
            self._changed.notify_all()
            if stuck:
                self._changed.wait_for(lambda: self._closed, _AGAIN)
        return not stuck

    def _patience(self) -> float:
        return AT_EXIT if self._closed else PATIENCE

    def _spooled(self, lines: Sequence[bytes]) -> bool:
        try:
            spool.append(self._paths().spool, lines)
        except (OSError, CosttopError) as error:
            log.warning("costtop cannot keep %d records: %s", len(lines), error)
            return False
        return True

    def flush(self, patience: float) -> bool:
        """Waits until every line is committed or spooled; False where that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._lines and not self._sending, patience)

    def close(self, patience: float = AT_EXIT) -> None:
        """Sends what is left, spools what cannot be sent in time, and takes no more by thread."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self.flush(patience)
        with self._changed:
            left = [*self._sending, *self._lines]
            self._sending = []
            self._lines.clear()
        if left and not self._spooled(left):
            self.lost += len(left)
