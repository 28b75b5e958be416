"""Sessions of a span as they went: every call booked once, retries told apart.

What the daemon keeps of sessions at rest is taken as it stands, where all of one lies in the span;
else one pass over the stored calls, by event time: some 25 ms for a thousand of them. Both give the
same. Money is int nano-dollars, times are ms UTC.
"""

import json
import sqlite3

from costtop import __version__
from costtop.analysis import ledger
from costtop.analysis.caching import Caching, CachingSums
from costtop.analysis.drivers import SessionUsage
from costtop.detect.monitor import as_it_was
from costtop.detect.rules import loop
from costtop.detect.sessions.finished_peer import Peer, restore
from costtop.detect.sessions.running_session import (
    TURN,
    RunningSession,
    book,
    remember,
    usage,
)
from costtop.model import Spend
from costtop.named_tuples import NamedTuple
from costtop.store.sessions import resting_totals
from costtop.store.sessions.past_spends import History
from costtop.store.sessions.resting_totals import KeptLife


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


FORM = f"{__version__} 1"  # of the kept texts; the number moves with what is worked out


def read(db: sqlite3.Connection, since: int, until: int) -> list[Life]:
    """The sessions with calls in [since, until), in order of their first one there."""
    older = _begun_before(db, since)
    kept = resting_totals.read(db, FORM, since, until)
    lives = [(one.began, one.first, _restored(one)) for one in kept]
    history, known = History(db), {one.session for one in kept}
    for root in history.roots(since, until) - known:
        if family := history.family(root, since, until):
            life = _life([as_it_was(spend) for _, spend in family])
            lives.append((life.began, family[0][0], life))
    lives.sort(key=lambda one: one[:2])
    return [life._replace(whole=life.root not in older) for _, _, life in lives]


def worked_out(db: sqlite3.Connection, root: int) -> KeptLife | None:
    """The life of a whole root session row as it is kept; None without a call."""
    family = History(db).family(root, 0, 1 << 62)
    if not family:
        return None
    life = _life([as_it_was(spend) for _, spend in family])
    told = [life.feature, life.peer, life.usage, life.books, life.caching]
    text = json.dumps(told, separators=(",", ":"))
    return KeptLife(root, life.began, life.last, family[0][0], text)


def _restored(kept: KeptLife) -> Life:
    feature, peer, used, books, cached = json.loads(kept.text)
    return Life(
        root=peer[0],
        feature=feature,
        began=kept.began,
        last=kept.last,
        whole=True,
        peer=restore(peer),
        usage=SessionUsage(*used),
        books=tuple(books),
        caching=Caching(*cached),
    )


def _life(spends: list[Spend]) -> Life:
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
        whole=True,
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
