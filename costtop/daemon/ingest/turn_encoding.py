"""How folded turns cross from a worker process: what is many as columns of plain values.

A pickle of a named tuple asks each value for its fields and makes it anew by its constructor, in
Python. Plain values are written and read without a line of it; columns of calls stay columns: they
are priced and stored so. What is rare is pickled. It judges nothing.
"""

import marshal
import pickle
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any

from costtop.columnar.call_columns import of_calls, of_plain
from costtop.columnar.column_slices import parts
from costtop.columnar.plain_calls import PlainCalls
from costtop.daemon.ingest.fold import Folded
from costtop.model import Context, Outcome, SessionFact, TaskFact
from costtop.tail.place import Place

_Columns = list[Any]
_Joined = tuple[list[int], _Columns]
"""How many values each turn has, and the columns of all."""

_RARE, _READ = Folded._fields.index("untold"), Folded._fields.index("read")  # where they begin
_CONTEXT = SessionFact._fields.index("context")


def packed(folded: Sequence[Folded]) -> bytes:
    """The turns as bytes, for `unpacked` alone."""
    ones = [
        (item.label, tuple(item.place), item.memo, item.fresh, *item[_READ:]) for item in folded
    ]
    many = (
        ([len(item.calls) for item in folded], _of_all(folded)),
        _with_contexts(_joined([item.facts for item in folded]), tuple),
        _joined([item.tasks for item in folded]),
        _joined([item.outcomes for item in folded]),
    )
    rare = {n: item[_RARE:_READ] for n, item in enumerate(folded) if any(item[_RARE:_READ])}
    return marshal.dumps((ones, many, pickle.dumps(rare, pickle.HIGHEST_PROTOCOL)))


def unpacked(data: bytes) -> list[Folded]:
    """The turns again; their calls are stretches of columns."""
    ones, (calls, facts, tasks, outcomes), rest = marshal.loads(data)  # noqa: S302 - our own child's
    rare = pickle.loads(rest)  # noqa: S301
    facts = _with_contexts(facts, Context._make)
    told = zip(
        parts(of_plain(calls[1]), calls[0]),
        _cut(facts[0], _together(SessionFact, facts[1])),
        _cut(tasks[0], _together(TaskFact, tasks[1])),
        _cut(outcomes[0], _together(Outcome, outcomes[1])),
        strict=True,
    )
    return [
        Folded._make(
            (label, Place._make(place), memo, fresh, *many, *rare.get(n, ([], [], [], [])), *read)
        )
        for n, ((label, place, memo, fresh, *read), many) in enumerate(zip(ones, told, strict=True))
    ]


def _with_contexts(facts: _Joined, made: Callable[[Any], Any]) -> _Joined:
    """The same facts of sessions; `made` makes of a context, where one has any, what it gives."""
    sizes, columns = facts
    if columns:
        columns[_CONTEXT] = [context and made(context) for context in columns[_CONTEXT]]
    return sizes, columns


def _of_all(folded: Sequence[Folded]) -> tuple[Any, ...]:
    told = (x.calls.told if isinstance(x.calls, PlainCalls) else x.calls for x in folded)
    return of_calls(chain.from_iterable(told)).plain()


def _joined(told: list[list[Any]]) -> _Joined:
    return [*map(len, told)], list(zip(*chain.from_iterable(told), strict=True))


def _together(of: type[Any], columns: _Columns) -> Iterable[Any]:
    """Values of a class again; its constructor would do nothing but this."""
    return map(partial(tuple.__new__, of), zip(*columns, strict=True))


def _cut(sizes: list[int], values: Iterable[Any]) -> Iterable[list[Any]]:
    rest = iter(values)
    return ([*islice(rest, size)] for size in sizes)
