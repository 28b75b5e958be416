"""A day of burn, minute by minute: all of it, what was flagged, and what happened meanwhile.

It is read once a minute, beside the frames: from the roll-up of minutes, and for the one session
that is to be lit from its calls. Money is int nano-dollars, times are ms UTC.
"""

import sqlite3
from collections.abc import Iterable
from itertools import chain

from costtop.durations import DAY, HOUR, MINUTE
from costtop.named_tuples import NamedTuple
from costtop.queries.live.view import BudgetMeter
from costtop.store.db import snapshot

MINUTES = DAY // MINUTE


class ChartMark(NamedTuple):
    """What stands on the axis."""

    at: int
    kind: str  # alert | kill


class DayChart(NamedTuple):
    """The MINUTES minutes that end with `until`'s."""

    until: int = 0
    costs: tuple[int, ...] = ()  # of each minute, oldest first
    flagged: tuple[int, ...] = ()  # the part of sessions that an alert had been told of
    marks: tuple[ChartMark, ...] = ()

    @property
    def since(self) -> int:
        """When its first minute begins."""
        return (self.until // MINUTE - MINUTES + 1) * MINUTE

    @property
    def cost(self) -> int:
        """All of it."""
        return sum(self.costs)


class Reached(NamedTuple):
    """When a tier of the day's budget was reached."""

    at: int
    tier: int  # per cent


def read(db: sqlite3.Connection, until: int, seen: int) -> DayChart:
    """The day that ends with the minute of `until`, as far as it was seen at that moment."""
    from costtop.store.forgetting import thinning  # the first frame draws a day that is not read

    first = until // MINUTE - MINUTES + 1
    with snapshot(db):
        flags = _flags(db, first * MINUTE, min(until, seen))
        costs, flagged = [0] * MINUTES, [0] * MINUTES
        rows = db.execute(
            "SELECT minute, session, cost FROM minutes WHERE minute >= ? AND minute <= ?",
            (first, min(until, seen) // MINUTE),
        )
        gone = thinning.minutes(db, first, min(until, seen) // MINUTE)
        for minute, session, cost in chain(rows, gone):
            costs[minute - first] += cost
            if minute >= flags.get(session, minute + 1):
                flagged[minute - first] += cost
        return DayChart(
            until, tuple(costs), tuple(flagged), _marks(db, first * MINUTE, min(until, seen))
        )


def lit(db: sqlite3.Connection, key: str, until: int) -> tuple[int, ...]:
    """Cost of each of the same minutes of the session "source/session" with its subagents."""
    from costtop.store.sessions.past_spends import History

    first = until // MINUTE - MINUTES + 1
    costs = [0] * MINUTES
    root = History(db).root_id(key)
    rows = db.execute(
        f"SELECT at / {MINUTE}, sum(cost) FROM calls"
        " WHERE session IN (SELECT id FROM sessions WHERE root = ?) AND at >= ? AND at < ?"
        " GROUP BY 1",
        (root, first * MINUTE, (first + MINUTES) * MINUTE),
    )
    for minute, cost in rows:
        costs[minute - first] = cost or 0
    return tuple(costs)


def reached(chart: DayChart, budget: BudgetMeter | None, start: int) -> tuple[Reached, ...]:
    """When the tiers of the day's budget were reached, in a day that began at `start`."""
    if budget is None or budget.amount <= 0 or budget.watch == "billed":  # the day is of value
        return ()
    found, spent = [], 0
    tiers = sorted(budget.tiers)
    for nth, cost in enumerate(chart.costs):
        at = chart.since + nth * MINUTE
        spent += cost if at >= start else 0
        while tiers and spent * 100 >= tiers[0] * budget.amount:
            found.append(Reached(at, tiers.pop(0)))
    return tuple(found)


def affordable(budget: BudgetMeter | None, now: int) -> int | None:
    """Nano-dollars an hour that the rest of the budget allows until its period ends."""
    if budget is None or budget.amount <= budget.spent or budget.resets <= now:
        return None
    return (budget.amount - budget.spent) * HOUR // (budget.resets - now)


def _flags(db: sqlite3.Connection, since: int, until: int) -> dict[int, int]:
    """The minute from which each session row counts as flagged: its first alert that was told."""
    rows = db.execute(
        "SELECT s.id, min(a.at) FROM alerts a"
        " JOIN names n ON n.text = substr(a.session, 1, instr(a.session, '/') - 1)"
        " JOIN sessions r ON r.source = n.id AND r.agent = ''"
        " AND r.session = substr(a.session, instr(a.session, '/') + 1)"
        " JOIN sessions s ON s.root = r.id"
        " WHERE a.session <> '' AND a.told IS NOT NULL AND a.at <= ? AND s.last >= ? GROUP BY 1",
        (until, since),
    )
    return {session: at // MINUTE for session, at in rows}


def _marks(db: sqlite3.Connection, since: int, until: int) -> tuple[ChartMark, ...]:
    told = db.execute(
        "SELECT min(at), 'alert' FROM alerts WHERE told IS NOT NULL AND at >= ? AND at <= ?"
        " AND state <> 'history' GROUP BY subject, at",
        (since, until),
    )
    killed = db.execute(
        "SELECT at, 'kill' FROM deeds WHERE deed LIKE 'kill up to %' AND at >= ? AND at <= ?",
        (since, until),
    )
    return _sorted([*told, *killed])


def _sorted(rows: Iterable[tuple[int, str]]) -> tuple[ChartMark, ...]:
    return tuple(sorted(ChartMark(at, kind) for at, kind in rows))
