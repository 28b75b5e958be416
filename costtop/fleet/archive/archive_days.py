"""Which days a fleet's ledger has, and how to know that one has changed."""

from collections.abc import Callable
from datetime import date, timedelta

import psycopg

from costtop.named_tuples import NamedTuple

_EPOCH = date(1970, 1, 1)
# Every change of a call books its lines of `spend`, and gives them the transaction's number: what
# changed, however little, changes the sum of those numbers. What was forgotten changes the count.
_DAYS = b"""
SELECT quarter / 96 AS day, sum(calls)::bigint, sum(unpriced)::bigint, sum(cost)::bigint,
  concat_ws(' ', count(*), sum(rev), sum(calls), sum(unpriced), sum(cost), sum(input),
            sum(cache_read), sum(cache_write), sum(output), sum(errors), sum(short))
FROM costtop.spend WHERE quarter >= %s AND quarter < %s GROUP BY 1 ORDER BY 1"""
_FAR = 10_000_000  # quarters of an hour: the year 2255


class ArchivedDay(NamedTuple):
    """One UTC day, as whoever is logged in sees it."""

    day: date
    calls: int
    unpriced: int
    cost: int  # nano-dollars, of the priced
    mark: str  # another one where a single call of it, or who may see it, has changed


def days(db: psycopg.Connection, since: date | None, until: date | None) -> list[ArchivedDay]:
    """The days in [since, until) of which calls are or were there, oldest first."""
    low = _quarter(since) if since else 0
    rows = db.execute(_DAYS, (low, _quarter(until) if until else _FAR)).fetchall()
    return [ArchivedDay(_EPOCH + timedelta(days=day), *rest) for day, *rest in rows]


def one_day(db: psycopg.Connection, day: date) -> ArchivedDay:
    """That day, as this transaction sees it; a day without calls is one of none."""
    found = days(db, day, day + timedelta(days=1))
    return found[0] if found else ArchivedDay(day, 0, 0, 0, "")


def _quarter(day: date) -> int:
    return (day - _EPOCH).days * 96


Told = Callable[[ArchivedDay, bool], None]
"""Hears of each day, and whether it was written."""
