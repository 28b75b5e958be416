"""How folded turns cross from a worker process: what is many as columns of plain values.

A pickle of a named tuple asks each value for its fields and makes it anew by its constructor, in
Python. Columns of all calls of an answer are taken apart, written and put together without a line
of it. What is rare is pickled. It judges nothing.
"""

import marshal
import pickle
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar

from costtop.daemon.ingest.fold import Folded
from costtop.model import Call, Context, Media, Outcome, TaskFact, Tokens, ToolUse

_TOKENS, _CONTEXT, _TOOLS, _MEDIA = map(Call._fields.index, ("tokens", "context", "tools", "media"))
_Columns = list[Any]
T = TypeVar("T")


def packed(folded: Sequence[Folded]) -> bytes:
    """The turns as bytes, for `unpacked` alone."""
    rest = [item._replace(calls=[], tasks=[], outcomes=[]) for item in folded]
    many = (
        _joined([item.calls for item in folded], _of_calls),
        _joined([item.tasks for item in folded], _apart),
        _joined([item.outcomes for item in folded], _apart),
    )
    return marshal.dumps((many, pickle.dumps(rest, pickle.HIGHEST_PROTOCOL)))


def unpacked(data: bytes) -> list[Folded]:
    """The turns again."""
    (calls, tasks, outcomes), rest = marshal.loads(data)  # noqa: S302 - our own child's answer
    folded: list[Folded] = pickle.loads(rest)  # noqa: S301
    parts = zip(
        _cut(calls[0], _calls(calls[1])),
        _cut(tasks[0], _together(TaskFact, tasks[1])),
        _cut(outcomes[0], _together(Outcome, outcomes[1])),
        strict=True,
    )
    return [
        item._replace(calls=own, tasks=told, outcomes=came)
        for item, (own, told, came) in zip(folded, parts, strict=True)
    ]


def _joined(parts: list[list[T]], apart: Callable[[list[T]], _Columns]) -> tuple[Any, ...]:
    """How many values each turn has, and the columns of all."""
    return [*map(len, parts)], apart([*chain.from_iterable(parts)])


def _apart(values: Iterable[tuple[Any, ...]]) -> _Columns:
    return list(zip(*values, strict=True))


def _together(of: type[Any], columns: _Columns) -> Iterable[Any]:
    """Values of a class again; its constructor would do nothing but this."""
    return map(partial(tuple.__new__, of), zip(*columns, strict=True))


def _cut(sizes: list[int], values: Iterable[Any]) -> Iterable[list[Any]]:
    rest = iter(values)
    return ([*islice(rest, size)] for size in sizes)


def _of_calls(calls: list[Call]) -> _Columns:
    columns = _apart(calls)
    if not columns:
        return columns
    contexts: dict[Context, int] = {}
    places = [contexts.setdefault(one, len(contexts)) for one in columns[_CONTEXT]]
    tools = columns[_TOOLS]
    columns[_TOKENS] = _apart(columns[_TOKENS])
    columns[_CONTEXT] = ([tuple(one) for one in contexts], places)
    columns[_TOOLS] = ([*map(len, tools)], _apart(chain.from_iterable(tools)))
    columns[_MEDIA] = [one and tuple(one) for one in columns[_MEDIA]]
    return columns


def _calls(columns: _Columns) -> Iterable[Call]:
    if not columns:
        return ()
    told, places = columns[_CONTEXT]
    contexts = [Context(*one) for one in told]
    sizes, tools = columns[_TOOLS]
    columns[_TOKENS] = _together(Tokens, columns[_TOKENS])
    columns[_CONTEXT] = [contexts[place] for place in places]
    columns[_TOOLS] = map(tuple, _cut(sizes, _together(ToolUse, tools)))
    columns[_MEDIA] = [one and Media(*one) for one in columns[_MEDIA]]
    return _together(Call, columns)
