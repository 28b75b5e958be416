"""The table of floors: what sums of `spend` are short of. `rollups` writes it, with the calls."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from costtop.sum_floors import EXACT, Floor, of_reasons

_JOINED = "JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"


def by(db: sqlite3.Connection, key: str, where: str, values: Sequence[object]) -> dict[Any, Floor]:
    """The floors by an SQL expression. As in reports p is the roll-up, s its session, c context."""
    return {name: short for (name,), short in by_all(db, [key], where, values).items()}


def by_all(
    db: sqlite3.Connection,
    keys: Sequence[str],
    where: str,
    values: Sequence[object],
    table: str = "floors",
    joined: str = _JOINED,
) -> dict[tuple[Any, ...], Floor]:
    """The same by several expressions at once; `table` may be that of whole days.

    `joined` may be "" where neither s nor c is asked.
    """
    groups = ", ".join(str(nth) for nth in range(1, len(keys) + 2))
    rows = db.execute(
        f"SELECT {', '.join(keys)}, p.reason, sum(p.calls), sum(p.cost) FROM {table} p {joined}"
        f" WHERE {where} GROUP BY {groups}",
        values,
    )
    found: dict[tuple[Any, ...], list[tuple[Any, int, int]]] = {}
    for *names, reason, calls, cost in rows:
        found.setdefault(tuple(names), []).append((reason, calls, cost))
    return {names: of_reasons(reasons) for names, reasons in found.items()}


def of(
    db: sqlite3.Connection,
    where: str,
    values: Sequence[object],
    table: str = "floors",
    joined: str = _JOINED,
) -> Floor:
    """The floor of all that fits."""
    return by_all(db, ["0"], where, values, table, joined).get((0,), EXACT)
