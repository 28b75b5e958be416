"""How fast a budget burns, on two windows at once, and the words for a breach that is foreseen.

It makes no forecast (`analysis.forecast` does) and keeps no period sums. The burn b over a window w
is the share of the budget spent in it over the share of the period that it is; 1.0 uses the budget
up exactly at the period's end. A long window says that it matters, a short one that it still goes
on (the pairs for a month are the multi-window table of Google's SRE workbook, chapter 5). Nobody
works around the clock: what it comes to is reckoned by the owner's own hours (`own_hours`).
"""

from collections.abc import Sequence

from costtop.detect.budgets.own_hours import OwnHours
from costtop.detect.budgets.window import Sliding
from costtop.durations import HOUR, MINUTE
from costtop.model import Budget, Finding, Severity
from costtop.money import beside, bill, dollars, exactly
from costtop.named_tuples import NamedTuple
from costtop.periods import Span

SURE = 0.8  # P(breach) from which the forecast speaks, at two evaluations in a row
_SURE = 2 / 3  # of the days before: after this hour they spent as much as is left of the amount
_LATELY = 0.75  # of a window: spend that began later is no pace of the whole of it
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

    __slots__ = ("budget", "open", "own", "pairs", "told", "windows")

    def __init__(self, budget: Budget, own: OwnHours) -> None:
        self.budget, self.own = budget, own
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
                and (nth, span.key) not in self.told
                and _lasts(long, pair, now)
                and self._matters(pair, span, long.sum, spent, now)
            ):
                self.open[nth] = span.key
                self.told.add((nth, span.key))
                found.append(self._speak(pair, span, fast, long, spent, at, now))
        return found

    def _matters(self, pair: Pair, span: Span, amount: int, spent: int, now: int) -> bool:
        """Whether what a window spent (`amount`) comes to more than the owner's own hours allow.

        It does where a usual rest of the period passes the budget, or where an hour worked spends
        `limit` times its share. What every working day does, and is within it, is no news.
        """
        usual = self.own.usual(now)
        if usual is None:
            return True
        whole = self.budget.amount
        if amount * HOUR / pair.long * self.own.worked(usual, span) >= pair.limit * whole:
            return True
        rests = self.own.rests(usual, now, span.end)
        return sum(spent + rest >= whole for rest in rests) >= _SURE * len(rests)

    def _speak(
        self, pair: Pair, span: Span, fast: float, long: Sliding, spent: int, at: int, now: int
    ) -> Finding:
        budget, usual = self.budget, self.own.usual(now)
        since = min(long.since() or now, now - pair.short)
        lately = now - since < _LATELY * pair.long  # else the window is full
        since = since if lately else now - pair.long
        hourly = long.sum * HOUR / (now - since)
        spent_at = _when(self.own.left(usual, now, span.end), hourly, budget.amount - spent)
        end = self.own.clock(spent_at, at) if spent_at is not None else ""
        part = _part(budget, pair, long.sum)
        speed = f"${dollars(round(hourly))} an hour"
        speed += f" since {self.own.clock(since, at)}" if lately else ""
        if usual is not None:
            speed += f", {hourly / usual.pace:.1f}x your usual ${dollars(round(usual.pace))}"
        goes_on = f"all of it is spent at {end}" if end else "it lasts until the period ends"
        return Finding(
            "budget_burn",
            pair.severity,
            at,
            f"burn {budget.name}: {part}" + (f", spent at {end}" if end else ""),
            f"{budget.name} spent {part}, {fast:.1f}x the even pace: {speed}; if it goes on,"
            f" {goes_on}.",
            budget=budget.name,
            period=span.key,
            amount=budget.amount,
            cost=spent,
            feature=dict(budget.scope).get("feature", ""),
            user=dict(budget.scope).get("user", ""),
            evidence=(
                ("burn", round(fast, 3)),
                ("limit", pair.limit),
                ("window_ms", pair.long),
                ("amount", budget.amount),
                *((("watch", budget.watch),) if budget.watch else ()),
                ("window_nano", long.sum),
                ("hourly_nano", round(hourly)),
                *((("usual_hourly_nano", round(usual.pace)),) if usual else ()),
                *((("spent_at_ms", spent_at),) if spent_at is not None else ()),
            ),
        )

    def _over(self, pair: Pair, key: str, still: float, now: int) -> Finding:
        budget = self.budget
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
            evidence=(("limit", pair.limit), ("window_ms", pair.long)),
        )


def _part(budget: Budget, pair: Pair, amount: int) -> str:
    """What of the budget went in the window: "$26.00 of $100.00 in the last hour"."""
    hours = pair.long // HOUR
    window = "hour" if hours == 1 else f"{hours} hours"
    of = exactly(budget.amount)
    return f"${beside(amount, budget.amount)}{budget.watched} of ${of} in the last {window}"


def _when(left: Sequence[tuple[int, float]], hourly: float, needed: int) -> int | None:
    """The moment (ms) at which `needed` is spent, by the hours that are left; None: not in them."""
    gone = 0.0
    for at, share in left:
        step = share * hourly
        if step > 0 and gone + step >= needed:
            return at + round((HOUR - at % HOUR) * (needed - gone) / step)
        gone += step
    return None


def _lasts(long: Sliding, pair: Pair, now: int) -> bool:
    """Whether it has gone on for the whole short window: a first burst is no pace yet."""
    since = long.since()
    return since is not None and now - since >= pair.short


def forecast(
    budget: Budget,
    key: str,
    spent: int,
    expected: int,
    breach: float,
    now: int,
    *,
    floor: bool = False,
) -> Finding:
    """The finding for a breach that is foreseen; it is marked as a forecast by its rule."""
    text = (
        f"{budget.name} stands at {bill(spent, floor=floor)}{budget.watched} and is expected"
        f" to end at ${dollars(expected)} of ${exactly(budget.amount)}"
        f" (chance of a breach {breach:.0%})."
    )
    return Finding(
        "budget_forecast",
        "warning",
        now,
        f"forecast {budget.name}: ${dollars(expected)} of ${exactly(budget.amount)}",
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
            *((("watch", budget.watch),) if budget.watch else ()),
        ),
    )
