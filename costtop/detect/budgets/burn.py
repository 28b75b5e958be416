"""How fast a budget burns, on two windows at once, and the words for a breach that is foreseen.

It makes no forecast (`analysis.forecast` does) and keeps no period sums. The burn b over a window w
is the share of the budget spent in it over the share of the period that it is; 1.0 uses the budget
up exactly at the period's end. A long window says that it matters, a short one that it still goes
on (the pairs for a month are the multi-window table of Google's SRE workbook, chapter 5).
"""

from typing import NamedTuple

from costtop.detect.budgets.window import Sliding
from costtop.durations import HOUR, MINUTE
from costtop.model import Budget, Finding, Severity
from costtop.money import dollars
from costtop.periods import Span

SURE = 0.8  # P(breach) from which the forecast speaks, at two evaluations in a row
_ENDS = 0.95  # of the limit: below it in the short window, the level is over


class Pair(NamedTuple):
    """Speak when the burn is at least `limit` on both windows (ms)."""

    limit: float
    long: int
    short: int
    severity: Severity


# A day: 6 in an hour is a quarter of it. A week: 8.4 in an hour is 5 % of it.
PAIRS = {
    "day": (
        Pair(6.0, HOUR, 10 * MINUTE, "warning"),
        Pair(2.0, 3 * HOUR, 30 * MINUTE, "notice"),
    ),
    "week": (
        Pair(8.4, HOUR, 5 * MINUTE, "warning"),
        Pair(3.5, 6 * HOUR, 30 * MINUTE, "notice"),
    ),
    "month": (
        Pair(14.4, HOUR, 5 * MINUTE, "warning"),
        Pair(6.0, 6 * HOUR, 30 * MINUTE, "warning"),
        Pair(1.0, 72 * HOUR, 6 * HOUR, "notice"),
    ),
}


class Burn:
    """The windows of one budget and which pairs hold; each pair speaks once a period."""

    __slots__ = ("budget", "open", "pairs", "told", "windows")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.pairs = PAIRS.get(budget.period, ())
        self.windows = [(Sliding(pair.long), Sliding(pair.short)) for pair in self.pairs]
        self.open: dict[int, str] = {}  # pair -> key of the period in which it spoke
        self.told: set[tuple[int, str]] = set()

    def add(self, at: int, nanos: int) -> None:
        """Count spend at its moment."""
        for long, short in self.windows:
            long.add(at, nanos)
            short.add(at, nanos)

    def recall(self, key: str, window: int, *, still: bool) -> None:
        """Mark the pair with that long window (ms) as said in the period; `still`: it holds."""
        for nth, pair in enumerate(self.pairs):
            if pair.long == window:
                self.told.add((nth, key))
                if still:
                    self.open[nth] = key

    def levels(self, span: Span, at: int, now: int, spent: int) -> list[Finding]:
        """Pairs that hold since this moment and were not told in the period; those that ended."""
        found: list[Finding] = []
        amount = self.budget.amount
        if amount <= 0:
            return found
        for nth, (pair, (long, short)) in enumerate(zip(self.pairs, self.windows, strict=True)):
            length = (span.end - span.start) / amount
            fast = long.total(now) * length / pair.long
            still = short.total(now) * length / pair.short
            if nth in self.open:
                if still < pair.limit * _ENDS:
                    found.append(self._over(pair, self.open.pop(nth), still, now))
            elif (
                fast >= pair.limit <= still
                and now < span.end
                and spent < amount
                and _lasts(long, pair, now)
            ):
                self.open[nth] = span.key
                if (nth, span.key) not in self.told:
                    self.told.add((nth, span.key))
                    found.append(self._speak(pair, span, fast, long.sum, at))
        return found

    def _speak(self, pair: Pair, span: Span, fast: float, amount: int, at: int) -> Finding:
        budget = self.budget
        hours = pair.long // HOUR
        window = "hour" if hours == 1 else f"{hours} hours"
        left = dollars(budget.amount)
        text = (
            f"{budget.name} spent ${dollars(amount)} of ${left} in the last {window},"
            f" {fast:.1f}x the even pace, and it goes on."
        )
        return Finding(
            "budget_burn",
            pair.severity,
            at,
            f"burn {budget.name}: {fast:.1f}x over {window}",
            text,
            budget=budget.name,
            period=span.key,
            amount=budget.amount,
            cost=amount,
            feature=dict(budget.scope).get("feature", ""),
            user=dict(budget.scope).get("user", ""),
            evidence=(
                ("burn", round(fast, 3)),
                ("limit", pair.limit),
                ("window_ms", pair.long),
                ("amount", budget.amount),
            ),
        )

    def _over(self, pair: Pair, key: str, still: float, now: int) -> Finding:
        budget = self.budget
        hours = pair.long // HOUR
        text = f"{budget.name} burns at {still:.1f}x the even pace again."
        return Finding(
            "budget_burn",
            pair.severity,
            now,
            f"burn {budget.name}: over",
            text,
            budget=budget.name,
            period=key,
            amount=budget.amount,
            resolved=True,
            evidence=(("limit", pair.limit), ("window_ms", hours * HOUR)),
        )


def _lasts(long: Sliding, pair: Pair, now: int) -> bool:
    """Whether it has gone on for the whole short window: a first burst is no pace yet."""
    since = long.since()
    return since is not None and now - since >= pair.short


def forecast(
    budget: Budget, key: str, spent: int, expected: int, breach: float, now: int
) -> Finding:
    """The finding for a breach that is foreseen; it is marked as a forecast by its rule."""
    text = (
        f"{budget.name} stands at ${dollars(spent)} and is expected to end at"
        f" ${dollars(expected)} of ${dollars(budget.amount)} (chance of a breach {breach:.0%})."
    )
    return Finding(
        "budget_forecast",
        "warning",
        now,
        f"forecast {budget.name}: ${dollars(expected)} of ${dollars(budget.amount)}",
        text,
        budget=budget.name,
        period=key,
        amount=budget.amount,
        cost=spent,
        excess=max(0, expected - budget.amount),
        feature=dict(budget.scope).get("feature", ""),
        user=dict(budget.scope).get("user", ""),
        evidence=(
            ("probability", round(breach, 4)),
            ("expected", expected),
            ("amount", budget.amount),
        ),
    )
