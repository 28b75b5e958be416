"""Calls as columns: many at once are carried, priced and written so.

What most calls of a run have in common (`CallKind`), and what few of them tell at all (`CallRest`),
is said once and numbered. A call itself is made when somebody asks for one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate, chain, groupby, repeat
from operator import itemgetter
from typing import Any, TypeVar

from costtop.model import Call, Context, Media, PlainCall, Tokens, ToolUse
from costtop.named_tuples import NamedTuple

T = TypeVar("T")
_Fields = tuple[Any, ...]
_Column = Iterable[Any]


class CallKind(NamedTuple):
    """Whose a call is and what was asked: fields of `Call`, alike in most calls of a task."""

    source: str
    session: str
    model: str
    context: Context
    agent: str
    provider: str
    tier: str
    speed: str
    geo: str


class CallRest(NamedTuple):
    """Fields of `Call` that nearly all calls leave as they are."""

    searches: int = 0
    reported: int | None = None
    status: str = "ok"
    attempt: int = 1
    pid: int | None = None
    placeholder: bool = False
    estimated: bool = False
    yields: bool = False
    heard: bool = False
    coarse: int = 0
    service: str = ""
    settled: bool = False
    unreadable: bool = False
    media: Media | None = None

    @property
    def is_plain(self) -> bool:
        """Whether a log tells its tokens, all of text, and nothing besides that has a price."""
        if self == _ORDINARY:  # as nearly all
            return True
        ordinary = self._replace(status="ok", attempt=1, pid=None, estimated=False, yields=False)
        return ordinary == _ORDINARY


_ORDINARY = CallRest()


class ToolColumns(NamedTuple):
    """The tools that calls asked for; those of the call `n` are `ends[n]` to `ends[n + 1]`."""

    ends: Sequence[int]
    name: Sequence[str]
    key: Sequence[str]
    error: Sequence[bool | None]
    result: Sequence[str | None]

    def cut(self, start: int, stop: int) -> "ToolColumns":
        """Those of the calls from `start` on, before `stop`."""
        first, last = self.ends[start], self.ends[stop]
        ends = [end - first for end in self.ends[start : stop + 1]]
        columns: tuple[Any, ...] = self[1:]
        return ToolColumns(ends, *(column[first:last] for column in columns))

    def of(self, n: int) -> tuple[ToolUse, ...]:
        """Those of one call."""
        first, last = self.ends[n], self.ends[n + 1]
        if first == last:
            return ()
        columns = (column[first:last] for column in self[1:])
        return tuple(map(ToolUse._make, zip(*columns, strict=True)))


class CallColumns(NamedTuple):
    """Calls in their order: each column but `kinds` and `rests` has one value a call.

    `kinds` and `rests` stand in the order in which they are met; `tokens` are columns by the fields
    of `Tokens`, `request` is "" where there is none.
    """

    kinds: Sequence[CallKind]
    kind: Sequence[int]
    rests: Sequence[CallRest]
    rest: Sequence[int]
    key: Sequence[bytes]
    at: Sequence[int]
    tokens: Sequence[Sequence[int]]
    request: Sequence[str]
    offset: Sequence[int]
    tools: ToolColumns

    @property
    def size(self) -> int:
        """How many calls it has."""
        return len(self.key)

    def cut(self, start: int, stop: int) -> "CallColumns":
        """The calls from `start` on, before `stop`, by themselves."""
        if (start, stop) == (0, self.size):
            return self
        kinds, kind = _met(self.kinds, self.kind[start:stop])
        rests, rest = _met(self.rests, self.rest[start:stop])
        return CallColumns(
            kinds=kinds,
            kind=kind,
            rests=rests,
            rest=rest,
            key=self.key[start:stop],
            at=self.at[start:stop],
            tokens=[column[start:stop] for column in self.tokens],
            request=self.request[start:stop],
            offset=self.offset[start:stop],
            tools=self.tools.cut(start, stop),
        )

    def item(self, n: int) -> Call:
        """One call."""
        kind, rest, tools = self.kinds[self.kind[n]], self.rests[self.rest[n]], self.tools.of(n)
        tokens = [column[n] for column in self.tokens]
        own = (self.key[n], self.at[n], *tokens, self.request[n], self.offset[n])
        return _call(kind, rest, own, tools)

    def calls(self) -> Iterator[Call]:
        """All calls in their order: sooner than one by one."""
        size, made = self.size, partial(tuple.__new__, Tokens)
        told = [
            *_spread(CallKind, self.kinds, self.kind),
            *_spread(CallRest, self.rests, self.rest),
            self.key,
            self.at,
            map(made, zip(*self.tokens, strict=True)),
            self.request,
            self.offset,
            map(self.tools.of, range(size)) if self.tools.ends[-1] else repeat((), size),
        ]
        return map(partial(tuple.__new__, Call), zip(*_of_call(told), strict=True))

    def plain(self) -> tuple[Any, ...]:
        """The same for `marshal`, which takes no named tuples."""
        kinds = [tuple(map(_bare, one)) for one in self.kinds]
        rests = [tuple(map(_bare, one)) for one in self.rests]
        return (kinds, self.kind, rests, *self[3:9], tuple(self.tools))


def of_plain(told: tuple[Any, ...]) -> CallColumns:
    """What `plain` gave."""
    kinds, kind, rests, *columns, tools = told
    return CallColumns._make(
        (
            [CallKind._make((*one[:3], Context._make(one[3]), *one[4:])) for one in kinds],
            kind,
            [CallRest._make((*one[:-1], one[-1] and Media._make(one[-1]))) for one in rests],
            *columns,
            ToolColumns._make(tools),
        )
    )


def of_calls(calls: Iterable[Call | PlainCall]) -> CallColumns:
    """The columns of these calls."""
    parts = [_TAKEN[kind]([*some]) for kind, some in groupby(calls, type)]
    columns: list[Any] = [[*chain(*some)] for some in zip(*parts, strict=True)]
    kind, rest, key, at, *tokens, request, offset, tools = columns or [()] * _WIDTH
    return CallColumns(
        *numbered(CallKind, kind),
        *numbered(CallRest, rest),
        key,
        at,
        tokens,
        request,
        offset,
        _tools(tools),
    )


def row_of(call: Call) -> PlainCall:
    """One call as a row."""
    own = (call.key, call.at, *call.tokens, call.request, call.offset)
    return PlainCall(_kinds_of(call), _rests_of(call), own, call.tools)


def made(row: PlainCall) -> Call:
    """The call that a row tells."""
    kind, rest, own, tools = row
    return _call(kind, rest, own, tuple(map(ToolUse._make, tools)))


def kind_of(call: Call) -> CallKind:
    """Whose one call is and what was asked."""
    return CallKind._make(_kinds_of(call))


_place = Call._fields.index
_kinds_of: Callable[[Sequence[Any]], _Fields] = itemgetter(*map(_place, CallKind._fields))
_rests_of: Callable[[Sequence[Any]], _Fields] = itemgetter(*map(_place, CallRest._fields))
_TOKENS = _place("tokens")
_others_of: Callable[[Sequence[Any]], _Fields] = itemgetter(
    *map(_place, ("key", "at", "request", "offset", "tools"))
)
_TOLD = (*CallKind._fields, *CallRest._fields, "key", "at", "tokens", "request", "offset", "tools")
_of_call: Callable[[Sequence[Any]], _Fields] = itemgetter(*map(_TOLD.index, Call._fields))


def _spread(of: type[Any], values: Sequence[_Fields], numbers: Sequence[int]) -> list[_Column]:
    """A column by each field of values that are said once and numbered."""
    if len(values) == 1:
        return [repeat(value, len(numbers)) for value in values[0]]
    columns = zip(*values, strict=True) if values else ((),) * len(of._fields)
    return [map(column.__getitem__, numbers) for column in columns]


def _call(kind: _Fields, rest: _Fields, own: _Fields, tools: tuple[ToolUse, ...]) -> Call:
    key, at, *tokens, request, offset = own
    told = (*kind, *rest, key, at, Tokens._make(tokens), request, offset, tools)
    return Call._make(_of_call(told))


def _of_made(calls: list[Call]) -> _Fields:
    """What follows each other in `of_calls`: a column each."""
    columns = list(zip(*calls, strict=True))
    kind, rest = (zip(*some, strict=True) for some in (_kinds_of(columns), _rests_of(columns)))
    tokens = zip(*columns[_TOKENS], strict=True)
    key, at, request, offset, tools = _others_of(columns)
    return (kind, rest, key, at, *tokens, request, offset, tools)


def _of_rows(rows: list[PlainCall]) -> _Fields:
    kind, rest, own, tools = zip(*rows, strict=True)
    return (kind, rest, *zip(*own, strict=True), tools)


_TAKEN: dict[type, Callable[[Any], _Fields]] = {Call: _of_made, PlainCall: _of_rows}
_WIDTH = 7 + len(Tokens._fields)


def numbered(of: Callable[..., T], values: Iterable[_Fields]) -> tuple[list[T], list[int]]:
    """The distinct values, as `of` makes them, and for each value which of them it is."""
    found: dict[_Fields, int] = {}
    column = []
    last, number = None, 0
    for value in values:
        if value != last:  # most are as the one before
            last, number = value, found.setdefault(value, len(found))
        column.append(number)
    return [of(*one) for one in found], column


def _met(values: Sequence[T], numbers: Sequence[int]) -> tuple[list[T], list[int]]:
    """Those of the numbered values that are met here, and their numbers in that order."""
    met = dict.fromkeys(numbers)
    again = {number: n for n, number in enumerate(met)}
    return [values[number] for number in met], [again[number] for number in numbers]


def _tools(told: Sequence[tuple[_Fields, ...]]) -> ToolColumns:
    columns = list(zip(*chain.from_iterable(told), strict=True)) or [()] * len(ToolUse._fields)
    return ToolColumns(list(accumulate(map(len, told), initial=0)), *columns)


def _bare(value: Any) -> Any:
    return tuple(value) if isinstance(value, tuple) else value
