"""Writes minutes and lines of spend of a fleet into a store of costtop's own, as they stand now."""

import sqlite3
from collections.abc import Iterable, Mapping

from costtop.fleet.mirror.own_store import LINE, Line, OwnStore, carrier_id, session_id
from costtop.fleet.mirror.server_rows import MinuteRow, SpendRow

_MINUTE = (
    "INSERT INTO minutes (minute, session, cost, calls, unpriced, tokens) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET cost = excluded.cost, calls = excluded.calls,"
    " unpriced = excluded.unpriced, tokens = excluded.tokens WHERE (cost, calls, unpriced, tokens)"
    " IS NOT (excluded.cost, excluded.calls, excluded.unpriced, excluded.tokens)"
)
_TOLD = "calls, errors, unpriced, cost, input, cache_read, cache_write, output"
_SPEND = (
    f"INSERT INTO spend ({LINE}, {_TOLD}, reported, reported_calls, cache_write_1h, reasoning)"
    f" VALUES (?{', ?' * 12}, 0, 0, 0, 0) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{one} = excluded.{one}" for one in _TOLD.split(", "))
    + f" WHERE ({_TOLD}) IS NOT ({', '.join(f'excluded.{one}' for one in _TOLD.split(', '))})"
)
_OF_LINE = "quarter = ? AND session = ? AND context = ? AND model = ? AND feature = ?"
_NO_SPEND = f"DELETE FROM spend WHERE {_OF_LINE}"
_FLOOR = (
    f"INSERT INTO floors ({LINE}, reason, calls, cost, output) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)"
    " ON CONFLICT DO UPDATE SET calls = excluded.calls WHERE calls <> excluded.calls"
)
_NO_FLOOR = f"DELETE FROM floors WHERE {_OF_LINE} AND reason = ?"


def put_minutes(store: OwnStore, rows: Iterable[MinuteRow]) -> None:
    """Writes minutes; those whose calls have gone are of nothing."""
    gone = "DELETE FROM minutes WHERE minute = ? AND session = ?"
    for one in rows:
        line = one.minute, session_id(one.team, one.session)
        if one.calls:
            store.db.execute(_MINUTE, (*line, one.cost, one.calls, one.unpriced, one.tokens))
        else:
            store.db.execute(gone, line)


def put_spend(store: OwnStore, rows: Iterable[SpendRow]) -> None:
    """Writes lines of spend, which stand in the carriers of their hosts, and what they lack."""
    for one in rows:
        line = (
            one.quarter,
            carrier_id(one.team, one.host),
            store.context(one.team, one.host, one.user, one.project),
            store.name(one.team, one.model),
            store.name(one.team, one.feature),
        )
        if one.calls:
            store.db.execute(_SPEND, (*line, *one[7:10], *one[11:]))
        else:
            store.db.execute(_NO_SPEND, line)
        put_floors(store.db, line, {"unpriced": one.unpriced, "placeholder": one.short})


def put_floors(db: sqlite3.Connection, line: Line, calls: Mapping[str, int]) -> None:
    """Writes how many calls make a line a floor, by reason."""
    for reason, count in calls.items():
        if count:
            db.execute(_FLOOR, (*line, reason, count))
        else:
            db.execute(_NO_FLOOR, (*line, reason))
