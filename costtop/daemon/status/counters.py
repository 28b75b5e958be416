"""Counters that a scraper can rely on, from totals that can fall: few names, and none goes back.

Prometheus takes a counter that falls for one that began anew, and counts all of it again. Totals of
the store fall where calls are priced anew, forgotten, moved to another feature or read again. So
only what is new since the last scrape is added here, and the rest is told by a gauge.

The dearest features and models of the last weeks have names; the rest is `other`. A name stays
until the process ends, and what was counted as `other` is not taken out of it again.
"""

from collections.abc import Iterable, Sequence

from costtop.named import NamedTuple
from costtop.queries.totals import Total

NAMED = 20  # features, and as many models, that have names of their own
MOST = 3 * NAMED  # names that one process gives: others were dear before, and stay
OTHER = "other"
COUNTED = ("calls", "errors", "input", "cache_read", "cache_write", "output", "reasoning", "cost")
_USAGE = COUNTED[:-1]

Labels = tuple[str, str, str]


class CounterSeries(NamedTuple):
    """One feature, model and provider, or `other`: counters of `COUNTED`, cost in nano-dollars."""

    labels: Labels
    counters: dict[str, int]
    unpriced: int  # calls of unknown price as they are now: falls when a price is known


class _Seen:
    """What was counted of one feature and model: the most of each, and the calls of last time."""

    def __init__(self) -> None:
        self.usage = [0] * len(_USAGE)
        self.cost = 0
        self.calls = 0

    def new(self, total: Total, *, moved: bool) -> dict[str, int]:
        """What came since, none of it negative; `moved`: it was counted elsewhere already.

        Dollars that change while tokens stay are another price of the same calls.
        """
        usage = [int(getattr(total, field)) for field in _USAGE]
        grown = [max(now - before, 0) for now, before in zip(usage, self.usage, strict=True)]
        fallen = total.calls < self.usage[0]
        cost = max(total.cost - self.cost, 0) if any(grown) and not fallen else 0
        self.usage = [max(pair) for pair in zip(usage, self.usage, strict=True)]
        self.cost = max(total.cost, self.cost) if fallen else total.cost
        self.calls = total.calls
        if moved or fallen:
            return dict.fromkeys(COUNTED, 0)
        return dict(zip(COUNTED, (*grown, cost), strict=True))


class Counters:
    """What one process has told, which outlives a reload of the configuration."""

    def __init__(self) -> None:
        self._features: set[str] = set()
        self._models: set[str] = set()
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._told: dict[Labels, dict[str, int]] = {}
        self.correction = 0  # nano-dollars by which the store differs from all counters

    def take(self, totals: Sequence[Total]) -> list[CounterSeries]:
        """All series, with what is new in `totals`: every feature and model of the store."""
        _name(self._features, totals, "feature")
        _name(self._models, totals, "model")
        moved, unpriced = self._moved(totals), dict.fromkeys(self._told, 0)
        for total in totals:
            labels = self._labels(total)
            seen = self._seen.setdefault((total.feature, total.model), _Seen())
            told = self._told.setdefault(labels, dict.fromkeys(COUNTED, 0))
            for field, more in seen.new(total, moved=total.model in moved).items():
                told[field] += more
            unpriced[labels] = unpriced.get(labels, 0) + total.unpriced
        counted = sum(told["cost"] for told in self._told.values())
        self.correction = sum(total.cost for total in totals) - counted
        return [
            CounterSeries(labels, told, unpriced[labels]) for labels, told in self._told.items()
        ]

    def _moved(self, totals: Iterable[Total]) -> set[str]:
        """Models of which a feature lost calls: what others have more of may be the same calls."""
        now = {(total.feature, total.model): total.calls for total in totals}
        found = set()
        for pair, seen in self._seen.items():
            calls = now.get(pair, 0)
            if calls < seen.calls:
                found.add(pair[1])
            seen.calls = calls
        return found

    def _labels(self, total: Total) -> Labels:
        feature = total.feature if total.feature in self._features else OTHER
        if total.model not in self._models:
            return feature, OTHER, OTHER
        return feature, total.model, total.provider


def _name(named: set[str], totals: Iterable[Total], field: str) -> None:
    """Gives names to the dearest of the last weeks, then to those that are called most."""
    weights: dict[str, list[int]] = {}
    for total in totals:
        if total.late_calls:
            weight = weights.setdefault(getattr(total, field), [0, 0])
            weight[0] += total.late_cost
            weight[1] += total.late_calls
    dearest = sorted(weights, key=lambda name: weights[name], reverse=True)[:NAMED]
    for name in dearest:
        if len(named) < MOST:
            named.add(name)
