"""Brings to now what was written while the clock was ahead, and what is due with it.

A clock is set back by hand, by the network, or as a machine wakes. A letter that waits for its next
try, a silence "for two hours", a breaker to be looked at again: each lasts as long as it was to
last, from now on, and not until the clock has come to where it was. Every time to come that the
store holds stands here with the moment at which it was set. Ends of calendar periods move not.
"""

import sqlite3

from costtop.named_tuples import NamedTuple
from costtop.store.plans import plan_readings


class _Span(NamedTuple):
    """Rows with the moment at which they were written, and when something of them is due."""

    table: str
    written: str
    due: tuple[str, ...] = ()
    where: str = "true"


_SPANS = (
    _Span("outbox", "set_at", ("next_at",), "state = 'pending'"),
    _Span("outbox", "made", where="state = 'held'"),
    _Span("endpoints", "set_at", ("next_at",)),
    _Span("silences", "at", ("until",), "ended IS NULL"),
    _Span("overrides", "at", ("until",), "ended IS NULL"),
    _Span("breakers", "opened", ("until",), "ended IS NULL AND budget = ''"),
    _Span("breakers", "opened", where="ended IS NULL AND budget <> ''"),
    _Span("breakers", "confirmed", ("due",), "ended IS NULL"),
    _Span("breaker_deeds", "at"),
    _Span("marks", "at"),
    _Span("spared", "since"),
    _Span("denials", "at", ("since",)),
    _Span("gate_calls", "at"),
    _Span("intents", "at", where="done IS NULL"),
    _Span("far_commands", "at"),
)


def pull_in(db: sqlite3.Connection, now: int) -> int:
    """Makes the future past; how many rows were ahead. Part of the caller's transaction."""
    before = db.total_changes
    for table, written, due, where in _SPANS:
        moved = "".join(f", {name} = {name} - ({written} - :now)" for name in due)
        db.execute(
            f"UPDATE {table} SET {written} = :now{moved} WHERE {written} > :now AND {where}",
            {"now": now},
        )
    plan_readings.pull_in(db, now)
    return db.total_changes - before
