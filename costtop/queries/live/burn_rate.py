"""What running sessions spend an hour: by itself, of ten thousand sessions, without a row of each.

The rate of one session is that of the list, and so are the states in which it spends nothing.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter, mul

from costtop.durations import MINUTE
from costtop.named_tuples import NamedTuple
from costtop.queries.live import live_processes
from costtop.queries.live.session_state import RUNNING_FOR, state
from costtop.queries.live.view import TREND_BUCKETS, Pulse

_HALF_LIFE = 10  # minutes: how long a burst stays visible in the rate
_WEIGHTS: list[float] = [
    0.5 ** ((TREND_BUCKETS - 1 - n) / _HALF_LIFE) for n in range(TREND_BUCKETS)
]
_WEIGHED: list[float] = [
    sum(_WEIGHTS[-known:]) for known in range(TREND_BUCKETS + 1)
]  # [0] is not asked for


class Spender(NamedTuple):
    """A session row, as far as its rate depends on it."""

    root: int
    id: int
    key: str  # "source/session" of the root
    calls: int
    started: int | None
    last: int | None
    ended: int | None


def rate(trend: Sequence[int], now: int, started: int | None) -> int:
    """Nano-dollars an hour: an exponentially weighted mean of the last half hour.

    A session younger than that is averaged over its own life, at least one minute.
    """
    known = TREND_BUCKETS
    if started is not None:
        known = min(TREND_BUCKETS, max(1, now // MINUTE - started // MINUTE + 1))
    spent: float = sum(map(mul, trend[-known:], _WEIGHTS[-known:]))
    return round(spent / _WEIGHED[known] * 60)


def summed(trends: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Trends as one."""
    return tuple(map(sum, zip(*trends, strict=True))) or (0,) * TREND_BUCKETS


def read(db: sqlite3.Connection, now: int, finished_after: int, ahead: int, pulse: Pulse) -> int:
    """Nano-dollars an hour of all sessions; `ahead`: ms that writers' clocks may be before ours."""
    trends = _trends(db, now, ahead)
    paused = {one.session for one in pulse.processes if one.confidence == "exact" and one.paused}
    known = {one.session for one in pulse.processes if one.confidence == "exact"}
    ended = dict(pulse.exited)
    burn = 0
    for family in _families(db, now - RUNNING_FOR):
        key = family[0].key
        last = max((one.last for one in family if one.last is not None), default=None)
        over = key not in known and live_processes.has_exited(last, ended.get(key))
        if key not in paused and not over:
            burn += _of(family, trends, now, finished_after)
    return burn


def _of(family: list[Spender], trends: dict[int, list[int]], now: int, finished_after: int) -> int:
    if not any(one.calls for one in family[1:]):
        family = family[:1]  # what has made no call is no part of it
    if not any(state(now, one.last, one.ended, finished_after) == "running" for one in family):
        return 0
    spent = [trends[one.id] for one in family if one.id in trends]
    started = min((one.started for one in family if one.started is not None), default=None)
    return rate(summed(spent), now, started) if spent else 0


def _families(db: sqlite3.Connection, since: int) -> Iterator[list[Spender]]:
    """Root sessions active since then, each with its subagents after it."""
    rows = db.execute(
        "SELECT s.root, s.id, n.text || '/' || r.session, s.calls, s.started, s.last, s.ended"
        " FROM sessions s JOIN sessions r ON r.id = s.root JOIN names n ON n.id = r.source"
        " WHERE s.root IN (SELECT root FROM sessions WHERE last >= ?)"
        " ORDER BY s.root, s.id <> s.root",
        (since,),
    )
    for _, family in groupby(map(Spender._make, rows), itemgetter(0)):
        yield list(family)


def _trends(db: sqlite3.Connection, now: int, ahead: int) -> dict[int, list[int]]:
    """Cost by minute of the last minutes, of each session row with any."""
    first = now // MINUTE - TREND_BUCKETS + 1
    costs: dict[int, list[int]] = {}
    rows = db.execute(
        "SELECT minute, session, cost FROM minutes WHERE minute >= ? AND minute <= ?",
        (first, (now + ahead) // MINUTE),
    )
    for minute, session, cost in rows:
        bucket = min(minute - first, TREND_BUCKETS - 1)  # clocks ahead of ours: now
        costs.setdefault(session, [0] * TREND_BUCKETS)[bucket] += cost
    return costs
