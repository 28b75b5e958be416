"""All that is known of one session: calls, curve, ledger, peers, deeds.

One read transaction; a session with thousands of calls takes a while, so the screen asks only when
the session has moved.
"""

import sqlite3
from collections.abc import Sequence
from itertools import accumulate

from costtop.analysis import ledger, why
from costtop.analysis.quantiles import quantile
from costtop.detect.rules import loop
from costtop.detect.sessions.finished_peer import COST, Peer, of_cost
from costtop.detect.sessions.peers import PeerGroups
from costtop.detect.settings import Settings
from costtop.model import Spend
from costtop.named_tuples import NamedTuple
from costtop.queries.gates import gate_of
from costtop.queries.spending import floor_words, unlogged
from costtop.store import meta
from costtop.store.alerts import standings
from costtop.store.calls import floors
from costtop.store.db import snapshot
from costtop.store.forgetting import thinning
from costtop.store.sessions import finished_peers
from costtop.store.sessions.past_spends import History

CALLS_KEPT = 500  # latest ones of the timeline


class CallLine(NamedTuple):
    """One call of the timeline."""

    at: int
    agent: str
    model: str
    tools: tuple[str, ...]
    failed: int  # tools whose outcome was an error
    error: bool  # the request itself failed
    input: int
    cache_read: int
    output: int
    cost: int | None  # None: no price
    total: int  # cost of the session up to and with it


class FinishedPeers(NamedTuple):
    """Finished sessions that it is compared with."""

    level: str  # feature | label | source | all
    name: str
    size: int  # how many
    median: int  # nano-dollars
    p95: int


class Deed(NamedTuple):
    """What a user or the daemon did to it."""

    at: int
    by: str
    deed: str
    detail: str


class SessionDetail(NamedTuple):
    """One session with its subagents."""

    key: str
    calls: tuple[CallLine, ...]  # the latest, oldest first
    curve: tuple[tuple[int, int], ...]  # (ms, cost so far), in order of time
    books: tuple[tuple[str, int], ...]  # (bucket of the ledger, nano-dollars), dearest first
    total: int
    p50: int | None  # of the cost of a call
    p95: int | None
    peers: FinishedPeers | None
    deeds: tuple[Deed, ...]
    first_context: int
    last_context: int
    missing: tuple[str, ...] = ()  # what the total is short of, in words
    beside: tuple[str, ...] = ()  # what no log tells, in words: estimates, the agent's own total
    thinned: int | None = None  # ms: up to then its tools are not kept any more (`compact`)
    gate: int | None = None  # ms: when its gate was last called; 0: never; None: it is no agent's


def read(db: sqlite3.Connection, key: str) -> SessionDetail | None:
    """The session "source/session"; None where there is none."""
    with snapshot(db):
        history = History(db)
        root = history.root_id(key)
        if root is None:
            return None
        spends = sorted(history.of_roots([root]), key=lambda spend: spend.call.at)
        peers = _stood(db, key) or (_peers(db, key, spends[0]) if spends else None)
        short = floors.of(db, "s.root = ?", (root,))
        likely = floor_words.likely(db, root=root) if short.placeholder else None
        made = _made(key, spends, peers, _deeds(db, key))
        beside = tuple(unlogged.of(db, root).words())
        return made._replace(
            missing=tuple(floor_words.words(short, likely)),
            beside=beside,
            thinned=thinning.thinned(db, root),
            gate=gate_of(db, key),
        )


def _made(
    key: str, spends: Sequence[Spend], peers: FinishedPeers | None, deeds: tuple[Deed, ...]
) -> SessionDetail:
    totals = list(accumulate(spend.cost or 0 for spend in spends))
    priced = sorted(spend.cost for spend in spends if spend.cost is not None)
    own = [spend.call.tokens.input for spend in spends if ledger.is_root(spend)]
    lines = [_line(*pair) for pair in zip(spends, totals, strict=True)]
    return SessionDetail(
        key=key,
        calls=tuple(lines[-CALLS_KEPT:]),
        curve=tuple((spend.call.at, total) for spend, total in zip(spends, totals, strict=True)),
        books=_books(spends),
        total=totals[-1] if totals else 0,
        p50=round(quantile(priced, 0.5)) if priced else None,
        p95=round(quantile(priced, 0.95)) if priced else None,
        peers=peers,
        deeds=deeds,
        first_context=own[0] if own else 0,
        last_context=own[-1] if own else 0,
    )


def _line(spend: Spend, total: int) -> CallLine:
    call = spend.call
    return CallLine(
        at=call.at,
        agent=call.agent,
        model=call.model,
        tools=tuple(tool.name for tool in call.tools),
        failed=sum(tool.error is True for tool in call.tools),
        error=call.status == "error",
        input=call.tokens.input,
        cache_read=call.tokens.cache_read,
        output=call.tokens.output,
        cost=spend.cost,
        total=total,
    )


def _books(spends: Sequence[Spend]) -> tuple[tuple[str, int], ...]:
    amounts = zip(ledger.BUCKETS, ledger.session(spends, loop.repeats(spends)), strict=True)
    return tuple(sorted(((n, a) for n, a in amounts if a), key=lambda pair: -pair[1]))


def _stood(db: sqlite3.Connection, key: str) -> FinishedPeers | None:
    """The peers that its alert and its row in the list were compared with; None of a plain one."""
    text = standings.of(db, [key]).get(key)
    found = None if text is None else why.decoded(text)
    if found is None or not found.peers:
        return None
    return FinishedPeers(
        level=found.level,
        name=found.of if found.level != "all" else "",
        size=found.peers,
        median=found.median,
        p95=found.high,
    )


def _peers(db: sqlite3.Connection, key: str, first: Spend) -> FinishedPeers | None:
    """The narrowest group with enough finished sessions, as the detectors have them."""
    peers = PeerGroups(Settings(min_peers=meta.shared(db).min_peers))
    for values in finished_peers.values(db, map(Peer._fields.index, COST)):
        peer = of_cost(**dict(zip(COST, values, strict=True)))
        if peer.root != key:
            peers.add(peer)
    source = key.partition("/")[0]
    view = peers.view(source, first.feature, first.call.estimated, first.label)
    usual = view.shown()  # also all sessions, named: for words, nobody is judged by them
    if usual is None:
        return None
    names = {"feature": first.feature, "label": first.label, "source": source, "all": ""}
    return FinishedPeers(usual.level, names[usual.level], usual.peers, usual.median, usual.high)


def _deeds(db: sqlite3.Connection, key: str) -> tuple[Deed, ...]:
    rows = db.execute(
        "SELECT at, by, deed, detail FROM deeds WHERE session = ? ORDER BY id DESC LIMIT 20", (key,)
    )
    return tuple(Deed(*row) for row in rows)
