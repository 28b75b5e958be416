"""Why a session cost what it did: its ledger, its peers, its days, its dearest steps. No words.

All of its calls, subagents included; its cost is that of `report --by session`. Money is int
nano-dollars, times are ms UTC.
"""

import json
import sqlite3
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.detect.monitor import as_it_was
from costtop.detect.peer_comparison import Compared, compared
from costtop.detect.rules import loop
from costtop.detect.sessions import finished_peer
from costtop.detect.sessions.finished_peer import Peer
from costtop.detect.sessions.peers import PeerGroups
from costtop.detect.sessions.running_session import RunningSession, book
from costtop.detect.settings import Settings
from costtop.durations import DAY
from costtop.model import Spend
from costtop.named_tuples import NamedTuple
from costtop.queries.sessions import finished_sessions, session
from costtop.queries.why import day_sessions
from costtop.queries.why.day_sessions import DaySession
from costtop.store import meta
from costtop.store.calls import floors
from costtop.store.db import snapshot
from costtop.store.sessions import finished_peers, short_ids
from costtop.store.sessions.past_spends import History
from costtop.sum_floors import Sum

_KNOWN = 28 * DAY  # that sessions are looked for


class WhySession(NamedTuple):
    """The answer to `costtop why SESSION`."""

    key: str  # "source/session"
    id: str  # what to type for it
    zone: str
    began: int
    last: int
    spent: Sum
    session: DaySession  # as its whole life has it
    compared: Compared  # with its peers
    models: tuple[tuple[str, int], ...]  # and what each cost, dearest first
    days: tuple[tuple[int, int], ...]  # (start of a local day, cost), oldest first
    contexts: tuple[int, int]  # tokens of its first and its last prompt
    missing: tuple[str, ...]  # what its cost is short of, in words


def read(db: sqlite3.Connection, key: str, now: int, tz: ZoneInfo) -> WhySession | None:
    """The session "source/session"; None where it has made no call that can be read."""
    detail = session.read(db, key)
    with snapshot(db):
        history = History(db)
        root = history.root_id(key)
        if root is None or detail is None:
            return None
        spends = sorted(history.of_roots([root]), key=lambda spend: spend.call.at)
        short = floors.of(db, "s.root = ?", (root,))
    if not spends:
        return None
    began, last, name = spends[0].call.at, spends[-1].call.at, short_ids.of(db, key)
    whole = day_sessions.of_calls(spends, began, last + 1)
    return WhySession(
        key=key,
        id=name,
        zone=tz.key,
        began=began,
        last=last,
        spent=Sum(detail.total, len(spends), short),
        session=whole._replace(steps=tuple(one._replace(id=name) for one in whole.steps)),
        compared=_compared(db, key, spends, now),
        models=_models(spends),
        days=_days(spends, tz),
        contexts=(detail.first_context, detail.last_context),
        missing=detail.missing,
    )


def _compared(db: sqlite3.Connection, key: str, spends: list[Spend], now: int) -> Compared:
    """The session beside its peers, as alerts and the live list have it."""
    session, loops = RunningSession(spends[0]), loop.Loop()
    for spend in map(as_it_was, spends):
        loop.take(session, loops, spend, book(session, spend))
    groups = PeerGroups(Settings(min_peers=meta.shared(db).min_peers))
    for peer in _peers(db, now):
        if peer.root != key:
            groups.add(peer)
    view = groups.view(session.source, session.feature, session.estimated, session.label)
    return compared(session, view, {})


def _peers(db: sqlite3.Connection, now: int) -> Iterator[Peer]:
    """Finished sessions as the daemon keeps them; where none has run, from the calls themselves."""
    kept = [finished_peer.restore(json.loads(text)) for text in finished_peers.texts(db)]
    if kept:
        yield from kept
        return
    ended = now - meta.shared(db).finished_after
    lives = finished_sessions.read(db, now - _KNOWN, now)
    yield from (life.peer for life in lives if life.last < ended)


def _models(spends: list[Spend]) -> tuple[tuple[str, int], ...]:
    costs: dict[str, int] = {}
    for spend in spends:
        costs[spend.call.model] = costs.get(spend.call.model, 0) + (spend.cost or 0)
    return tuple(sorted(costs.items(), key=lambda pair: (-pair[1], pair[0])))


def _days(spends: list[Spend], tz: ZoneInfo) -> tuple[tuple[int, int], ...]:
    costs: dict[int, int] = {}
    for spend in spends:
        day = periods.start_of("day", spend.call.at, tz)
        costs[day] = costs.get(day, 0) + (spend.cost or 0)
    return tuple(sorted(costs.items()))
