"""Makes one call of all sights of it by the store's own rule, without a database."""

import json
from collections.abc import Iterable
from hashlib import blake2b

from costtop.model import Call, Event, Tokens
from costtop.store.calls.batch import Priced
from costtop.store.calls.call_row import (
    ESTIMATED,
    PLACEHOLDER,
    UNREADABLE,
    YIELDS,
    CallRow,
    call_flags,
    media_of,
    request_hash,
)
from costtop.store.calls.merge import Sight, see
from costtop.store.calls.write_context import variant


def settled_calls(*files: Iterable[Event]) -> dict[bytes, Call]:
    """{key: call} of the events of files, the earliest first, side copies among them."""
    sights: dict[bytes, Sight] = {}
    homes: dict[int, tuple[object, ...]] = {}
    told = ((place, event) for place, events in enumerate(files) for event in events)
    for place, call in told:
        if isinstance(call, Call):
            home = _number(call.session, call.agent, *call.context)
            homes[home] = (call.session, call.agent, call.context)
            row, rank = _row(call, home, place), (place, 0, b"")
            see(sights, Sight(row, rank, Priced(call, None, None, None)))
    return {key: _call(sight, homes) for key, sight in sights.items()}


def _row(call: Call, home: int, place: int) -> CallRow:
    names = _number(call.model), _number(call.provider), _number(variant(call))
    return CallRow(
        call.key, None, home, home, 0, *names, call.at, 0, *call.tokens, call.searches,
        cost=None, reported=call.reported, card=None, place=place,
        offset=call.offset, request=request_hash(call.request) if call.request else None,
        flags=call_flags(call), attempt=call.attempt,
        media=json.dumps(call.media) if call.media else None,
    )  # fmt: skip


def _number(*words: str) -> int:
    return int.from_bytes(blake2b("\0".join(words).encode(), digest_size=8).digest())


def _call(sight: Sight, homes: dict[int, tuple[object, ...]]) -> Call:
    row, call = sight.row, sight.priced.call
    session, agent, context = homes[row.session]
    tokens = Tokens(*(getattr(row, name) for name in Tokens._fields))
    return call._replace(
        session=session, agent=agent, context=context, at=row.at, tokens=tokens,
        searches=row.searches, reported=row.reported, attempt=row.attempt, offset=row.offset,
        placeholder=bool(row.flags & PLACEHOLDER), estimated=bool(row.flags & ESTIMATED),
        yields=bool(row.flags & YIELDS), unreadable=bool(row.flags & UNREADABLE),
        media=media_of(row),
    )  # fmt: skip
