"""Budgets: what is spent of each in its periods, and which tiers that has reached.

It reads no store and no clock: spend comes in as values, `now` as an argument, and what was already
said comes from the caller (`recall`). A tier is spoken once per budget and period, never un-sent: a
correction downwards only ends its level, 5 % below the tier (DETECTION 3.6).

After a start the caller does, for every budget: `recall` with the tiers already recorded, `fill`
with the stored sums of the periods that `wanted` names, oldest first (a quarter of an hour each; of
the last `FINE` each minute, for burns and rolling windows count minutes), then `assess`. When a
whole history was just imported it records what `assess` gives unsent.
"""

from collections.abc import Iterable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.detect.budgets import burn, tiers
from costtop.detect.budgets.account import Purse, Tally
from costtop.detect.budgets.window import Sliding
from costtop.model import Budget, Finding, Spend
from costtop.periods import Span
from costtop.scope import FIELDS, matches

FINE = 73 * periods.HOUR  # ms: the longest window of a burn, and an hour
HYSTERESIS = 5  # per cent of the tier by which spend must fall before its level ends
_REMEMBERED = 4096  # combinations of feature, user, project, model, session whose budgets are known


class Account(NamedTuple):
    """One period of a budget that the caller should fill: sums of [span.start, span.end)."""

    budget: Budget
    span: Span


class Budgets:
    """All budgets and what is spent of them; `observe` says which tiers a call has reached."""

    def __init__(self, budgets: Iterable[Budget], tz: ZoneInfo) -> None:
        self._tz = tz
        self._purses = {budget.name: Purse(budget) for budget in budgets}
        self._matching: dict[tuple[str, ...], tuple[Purse, ...]] = {}

    def observe(self, spend: Spend, now: int) -> list[Finding]:
        """Count a stored call (or the growth of one) and say which tiers and burns it reached."""
        purses = self._purses_of(spend)
        if not purses:
            return []
        amount = (spend.cost or 0) - (spend.previous or 0)
        at = spend.call.at
        found: list[Finding] = []
        for purse in purses:
            ledger = purse.add(at, now, amount, self._tz)
            ledger.unpriced |= spend.cost is None
            found += _levels(purse, ledger, at, now, self._tz)
            found += purse.burn.levels(ledger.span, at, now, purse.spent(ledger))
        return found

    def fill(self, name: str, at: int, nanos: int, *, unpriced: bool = False) -> None:
        """Add spend of the past at its moment, silently: a row of stored sums after a start."""
        purse = self._purses.get(name)
        if purse is not None:
            purse.add(at, at, nanos, self._tz).unpriced |= unpriced

    def recall(self, name: str, key: str, tiers: Iterable[int]) -> None:
        """Mark tiers of a period as already said; a period that is not in memory is created."""
        purse = self._purses.get(name)
        if purse is None:
            return
        start, _ = periods.bounds(purse.budget.period, key, self._tz)
        ledger = purse.ledger(start, self._tz)
        ledger.told |= set(tiers)
        ledger.open |= set(tiers)

    def assess(self, now: int) -> list[Finding]:
        """What is true now and unsaid: after a start, a changed budget or a re-pricing."""
        found: list[Finding] = []
        for purse in self._purses.values():
            purse.ledger(now, self._tz)
            for ledger in list(purse.ledgers.values()):
                if purse.window is None or ledger is purse.latest:
                    at = min(now, ledger.span.end - 1)
                    found += _levels(purse, ledger, at, now, self._tz)
        return found

    def tick(self, now: int) -> list[Finding]:
        """What time alone has ended: rolling windows that emptied, burns that stopped, old days."""
        found: list[Finding] = []
        for purse in self._purses.values():
            current = purse.ledger(now, self._tz)
            if purse.window is not None:
                found += _levels(purse, current, now, now, self._tz)
            else:
                found += _closed(purse, current, now)
            found += purse.burn.levels(current.span, now, now, purse.spent(current))
        return found

    def change(self, budgets: Iterable[Budget]) -> list[str]:
        """Take new budgets; sums stay where scope and period do. Names to `fill`, then `assess`."""
        old, self._purses, self._matching = self._purses, {}, {}
        empty: list[str] = []
        for budget in budgets:
            purse = old.get(budget.name)
            same = (
                purse is not None
                and purse.budget[:2] == budget[:2]
                and purse.budget.scope == budget.scope
            )
            if purse is not None and same:
                purse.budget = budget
                purse.burn.budget = budget
                self._purses[budget.name] = purse
            else:
                self._purses[budget.name] = Purse(budget)
                empty.append(budget.name)
        return empty

    def clear(self, name: str) -> None:
        """Forget the sums of a budget, not what was said: before it is filled with new prices."""
        purse = self._purses.get(name)
        if purse is None:
            return
        for ledger in purse.ledgers.values():
            ledger.spent, ledger.unpriced = 0, False
        if purse.window is not None:
            purse.window = Sliding(purse.window.span)
        purse.burn = burn.Burn(purse.budget)

    def wanted(self, now: int) -> list[Account]:
        """What to fill after a start: every budget's running period (or window), and the last."""
        found: list[Account] = []
        for purse in self._purses.values():
            kind = purse.budget.period
            span = periods.span(kind, now, self._tz)
            if purse.window is None:
                found.append(Account(purse.budget, periods.before(kind, now, self._tz)))
            else:
                span = Span(span.key, now - purse.window.span, now)
            found.append(Account(purse.budget, span))
        return found

    def unknown(self, spend: Spend) -> list[Account]:
        """Periods that this call belongs to and memory does not hold: fill them before observing.

        Only a late record names any. The sums must not contain the call itself.
        """
        at = spend.call.at
        found: list[Account] = []
        for purse in self._purses_of(spend):
            last = purse.latest
            if purse.window is not None or last is None or at >= last.span.start:
                continue
            span = periods.span(purse.budget.period, at, self._tz)
            if span.key not in purse.ledgers:
                found.append(Account(purse.budget, span))
        return found

    def spent(self, name: str, now: int) -> int:
        """Nano-dollars spent of the budget in the period of `now`."""
        purse = self._purses[name]
        ledger = purse.ledger(now, self._tz)
        if purse.window is not None:
            return purse.window.total(now)
        return ledger.spent

    def foresee(self, name: str, breach: float, expected: int, now: int) -> list[Finding]:
        """One evaluation of the forecast: P(breach before the period ends) and the expected total.

        Speaks at the second evaluation in a row with P >= 0.8, once a period (DETECTION 3.6).
        """
        purse = self._purses[name]
        ledger = purse.ledger(now, self._tz)
        purse.foreseen = purse.foreseen + 1 if breach >= burn.SURE else 0
        if purse.foreseen < 2 or _FORECAST in ledger.told:
            return []
        if purse.spent(ledger) >= purse.budget.amount:
            return []
        ledger.told.add(_FORECAST)
        return [
            burn.forecast(purse.budget, ledger.span.key, purse.spent(ledger), expected, breach, now)
        ]

    def recall_forecast(self, name: str, key: str) -> None:
        """Mark the forecast of a period as already said."""
        self.recall(name, key, (_FORECAST,))

    def recall_burn(self, name: str, key: str, window: int, *, still: bool) -> None:
        """Mark a burn over that window (ms) as said in the period; `still`: it held at last."""
        purse = self._purses.get(name)
        if purse is not None:
            purse.burn.recall(key, window, still=still)

    def _purses_of(self, spend: Spend) -> tuple[Purse, ...]:
        who = _who(spend)
        found = self._matching.get(who)
        if found is None:
            if len(self._matching) > _REMEMBERED:
                self._matching.clear()
            about = dict(zip(FIELDS, who, strict=True))
            found = tuple(one for one in self._purses.values() if matches(one.budget.scope, about))
            self._matching[who] = found
        return found


_FORECAST = -1  # stands among the tiers told of a period for its forecast


def covers(budget: Budget, spend: Spend) -> bool:
    """Whether the call counts towards the budget: all parts of its scope match."""
    return matches(budget.scope, dict(zip(FIELDS, _who(spend), strict=True)))


def _who(spend: Spend) -> tuple[str, str, str, str, str, str]:
    """What the call is by `FIELDS`."""
    call = spend.call
    context = call.context
    return spend.feature, context.user, context.project, call.model, call.source, spend.root


def _levels(purse: Purse, ledger: Tally, at: int, now: int, tz: ZoneInfo) -> list[Finding]:
    """Tiers newly reached, dearest first (only that one is spoken), and levels that have ended."""
    budget = purse.budget
    spent = ledger.spent if purse.window is None else purse.window.total(now)
    share = spent * 100
    amount = budget.amount
    reached = [tier for tier in budget.tiers if share >= tier * amount > 0]
    fresh = [tier for tier in reached if tier not in ledger.open]
    ended = [
        tier
        for tier in ledger.open
        if tier > 0 and share * 100 < tier * amount * (100 - HYSTERESIS)
    ]
    if not fresh and not ended:
        return []
    ledger.open |= set(fresh)
    ledger.open -= set(ended)
    said = [tier for tier in fresh if tier not in ledger.told]
    ledger.told |= set(said)
    told = [
        tiers.reached(budget, ledger, tier, said, spent, at, now, tz) for tier in reversed(said)
    ]
    return told + [
        tiers.ended(budget, ledger.span.key, tier, spent, now, "below") for tier in ended
    ]


def _closed(purse: Purse, current: Tally, now: int) -> list[Finding]:
    """Levels of calendar periods that are over: they end with their period."""
    found: list[Finding] = []
    for key, ledger in purse.ledgers.items():
        if ledger is not current and ledger.open and ledger.span.end <= now:
            found += [
                tiers.ended(purse.budget, key, tier, ledger.spent, now, "ended")
                for tier in sorted(ledger.open)
                if tier > 0
            ]
            ledger.open.clear()
    return found
