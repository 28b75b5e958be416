"""Budgets: what is spent of each in its periods, and which tiers that has reached.

It reads no store and no clock: spend comes in as values, `now` as an argument, and what was already
said comes from the caller (`recall`). A tier is spoken once per budget, period and amount, never
un-sent: a correction downwards only ends its level, 5 % below the tier (DETECTION 3.6). A changed
amount opens a new set of tiers.

After a start the caller does, for every budget: `recall_said` with what is on record, `fill`
with the stored sums of the periods that `wanted` names, oldest first (a quarter of an hour each; of
the last `FINE` each minute, for burns and rolling windows count minutes), then `assess`. When a
whole history was just imported it records what `assess` gives unsent.
"""

from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.detect.budgets import burn, tiers
from costtop.detect.budgets.account import Account, Tally
from costtop.detect.budgets.own_hours import LEARNT
from costtop.durations import DAY, HOUR
from costtop.model import Budget, Finding, Spend
from costtop.named_tuples import NamedTuple
from costtop.periods import Span
from costtop.scope import FIELDS, matches

FINE = 73 * HOUR  # ms: the longest window of a burn, and an hour
HYSTERESIS = 5  # per cent of the tier by which spend must fall before its level ends
_REMEMBERED = 4096  # combinations of feature, user, project, model, session whose budgets are known


Short = Callable[[Budget, int, int], bool]
"""Whether people see what the budget spent in [since, until), ms UTC, as a floor."""


class Unfilled(NamedTuple):
    """A period of a budget whose stored sums the caller should `fill` in."""

    budget: Budget
    span: Span


class Budgets:
    """All budgets and what is spent of them; `observe` says which tiers a call has reached."""

    def __init__(
        self,
        budgets: Iterable[Budget],
        tz: ZoneInfo,
        short: Short | None = None,
        billed: Callable[[Spend], int] | None = None,
    ) -> None:
        """Without `short` a sum is a floor where a call that was observed had no price.

        `billed` says of budgets that watch it what is billed of a call, or of its growth.
        """
        self._tz, self._short, self._billed = tz, short, billed
        self._accounts = {budget.name: Account(budget, tz) for budget in budgets}
        self._matching: dict[tuple[str, ...], tuple[Account, ...]] = {}

    def observe(self, spend: Spend, now: int) -> list[Finding]:
        """Count a stored call (or the growth of one) and say which tiers and burns it reached."""
        accounts = self._accounts_of(spend) if self._accounts else ()
        if not accounts:
            return []
        at = spend.call.at
        found: list[Finding] = []
        for account in accounts:
            growth = self.growth(account.budget, spend)
            tally = account.add(at, now, growth, self._tz)
            tally.floor |= spend.cost is None
            found += self._levels(account, tally, at, now, grew=growth >= 0)
            found += account.burn.levels(tally.span, at, now, account.spent(tally))
        return found

    def growth(self, budget: Budget, spend: Spend) -> int:
        """What a call adds to what the budget counts, nano-dollars; of one that grew its growth."""
        if budget.watch == "billed" and self._billed is not None:
            return self._billed(spend)
        return (spend.cost or 0) - (spend.previous or 0)

    def fill(self, name: str, at: int, nanos: int, *, unpriced: bool = False) -> None:
        """Add spend of the past at its moment, silently: a row of stored sums after a start."""
        account = self._accounts.get(name)
        if account is not None:
            account.add(at, at, nanos, self._tz).floor |= unpriced

    def recall(self, name: str, key: str, tiers: Iterable[int]) -> None:
        """Mark tiers of a period as already said; a period that is not in memory is created."""
        account = self._accounts.get(name)
        if account is None:
            return
        start, _ = periods.bounds(account.budget.period, key, self._tz)
        tally = account.tally(start, self._tz)
        tally.told |= set(tiers)
        tally.open |= set(tiers)

    def recall_said(self, name: str, key: str, said: tiers.Said, now: int) -> None:
        """Mark what is on record of a period as said; of another amount, it ends (`assess`)."""
        account = self._accounts[name]
        if said.amount not in {None, account.budget.amount}:
            if said.still:
                account.outdated.append(tiers.outdated(account.budget, key, said, now))
        elif said.rule == "budget_tier" and said.tier is not None:
            self.recall(name, key, (said.tier,))
        elif said.rule == "budget_forecast":
            self.recall(name, key, (_FORECAST,))
        elif said.rule == "budget_burn":
            account.burn.recall(key, said.window, still=said.still)

    def assess(self, now: int) -> list[Finding]:
        """What is true now and unsaid: after a start, a changed budget or a re-pricing."""
        found: list[Finding] = []
        for account in self._accounts.values():
            account.tally(now, self._tz)
            found += account.outdated
            account.outdated = []
            for tally in list(account.tallies.values()):
                if account.window is None or tally is account.latest:
                    at = min(now, tally.span.end - 1)
                    found += self._levels(account, tally, at, now)
        return found

    def tick(self, now: int) -> list[Finding]:
        """What time alone has ended: rolling windows that emptied, burns that stopped, old days."""
        found: list[Finding] = []
        for account in self._accounts.values():
            current = account.tally(now, self._tz)
            if account.window is not None:
                found += self._levels(account, current, now, now)
            else:
                found += _closed(account, current, now)
            found += account.burn.levels(current.span, now, now, account.spent(current))
        return found

    def wanted(self, now: int) -> list[Unfilled]:
        """What to fill after a start: every budget's running period (or window), and the last."""
        found: list[Unfilled] = []
        for account in self._accounts.values():
            kind = account.budget.period
            span = periods.span(kind, now, self._tz)
            if account.window is None:
                found.append(Unfilled(account.budget, periods.before(kind, now, self._tz)))
            else:
                span = Span(span.key, now - account.window.span, now)
            found.append(Unfilled(account.budget, span))
        return found

    def unlearnt(self, now: int) -> list[Unfilled]:
        """What to `learn` of after a start: the weeks before those that `wanted` names."""
        today = periods.start_of("day", now, self._tz)
        found: list[Unfilled] = []
        for account in self._accounts.values():
            if account.burn.pairs:
                until = periods.before(account.budget.period, now, self._tz).start
                found.append(Unfilled(account.budget, Span("", today - LEARNT * DAY, until)))
        return [one for one in found if one.span.start < one.span.end]

    def learn(self, name: str, at: int, nanos: int) -> None:
        """Take spend of the past as a sign of when the budget's owner works, and no more."""
        self._accounts[name].own.add(at, nanos)

    def unknown(self, spend: Spend) -> list[Unfilled]:
        """Periods that this call belongs to and memory does not hold: fill them before observing.

        Only a late record names any. The sums must not contain the call itself.
        """
        at = spend.call.at
        found: list[Unfilled] = []
        for account in self._accounts_of(spend) if self._accounts else ():
            last = account.latest
            if account.window is not None or last is None or at >= last.span.start:
                continue
            span = periods.span(account.budget.period, at, self._tz)
            if span.key not in account.tallies:
                found.append(Unfilled(account.budget, span))
        return found

    def spent(self, name: str, now: int) -> int:
        """Nano-dollars spent of the budget in the period of `now`."""
        account = self._accounts[name]
        tally = account.tally(now, self._tz)
        if account.window is not None:
            return account.window.total(now)
        return tally.spent

    def foresee(self, name: str, breach: float, expected: int, now: int) -> list[Finding]:
        """One evaluation of the forecast: P(breach before the period ends) and the expected total.

        Speaks at the second evaluation in a row with P >= 0.8, once a period (DETECTION 3.6).
        """
        account = self._accounts[name]
        tally = account.tally(now, self._tz)
        account.foreseen = account.foreseen + 1 if breach >= burn.SURE else 0
        if account.foreseen < 2 or _FORECAST in tally.told:
            return []
        if account.spent(tally) >= account.budget.amount:
            return []
        tally.told.add(_FORECAST)
        self._look_at_floor(account, tally, now)
        return [
            burn.forecast(
                account.budget,
                tally.span.key,
                account.spent(tally),
                expected,
                breach,
                now,
                floor=tally.floor,
            )
        ]

    def _levels(
        self, account: Account, tally: Tally, at: int, now: int, *, grew: bool = False
    ) -> list[Finding]:
        """Tiers newly reached, dearest first (only that one is spoken), and levels that ended."""
        budget = account.budget
        spent = tally.spent if account.window is None else account.window.total(now)
        share = spent * 100
        amount = budget.amount
        reached = [tier for tier in budget.tiers if share >= tier * amount > 0]
        fresh = [tier for tier in reached if tier not in tally.open]
        # After a start judged calls are counted again, below tiers on record: growth ends none.
        can_end = () if grew else tally.open
        low = [tier for tier in can_end if share * 100 < tier * amount * (100 - HYSTERESIS)]
        ended = [tier for tier in low if tier > 0]
        if not fresh and not ended:
            return []
        tally.open |= set(fresh)
        tally.open -= set(ended)
        said = [tier for tier in fresh if tier not in tally.told]
        tally.told |= set(said)
        self._look_at_floor(account, tally, now)
        told = [
            tiers.reached(budget, tally, tier, said, spent, at, now, self._tz)
            for tier in reversed(said)
        ]
        return told + [
            tiers.ended(budget, tally.span.key, tier, spent, now, "below", floor=tally.floor)
            for tier in ended
        ]

    def _look_at_floor(self, account: Account, tally: Tally, now: int) -> None:
        """Whether the sum that is about to be told is a floor, by the rule of every other sum."""
        if self._short is not None:
            since, until = tally.span.start, tally.span.end
            if account.window is not None:
                since, until = now - account.window.span, now
            tally.floor = self._short(account.budget, since, until)

    def _accounts_of(self, spend: Spend) -> tuple[Account, ...]:
        who = _who(spend)
        found = self._matching.get(who)
        if found is None:
            if len(self._matching) > _REMEMBERED:
                self._matching.clear()
            about = dict(zip(FIELDS, who, strict=True))
            found = tuple(
                one for one in self._accounts.values() if matches(one.budget.scope, about)
            )
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
    user = context.user or spend.owner
    return spend.feature, user, context.project, call.model, call.source, spend.root


def _closed(account: Account, current: Tally, now: int) -> list[Finding]:
    """Levels of calendar periods that are over: they end with their period."""
    found: list[Finding] = []
    for key, tally in account.tallies.items():
        if tally is not current and tally.open and tally.span.end <= now:
            found += [
                tiers.ended(account.budget, key, tier, tally.spent, now, "ended")
                for tier in sorted(tally.open)
                if tier > 0
            ]
            tally.open.clear()
    return found
