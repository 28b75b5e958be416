"""Asks git, beside all else, about folders in which agents have worked lately.

Nothing waits for it: files are looked at and git is asked in a thread of its own, at the lowest
priority, and where no ref has moved since the last reading nothing is asked at all.
"""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from costtop import lasting_tasks
from costtop.attribution import history
from costtop.attribution.history import Told
from costtop.config import Config
from costtop.daemon.jobs import git_due
from costtop.durations import DAY, HOUR, now_ms
from costtop.named_tuples import NamedTuple
from costtop.nouns.repository_facts import CommitFact, HeadMove, PullFact
from costtop.repositories import git_log, locate, ref_marks, refs
from costtop.repositories.locate import Located, NotRead
from costtop.store.git import git_facts
from costtop.store.git.git_facts import StoredRepository
from costtop.store.sessions import task_completion
from costtop.store.writer import Writer

_BESIDES = 2_000  # commits of logs of HEAD that are asked for, the latest
_EVERY = 60.0  # s between two looks
_LATELY = 7 * DAY  # folders worked in since then are looked at each time, others once an hour
_COMPLETED = 120 * DAY  # a pull request may be merged weeks after its commits
_SELDOM = 60  # looks
_AGAIN = HOUR  # after which it is looked again where a folder belongs
_AT_ONCE = 20.0  # s of reading in one look; the rest with the next
_WAIT = 1.0  # s between two looks whether all that is new has been read

_Found = Located | NotRead | None


class ReadRepository(NamedTuple):
    """What a reading gave."""

    name: str
    default: str
    heads: Mapping[str, Sequence[HeadMove]]
    commits: Sequence[CommitFact]
    pulls: Sequence[PullFact]
    trouble: str


async def keep(writer: Writer, config: Config, has_read: Callable[[], bool]) -> None:
    """For ever; begins once everything new has been read. Where it is off nothing is looked at."""
    while not config.git.read:
        lasting_tasks.well()
        await lasting_tasks.beat(_EVERY)
    while not has_read():
        lasting_tasks.well()
        await lasting_tasks.beat(_WAIT)
    with _Looks(writer, config.tasks.completed_by) as looks:
        while True:
            await looks.look()
            lasting_tasks.well()
            await lasting_tasks.beat(_EVERY)


async def once(writer: Writer, config: Config, seconds: float = _AT_ONCE) -> None:
    """One look of about so many seconds, for a command without a daemon."""
    if not config.git.read:
        return
    with _Looks(writer, config.tasks.completed_by, seconds) as looks:
        await looks.look()


class _Looks:
    """Looks, one after the other, with the thread in which they are done."""

    def __init__(self, writer: Writer, completed_by: str, seconds: float = _AT_ONCE) -> None:
        self._writer, self._looked, self._seconds = writer, 0, seconds
        self._completed_by = completed_by
        self._seen: tuple[object, ...] = ()
        self._stop = threading.Event()
        self._thread = ThreadPoolExecutor(1, "git", initializer=_step_back)

    def __enter__(self) -> "_Looks":
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def look(self) -> None:
        """Finds where folders belong, and reads the repositories that have changed."""
        loop, now = asyncio.get_running_loop(), now_ms()
        since = now - (_LATELY if self._looked % _SELDOM else git_due.EVER)
        self._looked += 1
        folders = await self._writer.read(git_due.folders, since)
        known = await self._writer.read(git_facts.worktrees)
        due = [one for one in folders if now - known.get(one, (0, "", 0))[2] >= _AGAIN]
        found = await loop.run_in_executor(self._thread, _located, due)
        if found:
            await self._writer.transact(_place, found, now)
        stored = await self._writer.read(_of_folders, folders)
        until = time.monotonic() + self._seconds
        for one in stored:
            if time.monotonic() > until:
                break
            await self._read_one(one)
        if self._completed_by != "answer":
            await self._complete(now)

    async def _complete(self, now: int) -> None:
        """What git has told completes tasks, where the config asks for that."""
        seen = await self._writer.read(task_completion.seen)
        if seen != self._seen:
            since = now - (_COMPLETED if self._seen else git_due.EVER)
            made = await self._writer.read(task_completion.found, self._completed_by, since)
            await self._writer.transact(task_completion.complete, made, since)
            self._seen = seen

    async def _read_one(self, one: StoredRepository) -> None:
        loop = asyncio.get_running_loop()
        state = await loop.run_in_executor(self._thread, _state, one)
        if not state or state == one.state:
            return
        known = await self._writer.read(git_facts.commits, one.id)
        read = await loop.run_in_executor(self._thread, read_anew, one.folder, known, self._stop)
        if not self._stop.is_set():
            await self._writer.transact(_put, one, state, read)


def _step_back() -> None:
    """All else goes first; where threads have no priority of their own this one has none."""
    if os.uname().sysname == "Linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 15)


def _located(folders: list[str]) -> list[tuple[str, _Found]]:
    return [(one, locate.locate(one)) for one in folders]


def _state(one: StoredRepository) -> str:
    return "" if locate.refusal(one.folder) else ref_marks.state(one.folder)


def _place(db: sqlite3.Connection, found: list[tuple[str, _Found]], now: int) -> None:
    for folder, place in found:
        if isinstance(place, Located):
            number = git_facts.repository(db, place.common)
            git_facts.put_worktree(db, folder, number, place.top, now)
        else:
            if place is not None:
                git_facts.refuse(db, place.common, place.why, now)
            git_facts.put_worktree(db, folder, 0, "", now)


def _of_folders(db: sqlite3.Connection, folders: list[str]) -> list[StoredRepository]:
    known = git_facts.worktrees(db)
    wanted = {known[one][0] for one in folders if one in known}
    return [one for one in git_facts.repositories(db) if one.id in wanted]


def _put(db: sqlite3.Connection, one: StoredRepository, state: str, read: ReadRepository) -> None:
    stored = one._replace(
        name=read.name, main=read.default, state=state, read_at=now_ms(), trouble=read.trouble
    )
    git_facts.put(db, stored, read.heads, read.commits, read.pulls)


def read_anew(common: str, known: Sequence[CommitFact], stop: threading.Event) -> ReadRepository:
    """Reads one anew; `known` are the commits of earlier readings. It blocks for seconds."""
    found, logs = refs.read(common), refs.heads_logs(common)
    told = {one.hash: one for log in logs.values() for one in log.commits}
    latest = sorted(told.values(), key=lambda one: one.at)[-_BESIDES:]
    log = git_log.read(common, found, (one.hash for one in latest), stop)
    moves = {top: each.moves for top, each in logs.items()}
    commits, pulls = history.read(
        Told(
            commits=log.commits,
            heads=found.heads,
            remotes=found.remotes,
            pulls=found.pulls,
            branch_pulls=found.branch_pulls,
            default=found.default,
            moves=moves,
            known=[*(told | {one.hash: one for one in known}).values()],
        )
    )
    return ReadRepository(
        name=found.name,
        default=found.default,
        heads=moves,
        commits=commits,
        pulls=pulls,
        trouble=log.trouble,
    )
