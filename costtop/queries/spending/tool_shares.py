"""Calls shared over the tools that they asked for: rows as those of the roll-up, with a tool.

Each use of a tool gets an equal part of every sum of its call, and what does not divide goes to the
first uses, one each (the largest remainders), so that the parts add up exactly. A call that asked
for none is a row with the tool 0.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from costtop.durations import QUARTER
from costtop.store.calls.call_row import ANY_SHORT, ERROR, UNREADABLE, CallRow, fields, reasons
from costtop.sum_floors import Floor, of_reasons

T = TypeVar("T")
_TOKENS = ("input", "cache_read", "cache_write", "cache_write_1h", "output", "reasoning")
_SIGNED = {  # may be below nothing, where a sum is put right: SQLite divides towards zero
    "cost": "coalesce(k.cost, 0)",
    "reported": "coalesce(k.reported, 0)",
}
_COUNTED = {
    "calls": "1",
    "errors": f"(k.flags & {ERROR})",
    "unpriced": "(k.cost IS NULL)",
    "reported_calls": "(k.reported IS NOT NULL)",
    **{name: f"k.{name}" for name in _TOKENS},
}
_USES = (
    "(SELECT call, name, count(*) OVER (PARTITION BY call) AS n,"
    " row_number() OVER (PARTITION BY call ORDER BY nth) - 1 AS nth FROM tools)"
)
_OF = f"k.at, k.at / {QUARTER} AS quarter, k.session, k.context, k.model, k.feature"
_JOINED = "JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"


def _part(sum_: str, *, signed: bool) -> str:
    rest = f"({sum_} % t.n)"
    if signed:
        rest = f"(({rest} + t.n) % t.n)"
    return f"CASE WHEN t.n IS NULL THEN {sum_} ELSE ({sum_} - {rest}) / t.n + (t.nth < {rest}) END"


_PARTS = ", ".join(
    f"{_part(sum_, signed=signed)} AS {name}"
    for sums, signed in ((_COUNTED, False), (_SIGNED, True))
    for name, sum_ in sums.items()
)

_STATED = "k.reported IS NOT NULL AS stated"
_WHOLE = ", ".join(f"{sum_} AS {name}" for name, sum_ in {**_COUNTED, **_SIGNED}.items())


def rows(span: tuple[int, int]) -> str:
    """What stands in the place of the roll-up, of the quarter hours [since, until).

    p has its columns and a tool; s and c are as there.
    """
    return f"FROM ({calls(span)}) p {_JOINED}"


def calls(span: tuple[int, int], *, shared: bool = True) -> str:
    """The same as a query of its own; not `shared` it is of whole calls, without their tools."""
    if shared:
        sums, uses = (
            f"coalesce(t.name, 0) AS tool, {_STATED}, {_PARTS}",
            f" LEFT JOIN {_USES} t ON t.call = k.id",
        )
    else:
        sums, uses = f"{_STATED}, {_WHOLE}", ""
    return f"SELECT {_OF}, {sums} {_within(span)}{uses} WHERE NOT k.flags & {UNREADABLE}"


def _within(span: tuple[int, int]) -> str:
    """The calls k of these quarter hours, session by session: so the index leads to them."""
    since, until = (max(-(1 << 42), min(quarter, 1 << 42)) * QUARTER for quarter in span)
    return (
        "FROM sessions z CROSS JOIN calls k"
        f" ON k.session = z.id AND k.at >= {since} AND k.at < {until}"
    )


def floors(
    db: sqlite3.Connection,
    columns: Sequence[str],
    labels: Sequence[Callable[[Any], T]],
    span: tuple[int, int],
    where: str,
    values: Sequence[object],
    wrapped: Callable[[str], str] = str,
) -> tuple[dict[tuple[T, ...], Floor], Floor]:
    """What lines are short of, and what all are: a call counts once in each, whole.

    `wrapped` puts more columns to the query of its calls (session, context, at and all else).
    """
    lines: dict[tuple[T, ...], dict[int, CallRow]] = {}
    every: dict[int, CallRow] = {}
    short = f"FROM ({wrapped(_short(span))}) p {_JOINED}"
    found = db.execute(
        f"SELECT {', '.join(columns)}, p.call, {fields('w')} {short}"
        f" JOIN calls w ON w.id = p.call WHERE {where}",
        values,
    )
    for row in found:
        numbers, call, values_of = row[: len(columns)], row[len(columns)], row[len(columns) + 1 :]
        key = tuple(label(number) for label, number in zip(labels, numbers, strict=True))
        every[call] = lines.setdefault(key, {})[call] = CallRow._make(values_of)
    return {key: _floor(calls.values()) for key, calls in lines.items()}, _floor(every.values())


def _floor(calls: Iterable[CallRow]) -> Floor:
    return of_reasons((reason, 1, row.cost or 0) for row in calls for reason in reasons(row))


def _short(span: tuple[int, int]) -> str:
    """The calls whose cost is less than what was billed, once for each of their tools."""
    return (
        f"SELECT {_OF}, k.id AS call, coalesce(t.name, 0) AS tool {_within(span)}"
        " LEFT JOIN (SELECT DISTINCT call, name FROM tools) t ON t.call = k.id"
        f" WHERE k.flags & {ANY_SHORT} OR k.cost IS NULL"
    )
