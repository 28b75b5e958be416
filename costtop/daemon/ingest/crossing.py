"""How folded turns cross from a worker process: what is many as columns of plain values.

A pickle of a named tuple asks each value for its fields and makes it anew by its constructor, in
Python. Columns of all calls of an answer are written and read without a line of it, and stay
columns: they are priced and stored so. What is rare is pickled. It judges nothing.
"""

import marshal
import pickle
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any

from costtop.columnar.call_columns import of_calls, of_plain
from costtop.columnar.call_rows import CallRows
from costtop.columnar.stretches import parts
from costtop.daemon.ingest.fold import Folded
from costtop.model import Outcome, TaskFact

_Columns = list[Any]


def packed(folded: Sequence[Folded]) -> bytes:
    """The turns as bytes, for `unpacked` alone."""
    rest = [item._replace(calls=[], tasks=[], outcomes=[]) for item in folded]
    many = (
        ([len(item.calls) for item in folded], _of_all(folded)),
        _joined([item.tasks for item in folded]),
        _joined([item.outcomes for item in folded]),
    )
    return marshal.dumps((many, pickle.dumps(rest, pickle.HIGHEST_PROTOCOL)))


def unpacked(data: bytes) -> list[Folded]:
    """The turns again; their calls are stretches of columns."""
    (calls, tasks, outcomes), rest = marshal.loads(data)  # noqa: S302 - our own child's answer
    folded: list[Folded] = pickle.loads(rest)  # noqa: S301
    told = zip(
        parts(of_plain(calls[1]), calls[0]),
        _cut(tasks[0], _together(TaskFact, tasks[1])),
        _cut(outcomes[0], _together(Outcome, outcomes[1])),
        strict=True,
    )
    return [
        item._replace(calls=own, tasks=begun, outcomes=came)
        for item, (own, begun, came) in zip(folded, told, strict=True)
    ]


def _of_all(folded: Sequence[Folded]) -> tuple[Any, ...]:
    told = (x.calls.told if isinstance(x.calls, CallRows) else x.calls for x in folded)
    return of_calls(chain.from_iterable(told)).plain()


def _joined(told: list[list[Any]]) -> tuple[list[int], _Columns]:
    """How many values each turn has, and the columns of all."""
    return [*map(len, told)], list(zip(*chain.from_iterable(told), strict=True))


def _together(of: type[Any], columns: _Columns) -> Iterable[Any]:
    """Values of a class again; its constructor would do nothing but this."""
    return map(partial(tuple.__new__, of), zip(*columns, strict=True))


def _cut(sizes: list[int], values: Iterable[Any]) -> Iterable[list[Any]]:
    rest = iter(values)
    return ([*islice(rest, size)] for size in sizes)
