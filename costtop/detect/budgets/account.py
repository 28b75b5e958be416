"""One budget's money: what is spent in each of its periods, and what was said of it.

It decides nothing; `budgets` does.
"""

from zoneinfo import ZoneInfo

from costtop import periods
from costtop.detect.budgets import burn
from costtop.detect.budgets.own_hours import OwnHours
from costtop.detect.budgets.window import Sliding
from costtop.durations import HOUR
from costtop.model import Budget, Finding
from costtop.periods import Span

_KEPT = 64  # periods of one budget kept in memory: for older late records ask `unknown`


class Tally:
    """One budget's period: what is spent, what was said, which levels hold now."""

    __slots__ = ("floor", "open", "span", "spent", "told")

    def __init__(self, span: Span) -> None:
        self.span = span
        self.spent = 0
        self.floor = False  # something is missing from what is spent
        self.told: set[int] = set()
        self.open: set[int] = set()


class Account:
    """One budget with its periods; a rolling one has a window instead of their sums."""

    __slots__ = ("budget", "burn", "foreseen", "latest", "outdated", "own", "tallies", "window")

    def __init__(self, budget: Budget, tz: ZoneInfo) -> None:
        self.budget = budget
        hours = periods.hours(budget.period)
        self.window = None if hours is None else Sliding(hours * HOUR)
        self.tallies: dict[str, Tally] = {}
        self.latest: Tally | None = None
        self.own = OwnHours(tz)
        self.burn = burn.Burn(budget, self.own)
        self.foreseen = 0
        self.outdated: list[Finding] = []  # said of another amount; to be ended

    def tally(self, at: int, tz: ZoneInfo) -> Tally:
        last = self.latest
        if last is not None and last.span.start <= at < last.span.end:
            return last
        span = periods.span(self.budget.period, at, tz)
        found = self.tallies.get(span.key)
        if found is None:
            found = self.tallies[span.key] = Tally(span)
            if len(self.tallies) > _KEPT:
                del self.tallies[min(self.tallies, key=lambda k: self.tallies[k].span.start)]
        if last is None or span.start > last.span.start:
            if last is not None and self.window is not None:
                found.open |= last.open  # a rolling level outlives the name of its block
            self.latest = found
        return found

    def add(self, at: int, now: int, nanos: int, tz: ZoneInfo) -> Tally:
        tally = self.tally(at if self.window is None else max(at, now), tz)
        self.burn.add(at, nanos)
        if self.burn.pairs:
            self.own.add(at, nanos)
        if self.window is None:
            tally.spent += nanos
        else:
            self.window.add(at, nanos)
        return tally

    def spent(self, tally: Tally) -> int:
        """Nano-dollars of the period, or of the window as it last moved."""
        return tally.spent if self.window is None else self.window.sum
