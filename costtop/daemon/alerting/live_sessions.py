"""The running sessions as the detectors know them, kept in step with the store.

After a start they are rebuilt: finished sessions from the peers that the store keeps, those that
had not finished from their calls, in the order in which they came. Where no peers are kept (the
first start, another configuration, new prices) all calls of four weeks are read, once.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter

from costtop.alerts.choose import HISTORY_AFTER
from costtop.analysis import why
from costtop.detect.monitor import Monitor, as_it_was
from costtop.detect.sessions import finished_peer
from costtop.detect.settings import Settings
from costtop.detect.watched_sessions import MemoryShelf, Shelf
from costtop.model import Finding, Spend
from costtop.store import meta
from costtop.store.alerts import standings
from costtop.store.calls.calls import Recorded
from costtop.store.sessions import finished_peers
from costtop.store.sessions.past_spends import History

WATCHED = "watched"  # meta: the row of the call that was judged last
IMPORTED = "imported"  # meta: what had arrived by then, ms UTC, was there before costtop
_DEEDS = "deeds_judged"  # meta: the row of the journal whose kill was taken in last
_stretch = itemgetter(*map(Spend._fields.index, ("root", "new", "seen")))
_FORM = 3  # to be raised where a detector keeps something else of a session


class LiveSessions:
    """A monitor with the store behind it."""

    def __init__(self, settings: Settings, shelf: Callable[[], Shelf] = MemoryShelf) -> None:
        self._settings, self._shelf = settings, shelf
        self._monitor = Monitor(settings)
        self._deed = 0
        self._reread: set[str] = set()  # sessions whose calls were read in this commit

    def learn(self, db: sqlite3.Connection, now: int) -> None:
        """Takes judged history silently, from any read-only connection; slow, for a thread."""
        monitor, history = Monitor(self._settings, self._shelf()), History(db)
        imported, last, since = _imported(db), judged(db), now - self._settings.window_ms
        kept = finished_peers.read(db, self._form())
        if kept is None:
            ends, kills = finished_peers.ends(db, since, imported), finished_peers.kills(db, 0)
            monitor.foretell(ends, (end for _, end in kills))
            monitor.learn(_known(history.upto(since, last, imported), imported, monitor))
        else:
            spends = history.of_roots(finished_peers.unfinished(db, since), last, imported)
            past = (finished_peer.restore(json.loads(text)) for text in kept)
            monitor.learn(_known(spends, imported, monitor), past)
        self._deed = int(meta.get(db, _DEEDS) or finished_peers.newest_deed(db))
        self._monitor = monitor

    def catch_up(self, db: sqlite3.Connection, spends: Iterable[Spend], now: int) -> list[Finding]:
        """Judges what came since `learn`, in order; from here on the peers are kept."""
        self._monitor.foretell(finished_peers.ends(db, now - HISTORY_AFTER, _imported(db)))
        found: list[Finding] = []
        for spend in spends:
            found += chain.from_iterable(self.judge(db, [spend], spend.seen))
        found += self.tick(db, now)
        finished_peers.begin(db, self._form(), now - self._settings.window_ms)
        return found

    def judge(
        self, db: sqlite3.Connection, spends: Iterable[Spend], now: int
    ) -> Iterator[list[Finding]]:
        """What each of some stored calls has made true, in their order."""
        for (root, new, _), stretch in groupby(spends, _stretch):
            left = iter(stretch)
            for spend in left:
                if not self._is_at_hand(db, spend, now):
                    yield []  # an old log taken in late: nothing that runs now
                elif new:
                    yield from self._monitor.follow(spend, left)
                elif root in self._reread:
                    yield []  # what grew is in the calls that were just read
                else:
                    yield self._monitor.observe(spend)

    def _is_at_hand(self, db: sqlite3.Connection, spend: Spend, now: int) -> bool:
        """Whether it is judged: earlier calls of its session are in memory from here on."""
        if not self._monitor.knows(spend.root):
            if spend.call.at < now - HISTORY_AFTER:
                return False
            if self._resumed(db, spend.root):
                self._reread.add(spend.root)
        return True

    def after(self, db: sqlite3.Connection, recorded: Recorded, now: int) -> list[Finding]:
        """What tool outcomes and ends of a commit have made true, besides its calls."""
        found: list[Finding] = []
        for spend in History(db).of_keys(_answered_late(recorded)):
            if self._monitor.knows(spend.root):
                found += self._monitor.observe(spend)
        for root in recorded.ended:
            found += self._monitor.finish(root, now)
        self._reread.clear()
        return found

    def tick(self, db: sqlite3.Connection, now: int) -> list[Finding]:
        """What time alone has changed, and kills."""
        found: list[Finding] = []
        kills = finished_peers.kills(db, self._deed)
        for row, end in kills:
            found += self._monitor.finish(end.root, end.at, stopped=True)
            self._deed = row
        if kills:
            meta.put(db, {_DEEDS: str(self._deed)})
        return found + self._monitor.tick(now)

    def rest(self, now: int) -> bool:
        """Lets some quiet sessions take less memory; whether there may be more of them."""
        return self._monitor.rest(now)

    def keep(self, db: sqlite3.Connection) -> None:
        """Writes down which sessions have finished or gone on since the last time.

        And where the flagged ones among them stand.
        """
        stood = self._monitor.stood()
        if stood:
            standings.keep(db, {root: why.encoded(one) for root, one in stood.items()})
        rows = [(one.root, one.at, json.dumps(one)) for one in self._monitor.finished()]
        gone = self._monitor.reopened()
        if rows or gone:
            finished_peers.keep(db, rows, gone)

    def reread(self, db: sqlite3.Connection, roots: Iterable[str]) -> None:
        """Takes sessions anew whose stored calls have grown while nobody looked."""
        for root in roots:
            if self._monitor.knows(root):
                self._monitor.forget(root)
                self._resumed(db, root)

    def _resumed(self, db: sqlite3.Connection, root: str) -> bool:
        """Reads the earlier calls of a session that memory does not hold; whether it has any."""
        history, last, imported = History(db), judged(db), _imported(db)
        row = history.root_id(root)
        if row is None or not finished_peers.has_earlier(db, row, last):
            return False
        spends: Sequence[Spend] = list(history.of_roots([row], last, imported))
        self._monitor.resume(_as_they_came(spends, imported))
        return True

    def _form(self) -> str:
        return f"{_FORM} {self._settings.finished_after}"


def _answered_late(recorded: Recorded) -> list[bytes]:
    """Keys of calls that outcomes came for without the calls themselves."""
    if not recorded.answered:
        return []
    came = {spend.call.key for spend in recorded.spends}
    return [key for key in recorded.answered if key not in came]


def judged(db: sqlite3.Connection) -> int:
    """The row of the call that was judged last. Without one, a first import: all is history."""
    text = meta.get(db, WATCHED)
    return int(text) if text else History(db).newest()


def _imported(db: sqlite3.Connection) -> int:
    return int(meta.get(db, IMPORTED) or 0)


def _as_they_came(spends: Iterable[Spend], imported: int) -> Iterable[Spend]:
    """What was imported comes as if it had arrived when it was made."""
    return (as_it_was(spend) if spend.seen <= imported else spend for spend in spends)


def _known(spends: Iterable[Spend], imported: int, monitor: Monitor) -> Iterable[Spend]:
    """The same, without old logs that were taken in late: they were not judged either."""
    for spend in _as_they_came(spends, imported):
        if spend.call.at >= spend.seen - HISTORY_AFTER or monitor.knows(spend.root):
            yield spend
