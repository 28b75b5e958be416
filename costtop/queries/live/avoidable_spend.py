"""What today's sessions paid for cache misses and retries.

Sessions are worked out the dearest first and remembered until they move, a bounded number of calls
at a time: a frame waits for some tens of milliseconds at most, and the sum is a floor meanwhile.
"""

import sqlite3

from costtop.analysis import ledger
from costtop.detect.rules import loop
from costtop.named_tuples import NamedTuple
from costtop.store.db import snapshot
from costtop.store.sessions.past_spends import History

_CALLS = 1_500  # worked out at a time
_LONGEST = 5_000  # calls of a session; a longer one is left out: it would hold up the frames
_KNOWN_FOR = 180_000  # ms between two looks when all is known
_SOON, _MORE = 5_000, 30_000  # ms until the first look; between two when some were never looked at
_MOVED_FOR = 60_000  # ms between two where sessions that were have spent since


class Waste(NamedTuple):
    """Nano-dollars of today, and whether sessions are missing from them."""

    amount: int
    floor: bool


class Avoidable:
    """Remembers what each session of today could have saved."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int, int]] = {}  # root: calls, cost, amount
        self._today = 0
        self.due = 0  # ms UTC: when it is looked again; 0: not looked yet
        self._has_new = True  # sessions that were never looked at
        self._of = -1  # the revision that it was worked out of
        self.waste: Waste | None = None  # None: not looked yet

    def look(self, db: sqlite3.Connection, now: int, today: int, rev: int) -> Waste | None:
        """The sum since `today` (ms UTC), moved on where it is time to; `db` is a reader's.

        `rev` is that of the frame: since an earlier one there may be more, so the sum is a floor.
        """
        if not self.due:
            self.due = now + _SOON  # the first frame is not kept waiting
        elif now >= self.due:
            with snapshot(db):
                self.waste, self._of = self._worked(db, today), rev
            floor = _MORE if self._has_new else _MOVED_FOR
            self.due = now + (floor if self.waste.floor else _KNOWN_FOR)
        stale = self.waste is not None and rev != self._of
        return self.waste._replace(floor=True) if stale and self.waste else self.waste

    def _worked(self, db: sqlite3.Connection, today: int) -> Waste:
        if today != self._today:
            self._today, self._known = today, {}
        left, floor, history = _CALLS, False, History(db)
        self._has_new = False
        moved = [one for one in _roots(db, today) if self._known.get(one[0], (0, 0))[:2] != one[1:]]
        for root, calls, cost in sorted(moved, key=lambda one: one[0] in self._known):
            if left <= 0 or calls > _LONGEST:
                floor = True
                self._has_new |= root not in self._known and calls <= _LONGEST
                continue
            left -= calls
            self._known[root] = calls, cost, _of(history, root, today)
        return Waste(sum(amount for _, _, amount in self._known.values()), floor)


def _roots(db: sqlite3.Connection, today: int) -> list[tuple[int, int, int]]:
    """(root, calls, cost) of the sessions active since then, the dearest first."""
    return db.execute(
        "SELECT root, sum(calls), sum(cost) FROM sessions WHERE root IN"
        " (SELECT root FROM sessions WHERE last >= ?)"
        " GROUP BY root HAVING sum(cost) > 0 ORDER BY sum(cost) DESC",
        (today,),
    ).fetchall()


def _of(history: History, root: int, today: int) -> int:
    spends = sorted(history.of_roots([root]), key=lambda spend: spend.call.at)
    return ledger.avoidable(ledger.session(spends, loop.repeats(spends), since=today))
