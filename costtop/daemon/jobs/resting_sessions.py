"""Keeps what sessions at rest came to, beside all else: what a review of weeks then need not read.

A session is read once it has been at rest for an hour, in a thread with a reader of its own, a few
at a time; what changes meanwhile is read again in a later round.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from costtop import lasting_tasks
from costtop.durations import DAY, HOUR, now_ms
from costtop.queries.sessions import finished_sessions
from costtop.store.db import open_reader, snapshot
from costtop.store.sessions import resting_totals
from costtop.store.sessions.resting_totals import AtRest, KeptLife
from costtop.store.writer import Writer

_KEPT = 62 * DAY  # ms: a review of four weeks, the four before them, and some
_AT_ONCE = 1_000  # calls of one step, where it is not a single session: some 30 ms
_RESTS = 4  # times as long as a step took, so that whatever is live goes first
_WAIT = 1.0  # s between two looks whether all that is new has been read
_EVERY = 600.0  # s


async def keep(writer: Writer, has_read: Callable[[], bool]) -> None:
    """For ever; begins once everything new has been read."""
    while not has_read():
        lasting_tasks.well()
        await lasting_tasks.beat(_WAIT)
    seen, commits = 0, -1
    while True:
        if writer.commits != commits:
            seen = await renew(writer, seen, now_ms())
            commits = writer.commits
        lasting_tasks.well()
        await lasting_tasks.beat(_EVERY)


async def renew(writer: Writer, seen: int, now: int, rests: float = _RESTS) -> int:
    """One round over what has changed since the commit `seen`; the commit to go on from."""
    await writer.transact(resting_totals.begin, finished_sessions.FORM, now - _KEPT)
    due, seen = await asyncio.to_thread(_due, writer.path, seen, now)
    for some in _steps(due):
        began = time.monotonic()
        await writer.transact(resting_totals.claim, some)
        lives = await asyncio.to_thread(_worked_out, writer.path, some)
        for one, life in lives:
            await writer.transact(resting_totals.put, one.rev, life)
        await asyncio.sleep((time.monotonic() - began) * rests)
        lasting_tasks.well()
    return seen


def _due(database: Path, seen: int, now: int) -> tuple[list[AtRest], int]:
    """The families to read, and the commit up to which none is left waiting for its rest."""
    with closing(open_reader(database, unfinished=True)) as db, snapshot(db):
        rows = resting_totals.changed(db, seen, now - _KEPT)
        found = [
            resting_totals.at_rest(db, root, now - HOUR) for root in sorted({x[0] for x in rows})
        ]
    waiting = [rev for _, rev, last in rows if last >= now - HOUR]
    upto = min(waiting) - 1 if waiting else max((rev for _, rev, _ in rows), default=seen)
    return [one for one in found if one is not None], max(seen, upto)


def _steps(due: Iterable[AtRest]) -> Iterator[list[AtRest]]:
    some: list[AtRest] = []
    for one in due:
        if some and sum(each.calls for each in some) + one.calls > _AT_ONCE:
            yield some
            some = []
        some.append(one)
    if some:
        yield some


def _worked_out(database: Path, some: Iterable[AtRest]) -> list[tuple[AtRest, KeptLife]]:
    found: list[tuple[AtRest, KeptLife]] = []
    with closing(open_reader(database, unfinished=True)) as db:
        for one in some:
            with snapshot(db):
                same = resting_totals.family_rev(db, one.session) == one.rev
                life = finished_sessions.worked_out(db, one.session) if same else None
            if life is not None:
                found.append((one, life))
    return found
