"""The table of floors: what sums of `spend` are short of. `rollups` writes it, with the calls."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from costtop.floor import EXACT, Floor, of_reasons

_FROM = "FROM floors p JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"


def by(db: sqlite3.Connection, key: str, where: str, values: Sequence[object]) -> dict[Any, Floor]:
    """The floors by an SQL expression. As in reports p is the roll-up, s its session, c context."""
    rows = db.execute(
        f"SELECT {key}, p.reason, sum(p.calls), sum(p.cost) {_FROM} WHERE {where} GROUP BY 1, 2",
        values,
    )
    found: dict[Any, list[tuple[Any, int, int]]] = {}
    for name, *reason in rows:
        found.setdefault(name, []).append((reason[0], reason[1], reason[2]))
    return {name: of_reasons(reasons) for name, reasons in found.items()}


def of(db: sqlite3.Connection, where: str, values: Sequence[object]) -> Floor:
    """The floor of all that fits."""
    return by(db, "0", where, values).get(0, EXACT)
