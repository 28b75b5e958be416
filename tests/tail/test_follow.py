"""Changes are noticed soon by events and surely by the clock, whatever happens to the watcher."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from costtop.lasting_tasks import BEAT
from costtop.tail import watch
from costtop.tail.follow import Follower, ScanPace
from costtop.tail.roots import Root, rooted
from tests.patience import PATIENCE
from tests.tail.reader import Reader

SLOW = ScanPace(roots=60, recent=60, polling=60, all=60)  # only events can be in time
LINUX = os.path.isdir("/proc/self/fdinfo")
BRISK = ScanPace(roots=0.2, recent=0.3, polling=0.3, all=1.0, retry=0.05)


class Follow:
    """A reader that a follower drives, and when it read what."""

    def __init__(self, reader: Reader, follower: Follower) -> None:
        self.reader = reader
        self.follower = follower
        self.when: dict[bytes, float] = {}
        self.batches = 0

    async def run(self) -> None:
        async for batch in self.follower.batches():
            self.batches += 1
            for seen in batch.seen:
                change = self.reader.known.compare(seen)
                if change.readable:
                    self.reader.read(change)
            for line in self.reader.taken():
                assert line not in self.when, "read twice"
                self.when[line] = time.monotonic()

    async def until(self, claim: Callable[[], bool], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not claim():
            assert time.monotonic() < deadline, f"not in time; {self.follower.status}"
            await asyncio.sleep(0.005)

    async def watches(self) -> None:
        """Until the kernel has the first watch (where that can be seen)."""
        await self.until(lambda: self.follower.status.startswith("watching"))
        await self.until(lambda: bool(watch._watches()) or not LINUX)

    async def reads(self, *lines: bytes, seconds: float = PATIENCE) -> None:
        await self.until(lambda: all(line in self.when for line in lines), seconds)


@asynccontextmanager
async def following(roots: Sequence[Root], **options: Any) -> AsyncIterator[Follow]:
    reader = Reader(*roots)
    async with Follower(roots, reader.known.settled, **options) as follower:
        follow = Follow(reader, follower)
        task = asyncio.create_task(follow.run())
        try:
            await follow.until(lambda: follow.batches > 0)
            yield follow
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled(), task.exception()


def append(path: Path, line: bytes) -> None:
    with path.open("ab") as file:
        file.write(line + b"\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "logs"
    path.mkdir()
    return path


@pytest.fixture
def root(folder: Path) -> Root:
    return rooted(folder, ["**/*.jsonl"])


async def test_an_appended_line_is_seen_by_its_event(folder: Path, root: Root) -> None:
    log = folder / "a.jsonl"
    append(log, b"first")
    async with following([root], pace=SLOW) as follow:
        await follow.reads(b"first")
        await follow.watches()
        for n in range(20):
            append(log, b"line %d" % n)
            await follow.reads(b"line %d" % n)  # within half of a turn of the clock


async def test_without_events_a_line_is_found_by_the_clock(folder: Path, root: Root) -> None:
    log = folder / "a.jsonl"
    append(log, b"first")
    async with following([root], events=False, pace=BRISK) as follow:
        assert follow.follower.status == "polling: events are off"
        append(log, b"second")
        await follow.reads(b"first", b"second")


async def test_three_hundred_new_folders_at_once_are_all_read(folder: Path, root: Root) -> None:
    async with following([root]) as follow:
        await follow.watches()
        lines = [b"line %d" % n for n in range(300)]
        for n, line in enumerate(lines):
            (folder / f"d{n}" / "deep").mkdir(parents=True)
            append(folder / f"d{n}" / "deep" / "a.jsonl", line)
        await follow.reads(*lines)


async def test_a_root_that_appears_goes_and_comes_back_is_followed(folder: Path) -> None:
    path = folder / "not" / "yet"
    async with following([rooted(path, ["**/*.jsonl"])], pace=BRISK) as follow:
        assert follow.follower.status.startswith("waiting")
        path.mkdir(parents=True)
        append(path / "a.jsonl", b"appeared")
        await follow.reads(b"appeared")
        await follow.until(lambda: follow.follower.status == "watching 1 folder")
        path.rename(folder / "away")
        await follow.until(lambda: follow.follower.status.startswith("waiting"))
        path.mkdir()
        append(path / "b.jsonl", b"made anew")
        await follow.reads(b"made anew")
        await follow.until(lambda: follow.follower.status == "watching 1 folder")


async def test_a_root_made_anew_has_events_again(folder: Path, root: Root) -> None:
    quick_roots = SLOW._replace(roots=0.1)
    async with following([root], pace=quick_roots) as follow:
        await follow.watches()
        folder.rename(folder.with_name("away"))
        folder.mkdir()
        append(folder / "a.jsonl", b"one")
        await follow.reads(b"one")
        await asyncio.sleep(0.3)  # the new watcher is there by then; nothing tells from outside
        append(folder / "a.jsonl", b"two")
        await follow.reads(b"two")


async def test_a_name_that_is_not_utf8_stops_no_other_file(folder: Path, root: Root) -> None:
    async with following([root], pace=BRISK._replace(retry=60)) as follow:
        await follow.watches()
        try:
            append(Path(os.fsdecode(os.fsencode(folder) + b"/\xff.jsonl")), b"odd")
        except OSError:
            pytest.skip("this file system takes UTF-8 names only")
        await follow.until(lambda: "UTF-8" in follow.follower.status)
        append(folder / "even.jsonl", b"even")
        await follow.reads(b"odd", b"even")


async def test_a_watcher_that_cannot_start_is_tried_again_with_growing_pauses(
    folder: Path, root: Root
) -> None:
    starts: list[float] = []

    def broken(*_: object) -> None:
        starts.append(time.monotonic())
        raise OSError(errno.ENOSPC, "OS file watch limit reached")

    async with following([root], pace=BRISK, notify=broken) as follow:
        append(folder / "a.jsonl", b"one")
        await follow.reads(b"one")
        await follow.until(lambda: len(starts) >= 4)
        assert follow.follower.status.startswith("polling: inotify watches exhausted (sysctl fs.")
    pauses = [after - before for before, after in pairwise(starts)]
    assert pauses[0] >= 0.05 and pauses[1] >= 0.1 and pauses[2] >= 0.2


class Notify:
    """In the place of watchfiles': gives what it is handed, one answer at a question."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.told = True

    def __call__(self, *_: object) -> "Notify":
        return self

    def watch(self, *_: object) -> Any:
        answer = self.answers.pop(0) if self.told and self.answers else "stop"
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.told = True


async def test_a_watcher_that_dies_and_comes_back_says_so(folder: Path, root: Root) -> None:
    mortal = Notify(RuntimeError("panic in the Rust part"))
    async with following([root], pace=BRISK._replace(retry=0.5), notify=mortal) as follow:
        await follow.until(lambda: "panic in the Rust part" in follow.follower.status)
        await follow.until(lambda: follow.follower.status == "watching 1 folder")


async def test_what_was_written_as_the_watcher_died_is_not_left_to_the_clock(
    folder: Path, root: Root
) -> None:
    dying = Notify(RuntimeError("a hint that cannot be told"))
    dying.told = False
    async with following([root], pace=SLOW._replace(retry=60), notify=dying) as follow:
        append(folder / "a.jsonl", b"one")
        dying.told = True
        await follow.reads(b"one")


async def test_a_silent_shortage_of_watches_is_noticed(
    folder: Path, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(40):
        (folder / f"d{n}").mkdir()
    if watch.shortage(0):
        pytest.skip("needs /proc")

    monkeypatch.setattr(watch, "_watches", lambda: 3)
    async with following([root], pace=BRISK, notify=Notify()) as follow:
        await follow.until(lambda: "watches exhausted" in follow.follower.status)
        append(folder / "d7" / "a.jsonl", b"one")
        await follow.reads(b"one")


async def test_a_calm_follower_asks_rarely_and_still_hears_the_next_line(
    folder: Path, root: Root
) -> None:
    append(folder / "a.jsonl", b"one")
    asked = []

    def counted(*given: object) -> Any:
        notify = watch._notify()(*given)
        watched = SimpleNamespace(close=notify.close)
        watched.watch = lambda *how: (asked.append(time.monotonic()), notify.watch(*how))[1]
        return watched

    async with following([root], pace=SLOW._replace(calm=0.2), notify=counted) as follow:
        await follow.reads(b"one")
        await follow.until(follow.follower.is_calm)
        before = len(asked)
        await follow.until(lambda: len(asked) >= before + 4)
        assert asked[before + 3] - asked[before] > 2 * BEAT
        append(folder / "a.jsonl", b"two")
        await follow.reads(b"two")
        assert not follow.follower.is_calm()


async def test_where_no_event_ever_comes_looks_stay_frequent(folder: Path, root: Root) -> None:
    pace = BRISK._replace(calm=0.1, stretch=1000.0)
    async with following([root], pace=pace, notify=Notify()) as follow:
        append(folder / "a.jsonl", b"one")
        follow.follower.look_again()
        await follow.reads(b"one")
        await follow.until(follow.follower.is_calm)
        follow.follower._due = dict.fromkeys(follow.follower._due, 0.0)  # a rare look is due
        append(folder / "a.jsonl", b"two")
        follow.follower._wake.set()
        await follow.reads(b"two")
        append(folder / "a.jsonl", b"three")  # found by the clock again, and soon
        await follow.reads(b"three")


async def test_a_pattern_without_depth_puts_no_watch_below_its_folder(folder: Path) -> None:
    for n in range(30):
        (folder / f"d{n}").mkdir()
    async with following([rooted(folder, ["*.jsonl"])]) as follow:
        await follow.until(lambda: follow.follower.status == "watching 1 folder")
        append(folder / "a.jsonl", b"one")
        await follow.reads(b"one")
        if (watches := watch._watches()) is not None:
            assert watches <= 3


async def test_more_hints_than_can_be_looked_at_become_one_walk(folder: Path, root: Root) -> None:
    noisy = Notify({(1, f"{folder}/x{n}") for n in range(20_000)})
    noisy.told = False
    async with following([root], pace=SLOW, notify=noisy) as follow:
        append(folder / "a.jsonl", b"one")
        noisy.told = True
        await follow.reads(b"one")


async def test_closing_leaves_no_task(folder: Path, root: Root) -> None:
    async with following([root]) as follow:
        await follow.watches()
    assert [t for t in asyncio.all_tasks() if t.get_name() == "tail.watch"] == []


async def test_a_follower_can_be_told_to_look_again(folder: Path, root: Root) -> None:
    async with following([root], events=False, pace=SLOW) as follow:
        append(folder / "a.jsonl", b"one")
        follow.follower.look_again()
        await follow.reads(b"one")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "inotify watches exhausted (sysctl"),
        (RuntimeError("error in underlying watcher: OS file watch limit reached."), "exhausted"),
        (OSError(errno.EMFILE, "Too many open files"), "too many open files or inotify instances"),
        (ExceptionGroup("g", [ExceptionGroup("h", [UnicodeDecodeError("utf-8", b"", 0, 1, "")])]),
         "is not UTF-8"),
        (ValueError("\x1b[31mred"), "ValueError \ufffd[31mred"),
    ],
)  # fmt: skip
def test_what_stopped_a_watcher_is_told_in_words(error: BaseException, words: str) -> None:
    assert words in watch.reason(error)


async def test_new_folders_of_a_pattern_without_depth_have_events_at_once(folder: Path) -> None:
    async with following([rooted(folder, ["*/chats/*.jsonl"])], pace=SLOW) as follow:
        await follow.watches()
        (folder / "new" / "chats").mkdir(parents=True)
        await asyncio.sleep(0.3)
        log = folder / "new" / "chats" / "a.jsonl"
        for line in (b"one", b"two", b"three"):
            append(log, line)
            await follow.reads(line)  # long before the clock would look


async def test_who_knows_that_a_log_has_grown_need_not_wait_for_the_clock(
    folder: Path, root: Root
) -> None:
    log = folder / "a.jsonl"
    append(log, b"first")
    async with following([root], events=False, pace=SLOW._replace(polling=60.0)) as follow:
        await follow.reads(b"first")
        append(log, b"second")
        follow.follower.look_at([bytes(log)])
        await follow.reads(b"second")
        append(folder / "b.jsonl", b"in a file that nobody knows yet")
        follow.follower.look_at([])
        await follow.reads(b"in a file that nobody knows yet")
