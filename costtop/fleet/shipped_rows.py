"""Rows of a store as they leave: calls and sessions, or sums of them, under a fleet's names."""

import sqlite3
from collections.abc import Iterable, Sequence

from costtop.fleet.naming import Naming
from costtop.fleet.shipment import (
    FAILED,
    SHORT,
    Shipment,
    ShippedCall,
    ShippedLine,
    ShippedMinute,
    SumShipment,
)
from costtop.store import unsent, unsent_sums
from costtop.store.calls.call_row import ANY_SHORT, ERROR, shortfall
from costtop.store.unsent import StoredCall, ToldSession
from costtop.store.unsent_sums import StoredLine


def shipped(
    db: sqlite3.Connection,
    naming: Naming,
    calls: Sequence[StoredCall],
    sessions: Iterable[int],
    gone: Sequence[bytes],
) -> Shipment:
    """Calls, their sessions and others (rows), and keys that are gone, as they leave."""
    rows = list(dict.fromkeys([*(one.session for one in calls), *sessions]))
    known = unsent.sessions(db, rows)
    places = {one.row: number for number, one in enumerate(known)}
    return Shipment(
        [_session(naming, one.told) for one in known],
        [_call(naming, one, places[one.session]) for one in calls],
        gone,
    )


def _session(naming: Naming, one: ToldSession) -> ToldSession:
    return ToldSession(
        source=naming.source(one.source),
        session=naming.session(one.session),
        agent=naming.session(one.agent),
        root=naming.session(one.root),
        user=naming.name("user", one.user),
        project=naming.name("project", one.project),
        feature=naming.name("feature", one.feature),
        model=naming.name("model", one.model),
        started=one.started,
        last=one.last,
        ended=one.ended,
    )


def _call(naming: Naming, one: StoredCall, of: int) -> ShippedCall:
    flags = FAILED if one.flags & ERROR else 0
    if one.flags & ANY_SHORT:
        counted = bool(one.tokens.input or one.tokens.output)
        flags |= SHORT if shortfall(one.flags, one.cost, one.computed, counted=counted) else 0
    return ShippedCall(
        key=one.key,
        of=of,
        at=one.at,
        model=naming.name("model", one.model),
        feature=naming.name("feature", one.feature),
        project=naming.name("project", one.project),
        user=naming.name("user", one.user),
        **one.tokens._asdict(),
        flags=flags,
        cost=one.cost,
        computed=one.computed,
        reported=one.reported,
    )


def summed(
    db: sqlite3.Connection,
    naming: Naming,
    quarters: Sequence[int],
    sessions: Iterable[int],
    gone: Sequence[tuple[str, str, str]],
    *,
    detail: str,
) -> SumShipment:
    """Quarters as a whole, sessions (rows) and those that are gone; "spend": no sessions."""
    spend = _lines(naming, unsent_sums.lines(db, quarters))
    if detail == "spend":
        return SumShipment(detail, quarters, spend)
    minutes = unsent_sums.minutes(db, quarters)
    rows = list(dict.fromkeys([*sessions, *(one.session for one in minutes)]))
    known = unsent.sessions(db, rows)
    places = {one.row: number for number, one in enumerate(known)}
    totals = unsent_sums.totals(db, list(places))
    return SumShipment(
        detail,
        quarters,
        spend,
        sessions=[_session(naming, one.told) for one in known],
        totals=[totals[one.row] for one in known],
        minutes=[
            ShippedMinute(one.minute, places[one.session], one.cost, one.tokens, *one[4:])
            for one in minutes
            if one.session in places
        ],
        gone=[(naming.source(a), naming.session(b), naming.session(c)) for a, b, c in gone],
    )


def _lines(naming: Naming, stored: Iterable[StoredLine]) -> list[ShippedLine]:
    """Lines under the names with which they leave, those of the same names as one."""
    sums: dict[tuple[int, str, str, str, str], ShippedLine] = {}
    for one in stored:
        line = (
            one.quarter,
            naming.name("user", one.user),
            naming.name("project", one.project),
            naming.name("model", one.model),
            naming.name("feature", one.feature),
        )
        known = sums.get(line) or ShippedLine(*line)
        more = one.sums
        sums[line] = known._replace(
            calls=known.calls + more.calls,
            errors=known.errors + more.errors,
            unpriced=known.unpriced + more.unpriced,
            short=known.short + more.short,
            cost=known.cost + more.cost,
            input=known.input + more.input,
            cache_read=known.cache_read + more.cache_read,
            cache_write=known.cache_write + more.cache_write,
            output=known.output + more.output,
        )
    return list(sums.values())
