"""How far the roll-ups of long spans are filled, and in which zone their days are."""

import sqlite3
from collections.abc import Iterator
from functools import lru_cache

from costtop import periods
from costtop.durations import QUARTER
from costtop.named_tuples import NamedTuple

ALL = 1 << 60  # filled: whatever comes is added
_NO_END = 1 << 28  # quarter hours: beyond any calendar


class RolledDays(NamedTuple):
    """Days of this zone that hold all quarter hours before `upto`."""

    zone: str
    upto: int


class Part(NamedTuple):
    """Quarter hours [since, until) of a span, and the roll-up that has them in fewest rows."""

    spend: str  # spend | days
    floors: str  # floors | floor_days
    since: int
    until: int


def days(db: sqlite3.Connection) -> RolledDays:
    """How far `days` and `floor_days` are filled."""
    return RolledDays(*db.execute("SELECT zone, upto FROM rolled WHERE what = 'days'").fetchone())


def tasks(db: sqlite3.Connection) -> int:
    """The session row up to which `task_sums` is filled."""
    return int(db.execute("SELECT upto FROM rolled WHERE what = 'tasks'").fetchone()[0])


def put(db: sqlite3.Connection, what: str, upto: int) -> None:
    """Writes down how far one is filled."""
    db.execute("UPDATE rolled SET upto = ? WHERE what = ?", (upto, what))


def use_zone(db: sqlite3.Connection, zone: str) -> bool:
    """Days are of this zone from now on; True where they have to be filled anew."""
    known = days(db)
    if known.zone == zone:
        return False
    empty = db.execute("SELECT 1 FROM spend UNION ALL SELECT 1 FROM floors LIMIT 1").fetchone()
    upto = ALL if empty is None else 0
    db.execute("UPDATE rolled SET zone = ?, upto = ? WHERE what = 'days'", (zone, upto))
    return upto != ALL


@lru_cache(8192)
def day_of(quarter: int, zone: str) -> int:
    """The quarter hour with which its local day begins."""
    return periods.start_of("day", quarter * QUARTER, periods.zone(zone)) // QUARTER


def day_after(quarter: int, zone: str) -> int:
    """The quarter hour with which the next local day begins."""
    return periods.end_of("day", quarter * QUARTER, periods.zone(zone)) // QUARTER


def parts(
    db: sqlite3.Connection, since: int, until: int, zone: str | None = None
) -> Iterator[Part]:
    """The span of quarter hours [since, until) in parts: whole days, the rest by quarter hours.

    `zone` is that of days which are told apart; None where none are. Far beyond any time is no end.
    """
    known = days(db)
    first, last = since, min(until, known.upto)
    if abs(first) < _NO_END and day_of(first, known.zone) != first:
        first = day_after(first, known.zone)
    if last < _NO_END:
        last = day_of(last, known.zone)
    if first >= last or zone not in {None, known.zone}:
        yield Part("spend", "floors", since, until)
        return
    if since < first:
        yield Part("spend", "floors", since, first)
    yield Part("days", "floor_days", first, last)
    if last < until and last < _NO_END:
        yield Part("spend", "floors", last, until)
