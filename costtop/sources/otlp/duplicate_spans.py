"""Makes one call of what several libraries tell of one request, each in a span of its own.

An SDK that traces itself, an instrumentation around it and a framework around both tell the same
request. Spans are one request where they name the same response, where one stands within the other
as its child, or where libraries other than those known so far tell the same model and counts at
overlapping times: one span of each library, for equal spans of one library are as many requests.
The finest counts; of whose it was, whatever any of them says.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from costtop.model import Call, Context
from costtop.named_tuples import NamedTuple
from costtop.sources.fold import keys
from costtop.sources.otlp.records import Record

_LATE = 120_000  # ms: how long the next teller of a request is waited for
_MOST = 400  # requests remembered
_DATED = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d|latest)$")


class Teller(NamedTuple):
    """One span of a request, as the memo keeps it."""

    span: str
    parent: str
    scope: str
    began: int
    ended: int


class TracedRequest(NamedTuple):
    """One request: the key of its call, what was told of it, and by whom."""

    tellers: list[Teller]
    key: str = ""  # hex
    response: str = ""
    session: str = ""
    service: str = ""
    model: str = ""
    input: int = 0
    cache: int = 0
    hour: int = 0
    output: int = 0


class _Known:
    """The requests remembered, found by what a new span may share with them."""

    def __init__(self, requests: Iterable[TracedRequest]) -> None:
        self.requests: list[TracedRequest] = []
        self.response: dict[str, int] = {}
        self.short: dict[tuple[str, str], list[int]] = {}
        self.span: dict[str, int] = {}
        self.parent: dict[str, int] = {}
        self.alike: dict[tuple[str, int], list[int]] = {}
        for request in requests:
            self.add(request)

    def add(self, request: TracedRequest) -> int:
        """Remembers one more; its place."""
        place = len(self.requests)
        self.requests.append(request)
        if keys.is_global(request.response):
            self.response.setdefault(request.response, place)
        elif request.response:
            self.short.setdefault((request.service, request.response), []).append(place)
        self.alike.setdefault((request.service, request.output), []).append(place)
        for teller in request.tellers:
            self._find_by(teller, place)
        return place

    def tell(self, place: int, teller: Teller) -> None:
        """One more teller of a request."""
        if teller not in self.requests[place].tellers:
            self.requests[place].tellers.append(teller)
            self._find_by(teller, place)

    def _find_by(self, teller: Teller, place: int) -> None:
        self.span.setdefault(teller.span, place)
        if teller.parent:
            self.parent.setdefault(teller.parent, place)

    def place(self, teller: Teller, call: Call) -> int | None:
        """Where the request stands that this span tells of, None for one that is new."""
        if call.request in self.response:
            return self.response[call.request]
        kin = self.span.get(teller.span, self.parent.get(teller.span))
        if kin is not None:
            return kin  # told before, or the parent of one that was
        kin = self.span.get(teller.parent)
        if kin is not None and all(o.parent != teller.parent for o in self.requests[kin].tellers):
            return kin  # the only child of one that was told
        alike = self.alike.get((call.service, call.tokens.output), ())
        places = [place for place in alike if _is_alike(self.requests[place], call)]
        # A short id alone may come again; at overlapping times it is the same response.
        places += self.short.get((call.service, call.request), ())
        near = [
            (apart, place)
            for place in places
            if (apart := _distance(self.requests[place], teller)) is not None
        ]
        return min(near)[1] if near else None


def joined(told: Iterable[tuple[Record, Call]], memo: dict[str, Any]) -> list[Call]:
    """One call for each request that spans of one message tell of; changes `memo`.

    What earlier messages have told is not told again, unless this one knows it more finely.
    """
    known = _Known(map(_restored, memo.get("requests", ())))
    before = len(known.requests)
    members: dict[int, list[tuple[Record, Call]]] = {}
    for record, call in told:
        teller = _teller(record)
        place = known.place(teller, call)
        if place is None:
            place = known.add(_noted(TracedRequest([teller]), call))
        known.tell(place, teller)
        members.setdefault(place, []).append((record, call))
    found = []
    requests = known.requests
    for place, group in members.items():
        told_now = _together(group) if place >= before else _told_anew(requests[place], group)
        if told_now is not None:
            requests[place] = _noted(requests[place], told_now)
            found.append(told_now)
    memo["requests"] = list(_recent(requests))
    return found


def _told_anew(request: TracedRequest, group: list[tuple[Record, Call]]) -> Call | None:
    """The call of a request that was told before, None where this adds nothing to it."""
    call = _together(group)._replace(key=bytes.fromhex(request.key))
    if len(request.tellers) == 1:
        return call  # the same span, sent again
    if all(_is_nameless(*one) for one in group):
        call = call._replace(session=request.session)
    return call if _is_finer(call, request) or call.session != request.session else None


def _restored(request: Any) -> TracedRequest:
    tellers, *rest = request
    return TracedRequest([Teller(*teller) for teller in tellers], *rest)


def _teller(record: Record) -> Teller:
    span = f"{record.trace[:16]}{record.span}"
    parent = f"{record.trace[:16]}{record.parent}" if record.parent else ""
    return Teller(span, parent, record.scope, record.began or record.at, record.at)


def _noted(request: TracedRequest, call: Call) -> TracedRequest:
    """The request with what the call tells of it."""
    tokens = call.tokens
    return request._replace(
        key=call.key.hex(),
        response=call.request or request.response,
        session=call.session,
        service=call.service,
        model=call.model,
        input=tokens.input,
        cache=tokens.cache_read + tokens.cache_write,
        hour=tokens.cache_write_1h,
        output=tokens.output,
    )


def _is_alike(request: TracedRequest, call: Call) -> bool:
    """Whether it can be the same request by model and counts; service and output are equal."""
    tokens = call.tokens
    if call.request and request.response:
        return False
    cache = tokens.cache_read + tokens.cache_write
    same = {tokens.input, tokens.input - cache} & {request.input, request.input - request.cache}
    return bool(same) and _plain(call.model) == _plain(request.model)


def _plain(model: str) -> str:
    return _DATED.sub("", model.lower().rpartition("/")[2])


def _distance(request: TracedRequest, teller: Teller) -> int | None:
    """How far apart the times are; None where they do not overlap or the library told already."""
    best: int | None = None
    for other in request.tellers:
        if other.scope == teller.scope:
            return None
        if teller.began <= other.ended and other.began <= teller.ended:
            apart = abs(teller.began - other.began) + abs(teller.ended - other.ended)
            best = apart if best is None else min(best, apart)
    return best


def _together(group: list[tuple[Record, Call]]) -> Call:
    """The finest of several tellings: it knows the cache, names the response, is the inmost."""

    def fineness(one: tuple[Record, Call]) -> tuple[int, int, int, bool, int]:
        record, call = one
        used = call.tokens
        cache = used.cache_read + used.cache_write
        return used.cache_write_1h, cache, used.reasoning, bool(call.request), record.began

    _, finest = max(group, key=fineness)
    for _, call in group:
        if call is not finest:
            finest = finest._replace(
                request=finest.request or call.request,
                reported=call.reported if finest.reported is None else finest.reported,
                context=Context._make(map(_either, finest.context, call.context)),
                coarse=min(finest.coarse, call.coarse),
            )
    named = (call.session for record, call in group if not _is_nameless(record, call))
    return finest._replace(session=next(named, finest.session))


def _either(first: str, second: str) -> str:
    return first or second


def _is_nameless(record: Record, call: Call) -> bool:
    """Whether its session is but the trace or the service."""
    return call.session in (call.service, f"{call.service} {record.trace[:16]}")


def _is_finer(call: Call, request: TracedRequest) -> bool:
    """Whether it tells more than what was told: parts of the input, or the response's name."""
    tokens = call.tokens
    same = tokens.output == request.output
    cache = tokens.cache_read + tokens.cache_write
    parts = (cache, tokens.cache_write_1h) > (request.cache, request.hour)
    return (same and parts) or bool(call.request and not request.response)


def _recent(known: list[TracedRequest]) -> Iterator[list[Any]]:
    """What is worth remembering, as JSON knows it."""
    ends = [max(teller.ended for teller in request.tellers) for request in known]
    newest = max(ends, default=0)
    for request, end in zip(known[-_MOST:], ends[-_MOST:], strict=True):
        if end >= newest - _LATE:
            yield [[list(teller) for teller in request.tellers], *request[1:]]
