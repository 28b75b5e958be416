"""All that is known of one session: calls, curve, ledger, peers, deeds. It draws nothing.

One read transaction; a session with thousands of calls takes a while, so the screen asks only when
the session has moved.
"""

import sqlite3
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from costtop.analysis import ledger
from costtop.analysis.quantiles import median, quantile
from costtop.detect.rules import loop
from costtop.model import Spend
from costtop.queries.live.session_state import FINISHED_AFTER
from costtop.queries.moment import moment
from costtop.store.sessions.past_spends import History

CALLS_KEPT = 500  # latest ones of the timeline
_PEER_WINDOW = 28 * 86_400_000  # ms
_PEERS_KEPT = 400
_FEWEST_PEERS = 5


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


class Peers(NamedTuple):
    """Finished sessions that it is compared with."""

    level: str  # feature | source | all
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
    peers: Peers | None
    deeds: tuple[Deed, ...]
    first_context: int
    last_context: int


def read(db: sqlite3.Connection, key: str, now: int) -> SessionDetail | None:
    """The session "source/session"; None where there is none."""
    with moment(db):
        history = History(db)
        root = history.root_id(key)
        if root is None:
            return None
        spends = sorted(history.of_roots([root]), key=lambda spend: spend.call.at)
        return _made(key, spends, _peers(db, root, now), _deeds(db, key))


def _made(
    key: str, spends: Sequence[Spend], peers: Peers | None, deeds: tuple[Deed, ...]
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
        at=call.at, agent=call.agent, model=call.model,
        tools=tuple(tool.name for tool in call.tools),
        failed=sum(tool.error is True for tool in call.tools), error=call.status == "error",
        input=call.tokens.input, cache_read=call.tokens.cache_read, output=call.tokens.output,
        cost=spend.cost, total=total,
    )  # fmt: skip


def _books(spends: Sequence[Spend]) -> tuple[tuple[str, int], ...]:
    amounts = zip(ledger.BUCKETS, ledger.session(spends, loop.repeats(spends)), strict=True)
    return tuple(sorted(((n, a) for n, a in amounts if a), key=lambda pair: -pair[1]))


def _peers(db: sqlite3.Connection, root: int, now: int) -> Peers | None:
    """The narrowest group with enough finished sessions: its feature, its source, all."""
    source, feature = db.execute(
        "SELECT source, feature FROM sessions WHERE id = ?", (root,)
    ).fetchone()
    for level, where, value in (
        ("feature", "r.feature = ? AND r.feature <> 0", feature),
        ("source", "r.source = ?", source),
        ("all", "0 = ?", 0),
    ):
        costs = [
            row[0]
            for row in db.execute(
                "SELECT sum(s.cost) FROM sessions s JOIN sessions r ON r.id = s.root"
                f" WHERE r.last >= ? AND r.last < ? AND r.id <> ? AND {where}"
                " GROUP BY s.root HAVING sum(s.calls) > 0 AND sum(s.unpriced) = 0"
                " ORDER BY r.last DESC LIMIT ?",
                (now - _PEER_WINDOW, now - FINISHED_AFTER, root, value, _PEERS_KEPT),
            )
        ]
        if len(costs) >= _FEWEST_PEERS:
            costs.sort()
            name = db.execute("SELECT text FROM names WHERE id = ?", (value,)).fetchone()
            return Peers(level, name[0] if level != "all" and name else "", len(costs),
                         round(median(costs)), round(quantile(costs, 0.95)))  # fmt: skip
    return None


def _deeds(db: sqlite3.Connection, key: str) -> tuple[Deed, ...]:
    rows = db.execute(
        "SELECT at, by, deed, detail FROM deeds WHERE session = ? ORDER BY id DESC LIMIT 20", (key,)
    )
    return tuple(Deed(*row) for row in rows)
