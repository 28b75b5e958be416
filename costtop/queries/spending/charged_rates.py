"""The rates at which models were charged, from the calls themselves."""

import sqlite3
from typing import TYPE_CHECKING

from costtop.durations import QUARTER

if TYPE_CHECKING:
    from costtop.model import Rates


def latest_rates(db: sqlite3.Connection, since: int) -> "tuple[tuple[str, Rates], ...]":
    """The latest rates at which each model was charged since then."""
    from costtop.store.names import rates_of

    found: dict[str, Rates] = {}
    models = db.execute(
        "SELECT n.text, p.model, max(p.session) FROM spend p JOIN names n ON n.id = p.model"
        " WHERE p.quarter >= ? GROUP BY p.model",
        (since // QUARTER,),
    ).fetchall()
    for name, model, session in models:
        row = db.execute(
            "SELECT k.rates FROM calls c JOIN cards k ON k.id = c.card"
            " WHERE c.session = ? AND c.model = ? ORDER BY c.at DESC LIMIT 1",
            (session, model),
        ).fetchone()
        if row:
            found[name] = rates_of(row[0])
    return tuple(found.items())
