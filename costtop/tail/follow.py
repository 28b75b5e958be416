"""Follows log files as they change: batches of what a look found different, newest first.

Events only shorten the wait; the timed looks are the truth. It opens no log file: whether a file is
settled is asked of the caller (`Known.settled`), and what is new in it is read elsewhere.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import Any

from costtop import lasting_tasks
from costtop.named_tuples import NamedTuple
from costtop.tail import watch
from costtop.tail.find import FolderTree
from costtop.tail.roots import FoundFiles, Root, Seen, Trouble

LIVE = 0.02  # s between two questions to the watcher: a line is read after 60 ms at most
_AWHILE = 0.05  # s, and up to the next beat, between two where nothing happens: after 300 ms
_SHARE = 0.003  # of a core for looks at files that events tell of anyway
_MANY = 10_000  # hints after which walking everything is cheaper


class ScanPace(NamedTuple):
    """How often is looked, in seconds."""

    roots: float = 2.0  # whether the roots are still there, and the same
    recent: float = 5.0  # files touched lately, folders that changed
    polling: float = 1.0  # the same while there are no events
    all: float = 30.0  # everything; stretched where a walk takes more than 0.3 % of this
    hinted: float = 0.5  # between two looks at what is recent, when somebody asks for them
    retry: float = 1.0  # first pause before the watcher is built again, doubled up to 5 minutes
    calm: float = 60.0  # without any change, after which looks are as many times rarer as this:
    stretch: float = 5.0
    deaf: float = 3600.0  # for which they are not, after one has found what no event had told


class Batch(NamedTuple):
    """Files that are not settled, latest write first; `whole` if everything was walked."""

    seen: list[Seen]
    found: FoundFiles | None = None  # of a walk of everything, for `Known.census`


def _timed(look: Callable[[], FoundFiles]) -> tuple[FoundFiles, float]:
    began = time.thread_time()
    return look(), time.thread_time() - began


class Follower:
    """Watches roots while it is open (`async with`), and gives batches.

    `settled` says that a file needs no look. `events` False looks by the clock alone. `notify` is
    watchfiles' RustNotify, or what a test puts in its place.
    """

    def __init__(
        self,
        roots: Sequence[Root],
        settled: Callable[[Seen], bool],
        *,
        events: bool = True,
        pace: ScanPace | None = None,
        notify: Callable[..., Any] | None = None,
    ) -> None:
        self.status = "starting"
        self.troubles: list[Trouble] = []
        self.looked = 0.0  # time.monotonic() of the last look: the watchdog's proof of life
        self._tree = FolderTree(roots)
        self._settled = settled
        self._events = events
        self._pace = pace or ScanPace()
        self._notify = notify
        self._hints: set[bytes] = set()
        self._wake = asyncio.Event()
        self._plan: frozenset[tuple[bytes, int, int]] = frozenset()
        self._replan = asyncio.Event()
        self._due = dict.fromkeys(("roots", "recent", "all"), 0.0)
        self._looked_recent = 0.0
        self._due_files = 0.0
        self._moved = time.monotonic()  # when something was heard of, or looked for
        self._deaf_until = 0.0
        self._watched: tuple[list[bytes], list[bytes]] = ([], [])
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Follower":
        self._plan = self._tree.plan()
        if self._events:
            self._watcher = asyncio.create_task(self._watch(), name="tail.watch")
        else:
            self.status = "polling: events are off"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watcher:
            self._replan.set()
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher

    async def batches(self) -> AsyncIterator[Batch]:
        """Endless: first everything that is not settled, then whatever changes.

        A file that the caller leaves unsettled comes again with the next look.
        """
        while True:
            found, whole = await self._look()
            self.looked = time.monotonic()
            fresh = [seen for seen in found.newest_first() if not self._settled(seen)]
            if fresh:
                if self.is_calm():  # nobody has told of it: perhaps no event ever comes
                    self._deaf_until = self.looked + self._pace.deaf
                self._stir()
            if fresh or whole:
                yield Batch(fresh, found if whole else None)
            del found, fresh  # of a walk of everything they are large
            await self._wait()

    def _stir(self) -> None:
        """Something happens: what was to be looked at rarely is looked at soon."""
        now = time.monotonic()
        if self.is_calm():
            paces = {"roots": self._pace.roots, "recent": self._pace.recent, "all": self._pace.all}
            self._due = {name: min(self._due[name], now + pace) for name, pace in paces.items()}
        self._moved = now

    def is_calm(self) -> bool:
        """Whether nothing has happened for a while, and events would tell."""
        now = time.monotonic()
        return now - self._moved >= self._pace.calm and not self.status.startswith("polling")

    def _often(self, seconds: float) -> float:
        """As often as that, or more rarely where nothing happens."""
        rare = self.is_calm() and time.monotonic() >= self._deaf_until
        return seconds * self._pace.stretch if rare else seconds

    def look_again(self) -> None:
        """Makes the next look a walk of everything, now: after a resume, or when asked to."""
        self._stir()
        self._due["all"] = 0.0
        self._wake.set()

    def look_at(self, paths: Sequence[bytes]) -> None:
        """Looks at these files now; at all that is recent or new where none is named.

        For whoever knows that a log has just grown: a new folder's events may have been lost.
        """
        self._stir()
        self._hints.update(paths)
        if not paths:
            soon = self._looked_recent + self._pace.hinted
            self._due["recent"] = min(self._due["recent"], soon)
            self._due["roots"] = min(self._due["roots"], soon)
        self._wake.set()

    def named(self) -> list[Seen]:
        """Files that events have told of since the last look, for who reads a batch for long."""
        if not self._hints or len(self._hints) >= _MANY:
            return []
        hints, self._hints = self._hints, set()
        self.looked = time.monotonic()
        found = self._tree.look(hints, time.time_ns())
        return [seen for seen in found.newest_first() if not self._settled(seen)]

    async def _wait(self) -> None:
        """Until a hint comes or a look is due."""
        delay = min(self._due.values()) - time.monotonic()
        if delay > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._wake.wait()
        self._wake.clear()

    async def _look(self) -> tuple[FoundFiles, bool]:
        """The cheapest look that is due: everything, what is recent, or what the hints name."""
        now, hints = time.monotonic(), self._hints
        self._hints = set()
        if now >= self._due["roots"]:
            self._due["roots"] = now + self._often(self._pace.roots)
            await self._check_roots()
        if now >= self._due["all"] or len(hints) >= _MANY:
            return await self._walk(now), True
        found, folders = FoundFiles([], []), self._tree.count_folders()
        if hints:
            found = self._tree.look(hints, time.time_ns())
        if now >= self._due["recent"]:
            self._due["recent"], self._looked_recent = now + self._recent_pace(), now
            recent = await self._recent(now)
            both = {seen.path: seen for seen in [*found.seen, *recent.seen]}
            found = FoundFiles(list(both.values()), recent.troubles)
        if self._tree.count_folders() != folders:
            self._watch_new_folders()
        return found, False

    async def _recent(self, now: float) -> FoundFiles:
        """Files touched lately; where events come, thousands of them only as often as is cheap."""
        files = now >= self._due_files or self.status.startswith("polling")
        look = partial(self._tree.recent, time.time_ns(), files=files, settled=self._settled)
        found, took = await asyncio.to_thread(_timed, look)
        if files:
            self._due_files = now + self._often(min(took / _SHARE, self._pace.all))
        return found

    async def _walk(self, now: float) -> FoundFiles:
        walk = partial(self._tree.all, time.time_ns())
        found, took = await asyncio.to_thread(
            _timed, walk
        )  # of a core: a busy machine is no reason
        self._due["all"] = now + self._often(max(self._pace.all, took / _SHARE))
        self._due["recent"] = now + self._recent_pace()
        self.troubles = found.troubles
        self._watch_new_folders()
        if self._watcher and (silent := watch.shortage(self._tree.deep_folders())):
            self._polls(silent)
        return found

    def _watch_new_folders(self) -> None:
        if self._tree.watched() != self._watched:
            self._replan.set()

    def _recent_pace(self) -> float:
        polling = self.status.startswith("polling")
        pace = min(self._pace.polling, self._pace.recent) if polling else self._pace.recent
        return self._often(pace)

    async def _check_roots(self) -> None:
        """A root that appeared, went or is another folder now makes the watcher start again."""
        plan = await asyncio.to_thread(self._tree.plan)
        if plan != self._plan:
            self._plan = plan
            self._due["recent"] = 0.0
            self._replan.set()

    async def _watch(self) -> None:
        """Keeps a watcher alive; whatever happens to it, the timed looks go on."""
        pause = self._pace.retry
        while True:
            self._replan.clear()
            try:
                began = time.monotonic()
                await self._watch_once()
            except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # a panic of the Rust part is no Exception
                self._polls(watch.reason(error))
                self.look_again()  # hints were lost with it
                if time.monotonic() - began > 60:
                    pause = self._pace.retry
                await self._rest(pause)
                pause = min(pause * 2, 300.0)

    async def _watch_once(self) -> None:
        """Collects hints until the roots change; raises whatever stops the watcher."""
        deep, flat = self._watched = self._tree.watched()
        if not deep and not flat:
            self.status = "waiting: no folder of any source exists yet"
            await self._replan.wait()
            return
        count = len(deep) + len(flat)
        self.status = f"watching {count} folder{'s' if count > 1 else ''}"
        watcher = await asyncio.to_thread(watch.Watcher, deep, flat, self._notify)
        with closing(watcher):
            while not self._replan.is_set():
                if hints := watcher.taken():
                    self._stir()
                    self._hints |= hints
                    self._wake.set()
                await (lasting_tasks.beat(_AWHILE) if self.is_calm() else asyncio.sleep(LIVE))
        self.look_again()

    def _polls(self, why: str) -> None:
        self.status = f"polling: {why}"
        self._due["recent"] = min(self._due["recent"], time.monotonic() + self._pace.polling)
        self._wake.set()

    async def _rest(self, pause: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._replan.wait()
