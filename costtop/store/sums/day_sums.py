"""The roll-ups of local days: what `spend` and `floors` hold, in a fifth of their rows or fewer."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from costtop.store.sums import rollup_progress
from costtop.store.sums.rollup_progress import RolledDays
from costtop.store.sums.rollup_table import LINE, SUMS, RollupTable, statements

_DAYS = statements("days", LINE, SUMS)
_FLOORS = statements("floor_days", f"{LINE}, reason", "calls, cost, output")
Sums = Mapping[tuple[Any, ...], list[int]]
"""By quarter, session, context, model, feature (and reason)."""


def add(
    db: sqlite3.Connection,
    spend: Sums,
    floors: Sums,
    whose: Mapping[int, tuple[int, int]],
    *,
    shrunk: bool,
) -> None:
    """Adds deltas of quarter hours to their days, as far as those are filled.

    `whose` is that of `context_parts`; with `shrunk` rows without calls go.
    """
    known = rollup_progress.days(db)
    for sums, table in ((spend, RollupTable(_DAYS)), (floors, RollupTable(_FLOORS))):
        put(table, sums, whose, known)
        table.write(db, shrunk=shrunk)


def put(
    table: RollupTable, sums: Sums, whose: Mapping[int, tuple[int, int]], known: RolledDays
) -> None:
    """Adds sums of quarter hours before `known.upto` to the deltas of a table of days."""
    for (quarter, session, context, *rest), one in sums.items():
        if quarter < known.upto:
            day = rollup_progress.day_of(quarter, known.zone)
            table.add((day, session, whose.get(context, (0, 0))[0], *rest), list(one))
