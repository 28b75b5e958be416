"""Reads the estimates that stand. It loads nothing of what writes calls: a report starts with it.

An estimate stands only while no call does in its place: the call of its key, or one of as large a
context that a compaction's own agent or the wire tells of between the call before it and it.
"""

import sqlite3

from costtop.model import Tokens
from costtop.named_tuples import NamedTuple
from costtop.store.calls.call_row import HEARD, has_key

_LATE = 60_000  # ms by which a compaction's exact call may be told after its record
_STANDS = (
    f" NOT EXISTS (SELECT 1 FROM calls c WHERE {has_key('c.', 'e.key')})"
    " AND NOT EXISTS (SELECT 1 FROM sessions x JOIN calls c ON c.session = x.id"
    f" WHERE x.root = s.root AND c.at > e.since"
    f" AND c.at <= e.at + CASE e.kind WHEN 'compaction' THEN {_LATE} ELSE 0 END"
    f" AND 2 * c.input >= e.input AND (x.agent LIKE 'acompact%' OR c.flags & {HEARD}))"
)


class Estimate(NamedTuple):
    """One estimated request; `cost` in nano-dollars, None where nothing tells."""

    session: str  # "source/session" of the root
    agent: str
    kind: str  # compaction | cancelled
    at: int
    model: str
    tokens: Tokens
    cost: int | None


def standing(db: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[Estimate]:
    """Estimates that stand, in order of time; `where` names their root session `r`."""
    rows = db.execute(
        "SELECT rn.text || '/' || r.session, s.agent, e.kind, e.at, m.text, e.input, e.cache_read,"
        " e.cache_write, e.cache_write_1h, e.output, e.cost"
        " FROM estimates e JOIN sessions s ON s.id = e.session JOIN sessions r ON r.id = s.root"
        " JOIN names rn ON rn.id = r.source JOIN names m ON m.id = e.model"
        f" WHERE {where} AND {_STANDS} ORDER BY e.at, e.key",
        values,
    )
    return [
        Estimate(session, agent, kind, at, model, Tokens(*counts), cost)
        for session, agent, kind, at, model, *counts, cost in rows
    ]
