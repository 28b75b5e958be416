"""The replies of a chunk while their rows come in: by key, in the order in which they were met.

One of which nothing is odd is its call's row from the beginning (`PlainCall`), and stays one unless
more rows of it come.
"""

from collections.abc import Iterator
from typing import Any

from costtop.columnar.call_columns import CallKind, CallRest, made, row_of
from costtop.model import Call, PlainCall
from costtop.sources.claude.replies import Home, Manner, Reply, Told, Whose
from costtop.sources.claude.tokens import NAME, hidden_calls
from costtop.sources.fold import keys

_NO_ITERATIONS = len(b'[{"type":""}]')
_ORDINARY, _SIDE = CallRest(), CallRest(yields=True)


class OpenReplies:
    """What the chunk says of each reply so far."""

    __slots__ = ("_home", "_kind", "_manner", "_rows", "by_key")

    def __init__(self) -> None:
        self.by_key: dict[bytes, Reply | PlainCall] = {}
        self._rows = False  # whether any of them is a row
        self._home: Home | None = None  # of the row before, whose kind is at hand
        self._manner: Manner | None = None
        self._kind: tuple[Any, ...] = ()

    def grow(
        self, key: bytes, told: Told, home: Home, attempt: int, tools: list[list[str]] | None
    ) -> None:
        """Takes one row more; `tools` are all that the reply asked for, if any are remembered."""
        reply = self.by_key.get(key)
        if reply is None:
            reply = self.by_key[key] = Reply(key, told, home, attempt)
        else:
            if isinstance(reply, PlainCall):
                reply = self.by_key[key] = _grown(reply)
            reply.grow(told, home, attempt)
        if tools:
            reply.ask(tools)

    def add(
        self,
        own: tuple[Any, ...],
        tools: tuple[tuple[Any, ...], ...],
        home: Home,
        manner: Manner,
        attempt: int,
        side: bool,
    ) -> None:
        """Takes a new reply of which nothing is odd; `own` and `tools` are as in `PlainCall`."""
        if home is not self._home or manner is not self._manner:
            self._home, self._manner, self._kind = home, manner, _kind_of(home, manner)
        rest = _SIDE if side else _ORDINARY
        if attempt != 1:
            rest = rest._replace(attempt=attempt)
        self._rows = True
        self.by_key[own[0]] = PlainCall(self._kind, rest, own, tools)

    def calls(self) -> Iterator[Call | PlainCall]:
        """The calls of all of them."""
        for reply in self.by_key.values():
            yield reply if isinstance(reply, PlainCall) else self._called(reply)

    def hidden(self) -> list[Call]:
        """The requests that the usage of some of them hides."""
        found: list[Call] = []
        for reply in self.by_key.values():
            if isinstance(reply, PlainCall):
                continue
            usage = reply.told.usage
            if usage and len(bytes(usage.iterations)) > _NO_ITERATIONS:
                found += hidden_calls(reply.call(), usage)
        return found

    def _called(self, reply: Reply) -> Call | PlainCall:
        call = reply.call()
        if self._rows and (not call.request or keys.is_global(call.request)):
            return row_of(call)  # all of one kind are columns sooner
        return call


def _kind_of(home: Home, manner: Manner) -> CallKind:
    (session, agent, context), (model, tier, speed, geo) = home, manner
    return CallKind(NAME, session, model or "unknown", context, agent, "", tier, speed, geo)


def _grown(row: PlainCall) -> Reply:
    """The same as a reply of which more rows come."""
    call = made(row)
    manner = Manner(call.model, call.tier, call.speed, call.geo)
    told = Told(
        whose=Whose(),
        manner=manner,
        tokens=call.tokens,
        request=call.request,
        offset=call.offset,
        first=call.at,
        last=call.at,
        stop=None,
        asks=False,
        tools=(),
        searches=0,
        placeholder=False,
        yields=call.yields,
    )
    reply = Reply(call.key, told, Home(call.session, call.agent, call.context), call.attempt)
    reply.ask([["", use.name, use.key] for use in call.tools])
    return reply
