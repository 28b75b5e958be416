"""Sessions of a span as they went: every call booked once, retries told apart. It judges nothing.

One pass over the stored calls, by event time; about 15 ms for a thousand of them. Money is int
nano-dollars, times are ms UTC.
"""

import sqlite3

from costtop.analysis import ledger
from costtop.analysis.caching import Caching, CachingSums
from costtop.analysis.drivers import SessionUsage
from costtop.detect.monitor import as_it_was
from costtop.detect.rules import loop
from costtop.detect.sessions.finished_peer import Peer
from costtop.detect.sessions.running_session import (
    TURN,
    RunningSession,
    book,
    remember,
    usage,
)
from costtop.model import Spend
from costtop.named import NamedTuple
from costtop.store.sessions.past_spends import History


class Life(NamedTuple):
    """One root session, subagents included, as far as it lies in the span."""

    root: str  # "source/session"
    feature: str
    began: int
    last: int
    whole: bool  # it began in the span; else its first turns are missing here
    peer: Peer  # its totals
    usage: SessionUsage
    books: ledger.Books
    caching: Caching

    @property
    def cost(self) -> int:
        """What its calls in the span cost; a floor where some have no price."""
        return sum(self.books)

    @property
    def retries(self) -> int:
        """Dollars of turns that repeated earlier ones."""
        return self.books[ledger.RETRIES]


def read(db: sqlite3.Connection, since: int, until: int) -> list[Life]:
    """The sessions with calls in [since, until), in order of their first one there."""
    lives: list[tuple[int, int, Life]] = []
    older = _begun_before(db, since)
    for family in History(db).families(since, until):
        first, spends = family[0][0], [as_it_was(spend) for _, spend in family]
        life = _life(spends, whole=spends[0].root not in older)
        lives.append((life.began, first, life))
    lives.sort(key=lambda one: one[:2])
    return [life for _, _, life in lives]


def _life(spends: list[Spend], *, whole: bool) -> Life:
    session, loops, cached = RunningSession(spends[0]), loop.Loop(), CachingSums()
    for spend in spends:
        before = session.before
        moved = book(session, spend)
        loop.take(session, loops, spend, moved)  # repeated turns become retries
        if moved == TURN and session.step is not None:
            cached.take(spend, before, session.step)
        else:
            cached.saved(spend)
    last = spends[-1].call.at
    return Life(
        root=session.root,
        feature=session.feature,
        began=spends[0].call.at,
        last=last,
        whole=whole,
        peer=remember(session, last, censored=False),
        usage=usage(session),
        books=tuple(session.books.total),
        caching=cached.sums(),
    )


def _begun_before(db: sqlite3.Connection, since: int) -> set[str]:
    rows = db.execute(
        "SELECT n.text || '/' || r.session FROM sessions s JOIN sessions r ON r.id = s.root"
        " JOIN names n ON n.id = r.source WHERE s.last >= ? AND s.started < ?",
        (since, since),
    )
    return {row[0] for row in rows}
