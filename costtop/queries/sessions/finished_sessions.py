"""Sessions of a span as they went: every call booked once, retries told apart. It judges nothing.

One pass over the stored calls, by event time; about 15 ms for a thousand of them. Money is int
nano-dollars, times are ms UTC.
"""

import sqlite3

from costtop.analysis import caching, ledger
from costtop.analysis.caching import Caching
from costtop.analysis.drivers import SessionUsage
from costtop.detect.monitor import as_it_was
from costtop.detect.rules import loop
from costtop.detect.sessions.finished_peer import Peer
from costtop.detect.sessions.running_session import RunningSession, book, remember, usage
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
    spends: dict[str, list[Spend]] = {}
    for spend in History(db).between(since, until):
        spends.setdefault(spend.root, []).append(as_it_was(spend))
    older = _begun_before(db, since)
    return [_life(mine, whole=root not in older) for root, mine in spends.items()]


def _life(spends: list[Spend], *, whole: bool) -> Life:
    session, loops = RunningSession(spends[0]), loop.Loop()
    for spend in spends:
        loop.take(session, loops, spend, book(session, spend))  # repeated turns become retries
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
        caching=caching.caching(spends),
    )


def _begun_before(db: sqlite3.Connection, since: int) -> set[str]:
    rows = db.execute(
        "SELECT n.text || '/' || r.session FROM sessions s JOIN sessions r ON r.id = s.root"
        " JOIN names n ON n.id = r.source WHERE s.last >= ? AND s.started < ?",
        (since, since),
    )
    return {row[0] for row in rows}
