"""Which files stand behind the live logs: archives, large documents, databases.

A .gz has to be decompressed to its end before a byte of it is known, a document is read whole with
each change: one of them must not hold up the lines that others have just written.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

from costtop.tail.roots import Seen

_ARCHIVE = b".gz"  # no agent writes its live log so
_SMALL = 256 << 10  # bytes of a document that is read as quickly as a few lines
_REST, _RESTS, _LONGEST = 0.25, 20, 60.0  # seconds: at least; times of reading it; at most


def is_slow(seen: Seen) -> bool:
    """Whether it is read behind the others."""
    large = seen.root.shape == "document" and seen.size > _SMALL
    return large or seen.root.shape == "rows" or seen.path.endswith(_ARCHIVE)


class SlowFiles:
    """A line of files, each once, and when each may be read again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: dict[bytes, Seen] = {}
        self._due: dict[bytes, float] = {}  # s of the clock
        self._changed = asyncio.Condition()
        self.beside = False  # somebody reads them beside the live logs

    def is_due(self, seen: Seen) -> bool:
        """Whether it may be read now; else it stays unsettled and comes with a later look."""
        return self._clock() >= self._due.get(seen.path, 0.0)

    def rest(self, path: bytes, took: float) -> None:
        """It has been read, which took so many seconds: it rests, an archive a minute."""
        archive = path.endswith(_ARCHIVE)
        pause = _LONGEST if archive else min(max(_REST, _RESTS * took), _LONGEST)
        self._due[path] = self._clock() + pause

    async def put(self, files: Iterable[Seen]) -> None:
        """Files to be read when their turn comes, as they look now."""
        async with self._changed:
            self._waiting |= {seen.path: seen for seen in files}
            self._changed.notify_all()

    async def first(self) -> Seen:
        """The file whose turn it is; it stays in the line until `done`."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting)
            return next(iter(self._waiting.values()))

    async def done(self, seen: Seen) -> None:
        """It has been read, or cannot be read now."""
        async with self._changed:
            self._waiting.pop(seen.path, None)
            self._changed.notify_all()

    def is_busy(self) -> bool:
        """Whether somebody stands in the line."""
        return bool(self._waiting)

    async def all_done(self) -> None:
        """Waits until nobody stands in the line."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._waiting)
