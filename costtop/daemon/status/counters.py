"""Counters that a scraper can rely on, from totals that can fall: few names, and none goes back.

Prometheus takes a counter that falls for one that began anew, and counts all of it again. Totals of
the store fall where calls are priced anew, forgotten, moved to another feature or read again. So
only what is new since the last scrape is added here, and the rest is told by a gauge.

The dearest features and models of the last weeks have names; the rest is `other`. A name stays
while the store knows it, and what was counted as `other` is not taken out of it again.

What was told is kept in a file, with what the store held then: the next process goes on from there,
also where prices fell or calls were forgotten meanwhile.
"""

from collections.abc import Iterable, Sequence

import msgspec

from costtop.named_tuples import NamedTuple
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


class _Row(msgspec.Struct, array_like=True):
    """A series on file; numbers in the order of `COUNTED`."""

    labels: Labels
    told: list[int]
    stood: list[int]  # what the store held of it then


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
    """What was told, which outlives a reload of the configuration and, by `kept`, the process."""

    def __init__(self) -> None:
        self._features: set[str] = set()
        self._models: set[str] = set()
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._told: dict[Labels, dict[str, int]] = {}
        self.correction = 0  # nano-dollars by which the store differs from all counters
        self._stood: dict[Labels, list[int]] = {}  # what the store held of each when it was told
        self._left: list[_Row] = []  # what another process told, until this one goes on

    def take(self, totals: Sequence[Total]) -> list[CounterSeries]:
        """All series, with what is new in `totals`: every feature and model of the store."""
        if self._left:  # before there are new names: what was `other` is not told again by name
            self._go_on(totals)
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
        self._stood = self._by_labels(totals)
        counted = sum(told["cost"] for told in self._told.values())
        self.correction = sum(total.cost for total in totals) - counted
        return [
            CounterSeries(labels, told, unpriced[labels]) for labels, told in self._told.items()
        ]

    def kept(self) -> bytes:
        """All of it for the next process."""
        nothing = [0] * len(COUNTED)
        rows = [
            _Row(labels, [*told.values()], self._stood.get(labels, nothing))
            for labels, told in self._told.items()
        ]
        return msgspec.json.encode(rows)

    def restore(self, kept: bytes) -> None:
        """Goes on from what another process kept; what is not to be read is as good as nothing."""
        try:
            rows = msgspec.json.decode(kept, type=list[_Row])
        except msgspec.DecodeError:
            return
        size = len(COUNTED)
        self._left = [one for one in rows if len(one.told) == len(one.stood) == size]

    def _go_on(self, totals: Sequence[Total]) -> None:
        """Takes over the series of another process whose names the store still knows.

        What it told stays told; what the store holds beyond what it held then is new.
        """
        left, self._left = self._left, []
        features = {OTHER} | {total.feature for total in totals}
        models = {OTHER} | {total.model for total in totals}
        left = [one for one in left if one.labels[0] in features and one.labels[1] in models]
        self._features |= {one.labels[0] for one in left} - {OTHER}
        self._models |= {one.labels[1] for one in left} - {OTHER}
        now = self._by_labels(totals)
        for labels, stands in now.items():
            self._told[labels] = dict(zip(COUNTED, stands, strict=True))
        for one in left:
            stands = now.get(one.labels, [0] * len(COUNTED))
            more = [max(value - then, 0) for value, then in zip(stands, one.stood, strict=True)]
            if not any(more[:-1]):
                more[-1] = 0  # another price of the same calls
            told = [value + new for value, new in zip(one.told, more, strict=True)]
            self._told[one.labels] = dict(zip(COUNTED, told, strict=True))
        for total in totals:  # all of it is told now
            self._seen.setdefault((total.feature, total.model), _Seen()).new(total, moved=False)

    def _by_labels(self, totals: Iterable[Total]) -> dict[Labels, list[int]]:
        sums: dict[Labels, list[int]] = {}
        for total in totals:
            row = sums.setdefault(self._labels(total), [0] * len(COUNTED))
            for at, field in enumerate(COUNTED):
                row[at] += getattr(total, field)
        return sums

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
