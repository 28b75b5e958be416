"""The task that reads files: from what the follower saw to committed rows, for ever.

A fault of the world (a full disk, a lock) ends a run of it, and `lasting_tasks` begins another:
nothing is lost, for a file that was not committed stays unsettled and comes again.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from costtop import lasting_tasks
from costtop.daemon.ingest.intake import Ingest
from costtop.durations import now_ms
from costtop.tail.follow import Batch, Follower
from costtop.tail.roots import Root
from costtop.tail.rotation import Known

_SWEEP = 3600.0  # s between two looks at the spool
_KEPT = timedelta(days=2)  # of the spool


class Reader:
    """Feeds the ingest from the follower."""

    def __init__(self, ingest: Ingest, follower: Follower) -> None:
        self.lag = 0  # ms from the newest write to its commit, of the last batch
        self.lag_at = 0  # when that was, ms UTC
        self.files: dict[Root, int] = {}
        self.passes = 0  # looks at everything that have been read to the end
        self._ingest, self._follower = ingest, follower
        ingest.backlog.urgent = follower.named
        self._passed = asyncio.Condition()
        self._busy = False

    async def run(self) -> None:
        """Reads what changes, for ever."""
        async for batch in self._follower.batches():
            self._busy = True
            try:
                await self._take(batch)
            except BaseException:
                if batch.found:  # else all that is older came again with the next walk only
                    self._follower.look_again()
                raise
            finally:
                self._busy = False
            del batch  # not held until the next one comes

    @property
    def recent_is_read(self) -> bool:
        """Whether all that was written lately has been read once, also while older logs are."""
        return self._ingest.recent_is_read

    async def run_slow(self) -> None:
        """Reads archives, large documents and databases beside them, after the first look."""
        async with self._passed:
            await self._passed.wait_for(lambda: self.passes)
        await self._ingest.read_slow()

    async def _take(self, batch: Batch) -> None:
        before = self._ingest.counts.bytes
        await self._ingest.take(batch)
        if batch.seen:
            lasting_tasks.well()
        # A file that is only looked at again says nothing: its last write is long past.
        if batch.seen and not batch.found and self._ingest.counts.bytes > before:
            self.lag_at = now_ms()
            self.lag = max(0, self.lag_at - batch.seen[0].mtime // 1_000_000)
        if batch.found:
            self.files = {}
            for seen in batch.found.seen:
                self.files[seen.root] = self.files.get(seen.root, 0) + 1
            async with self._passed:
                self.passes += 1
                self._passed.notify_all()

    def look_at(self, paths: Sequence[bytes]) -> None:
        """Looks at these logs now, or at what is recent and new where none is named."""
        self._follower.look_at(paths)

    async def scan(self) -> dict[str, int]:
        """Looks at everything once more and returns what was taken in since the asking."""
        before = self._ingest.counts.plain()
        wanted = self.passes + (2 if self._busy else 1)
        while self.passes < wanted:
            self._follower.look_again()
            async with self._passed:
                await self._passed.wait()
        await self._ingest.slow.all_done()
        after = self._ingest.counts.plain()
        forecasts_of = sum(self.files.values())
        return {"looked_at": forecasts_of, **{name: after[name] - before[name] for name in after}}


async def sweep(folder: Path, known: Known, backed_up: Callable[[], int]) -> None:
    """Clears the spool of days that have been read to their end, once an hour, for ever.

    Programs append to the file of the present day only (`client.spool`), so that of two days ago
    and older grows no more. What could not be read to its end stays, and what no backup has
    (`backed_up`: when the newest was made, ms UTC): then no other log holds it.
    """
    waiting: dict[Path, int] = {}
    while True:
        await asyncio.sleep(_SWEEP)
        await asyncio.to_thread(clear, folder, known, waiting, backed_up(), now_ms())
        lasting_tasks.well()


def clear(
    folder: Path, known: Known, waiting: dict[Path, int], backed_up: int, now: int
) -> list[Path]:
    """Deletes what is old, read and in a backup made since that was found; returns it.

    `waiting` says since when each file waits for one; times are ms UTC.
    """
    day = datetime.fromtimestamp(now / 1000, UTC) - _KEPT
    newest = f"{day:%Y-%m-%d}.jsonl"
    gone = []
    for path in sorted(folder.glob("????-??-??.jsonl")):
        place = known.get(os.fsencode(path))
        with contextlib.suppress(OSError):
            read = place is not None and place.offset == path.stat().st_size
            if path.name < newest and read and backed_up > waiting.setdefault(path, now):
                path.unlink()
                gone.append(path)
    return gone
