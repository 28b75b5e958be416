"""Rows to notifications: what was just committed, against budgets and detectors, in one go.

It runs in the transaction of the calls, so an alert stands or falls with its cause. It finds by
`detect` and tells by `tell`; it holds no rule of its own.

What it knows is rebuilt after a start: silently for every call that an earlier daemon has judged,
aloud for those that came since. A first import is all history, so it is learnt silently too.
"""

import sqlite3
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from costtop.alerts.choose import HISTORY_AFTER
from costtop.daemon import breakers
from costtop.daemon.tell import Audience, gather, tell
from costtop.detect.budgets import Account, Budgets
from costtop.detect.settings import Settings
from costtop.detect.vigil import Vigil
from costtop.model import Budget, Finding, Spend
from costtop.store import meta, scope
from costtop.store.calls import Recorded
from costtop.store.history import History

_WATCHED = "watched"  # meta: the row of the call that was judged last
_LEARNT = 28 * 86_400_000  # ms of history that detectors learn from


class Watch:
    """Judges every commit once it is awake; what passes before that, `wake_up` judges."""

    def __init__(
        self,
        settings: Settings,
        budgets: tuple[Budget, ...],
        tz: ZoneInfo,
        audience: Audience,
        posted: Callable[[], None],
    ) -> None:
        self._settings, self._tz = settings, tz
        self._audience, self._posted = audience, posted
        self._limits = budgets
        self._holding = any(budget.action != "notify" for budget in budgets)
        self._budgets = Budgets(budgets, tz)
        self._vigil = Vigil(settings)
        self.begun = False  # what is committed from now on is news, even while it still learns
        self.awake = False

    def begin(self, db: sqlite3.Connection, now: int) -> None:
        """Draws the line after a first import, once: what is true before it is history."""
        if not meta.get(db, _WATCHED):
            self._recount(db, now)
            self._tell(db, self._budgets.assess(now), now, history=True)
        self.begun = True

    def learn(self, db: sqlite3.Connection, now: int) -> None:
        """Takes judged history silently, from any read-only connection; slow, for a thread."""
        vigil = Vigil(self._settings)
        history = History(db)
        vigil.learn(history.upto(now - _LEARNT, judged(db)))
        self._vigil = vigil

    def wake_up(self, db: sqlite3.Connection, now: int) -> None:
        """From here on every commit is judged; those since `begin` are judged now."""
        self._recount(db, now)
        found: list[Finding] = []
        for spend in History(db).after(judged(db)):
            found += self._vigil.observe(spend._replace(seen=now))
        found += self._budgets.assess(now)
        self._tell(db, found, now)
        self.awake = True

    def fall_asleep(self) -> None:
        """A transaction was rolled back: what was learnt from it has to be learnt again."""
        self.awake = False

    def after(self, db: sqlite3.Connection, recorded: Recorded, now: int) -> None:
        """Judges what a transaction has recorded, inside it."""
        if not self.awake:
            return
        found: list[Finding] = []
        for spend in recorded.spends:
            found += self._judge(db, spend, now)
        seen = {spend.call.key for spend in recorded.spends}
        answered = [key for key in recorded.answered if key not in seen]
        for spend in History(db).of_keys(answered):
            found += self._vigil.observe(spend)
        if recorded.removed:
            self._recount(db, now)
        self._tell(db, found, now)

    def _judge(self, db: sqlite3.Connection, spend: Spend, now: int) -> list[Finding]:
        for account in self._budgets.unknown(spend):
            self._fill(db, account)
            own = (spend.cost or 0) - (spend.previous or 0)
            self._budgets.fill(account.budget.name, spend.call.at, -own)
        found = self._budgets.observe(spend, now)
        if spend.call.at < now - HISTORY_AFTER and not self._vigil.knows(spend.root):
            return found  # an old log taken in late: nothing that runs now
        return found + self._vigil.observe(spend)

    def tick(self, db: sqlite3.Connection, now: int) -> None:
        """What time alone has changed; lets go letters that were held back."""
        if self.awake:
            self._tell(db, self._vigil.tick(now) + self._budgets.tick(now), now)
        if gather(db, self._audience, now):
            self._posted()

    def _tell(
        self,
        db: sqlite3.Connection,
        found: Iterable[Finding],
        now: int,
        *,
        history: bool = False,
    ) -> None:
        decided = tell(db, list(found), self._audience, now, history=history)
        if any(one.speaks for one in decided):
            self._posted()
        if (self._holding or not self.awake) and self.look(db, now):
            self._posted()
        newest = str(History(db).newest())
        if newest != meta.get(db, _WATCHED):
            meta.put(db, {_WATCHED: newest})

    def _recount(self, db: sqlite3.Connection, now: int) -> None:
        self._budgets = Budgets(self._limits, self._tz)
        for account in self._budgets.wanted(now):
            self._fill(db, account)
            self._budgets.recall(account.budget.name, account.span.key, told(db, account))

    def look(self, db: sqlite3.Connection, now: int) -> bool:
        """Looks at the breakers of budgets; True where a message was posted."""

        def spent(name: str) -> int:
            return self._budgets.spent(name, now)

        return breakers.look(db, self._limits, spent, self._tz, self._audience, now)

    def _fill(self, db: sqlite3.Connection, account: Account) -> None:
        name, span = account.budget.name, account.span
        rows = scope.quarters(db, dict(account.budget.scope), span.start, span.end)
        for at, cost, unpriced in rows:
            moment = min(max(at, span.start), span.end - 1)
            self._budgets.fill(name, moment, cost, unpriced=unpriced > 0)


def judged(db: sqlite3.Connection) -> int:
    """The row of the call that was judged last. Without one, a first import: all is history."""
    text = meta.get(db, _WATCHED)
    return int(text) if text else History(db).newest()


def told(db: sqlite3.Connection, account: Account) -> list[int]:
    """Tiers of the budget's period that the ledger knows."""
    rows = db.execute(
        "SELECT tier FROM alerts WHERE rule = 'budget_tier' AND budget = ? AND period = ?",
        (account.budget.name, account.span.key),
    )
    return [row[0] for row in rows]
