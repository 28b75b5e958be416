"""One roll-up in SQL: deltas by its key are added up here and written once a batch."""

import sqlite3
from collections.abc import Iterable
from operator import add
from typing import Any

from costtop.named_tuples import NamedTuple
from costtop.store import many_rows

SUMS = (
    "calls, errors, unpriced, cost, reported, reported_calls, input, cache_read, cache_write,"
    " cache_write_1h, output, reasoning"
)
LINE = "quarter, session, context, model, feature"
"""By what `spend` and its like are summed, and what."""


class Statements(NamedTuple):
    """What is said to one roll-up; it is put together once, for a commit may be of one call."""

    add: str
    remove: str
    calls: int  # which of the sums counts calls


def statements(table: str, keys: str, sums: str) -> Statements:
    """Those of `table`, whose columns are named with commas between."""
    names, summed = f"{keys}, {sums}", sums.split(", ")
    marks = ",".join("?" * len(names.split(", ")))
    sets = ", ".join(f"{name} = {name} + excluded.{name}" for name in summed)
    where = " AND ".join(f"{name} = ?" for name in keys.split(", "))
    return Statements(
        f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO UPDATE SET {sets}",
        f"DELETE FROM {table} WHERE {where} AND calls <= 0",
        summed.index("calls"),
    )


class RollupTable:
    """Deltas of one roll-up, by its key."""

    __slots__ = ("deltas", "statements")

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self.deltas: dict[tuple[Any, ...], list[int]] = {}

    def add(self, key: tuple[Any, ...], sums: list[int]) -> None:
        """Adds `sums` to those of `key`; a new key takes the list over."""
        known = self.deltas.get(key)
        if known is None:
            self.deltas[key] = sums
        else:
            known[:] = map(add, known, sums)

    def add_all(self, keys: Iterable[tuple[Any, ...]], sums: Iterable[Iterable[int]]) -> None:
        """The same of many keys, which need not be distinct."""
        for key, one in zip(keys, map(list, sums), strict=False):
            self.add(key, one)

    def write(self, db: sqlite3.Connection, *, shrunk: bool) -> None:
        """Adds the deltas to the table's rows; with `shrunk` those without calls go."""
        if not self.deltas:
            return
        rows = [(*key, *sums) for key, sums in sorted(self.deltas.items())]
        many_rows.insert(db, self.statements.add, rows)
        if shrunk:  # a row that got more calls has some left
            calls = self.statements.calls
            gone = [key for key, sums in self.deltas.items() if sums[calls] <= 0]
            db.executemany(self.statements.remove, gone)
