"""What a batch has spent, as budgets and detectors see it: made when they ask.

Nobody looks at most of what a backlog brings.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import compress, repeat

from costtop.model import Spend
from costtop.store.calls.arrivals import Arrivals, FewArrivals
from costtop.store.calls.call_row import CallRow

_AT, _SEEN, _COST = map(CallRow._fields.index, ("at", "seen", "cost"))


class Spends:
    """The spends of one batch, in order of arrival.

    `plain` says 1 of the calls that are new and that nothing else tells of; the spends of others
    are `apart`, by where they stand. `labels` are by the kinds of calls.
    """

    def __init__(
        self,
        arrived: Arrivals | FewArrivals,
        plain: bytes,
        apart: Mapping[int, Spend],
        labels: Sequence[str],
    ) -> None:
        self._arrived = arrived if isinstance(arrived, Arrivals) else None
        self._plain, self._apart, self._labels = plain, apart, labels
        self._all: list[Spend] | None = None

    def __len__(self) -> int:
        return self._plain.count(1) + len(self._apart)

    def all(self) -> list[Spend]:
        """Each of them."""
        if self._all is None:
            self._all = self._every()
        return self._all

    def _every(self) -> list[Spend]:
        arrived = self._arrived
        if arrived is None or 0 in self._plain:
            return list(self._made(range(len(self._plain))))
        priced, ids = arrived.calls, arrived.ids
        kinds = priced.calls.kind
        columns = (
            priced.calls.calls(),
            map([one.root_key for one in ids].__getitem__, kinds),
            priced.cost,
            priced.rates,
            arrived.rows[_SEEN],
            map([one.feature_name for one in ids].__getitem__, kinds),
            repeat(True, arrived.size),  # new
            repeat(None, arrived.size),  # no cost before
            map(self._labels.__getitem__, kinds),
            map([one.owner for one in ids].__getitem__, kinds),
        )
        return list(map(partial(tuple.__new__, Spend), zip(*columns, strict=True)))

    def since(self, at: int) -> Iterator[Spend]:
        """Those of calls made at `at` (ms UTC) or later."""
        if self._arrived is None:
            return (spend for spend in self.all() if spend.call.at >= at)
        times = self._arrived.rows[_AT]
        return self._made(n for n, time in enumerate(times) if time >= at)

    def grown(self) -> Iterator[Spend]:
        """Those of calls that were known before."""
        return (spend for spend in self._apart.values() if not spend.new)

    def new(self) -> int:
        """How many calls are new."""
        return self._plain.count(1) + sum(spend.new for spend in self._apart.values())

    def unpriced(self) -> int:
        """How many of these have no known cost."""
        costs = compress(self._arrived.rows[_COST], self._plain) if self._arrived else ()
        return [*costs, *(one.cost for one in self._apart.values() if one.new)].count(None)

    def _made(self, places: Iterator[int] | Sequence[int]) -> Iterator[Spend]:
        for n in places:
            if self._plain[n]:
                yield self._spend(n)
            elif n in self._apart:
                yield self._apart[n]

    def _spend(self, n: int) -> Spend:
        arrived = self._arrived
        assert arrived is not None
        priced, kind = arrived.calls.item(n), arrived.calls.calls.kind[n]
        ids = arrived.ids[kind]
        return Spend(
            call=priced.call,
            root=ids.root_key,
            cost=priced.cost,
            rates=priced.rates,
            seen=arrived.rows[_SEEN][n],
            feature=ids.feature_name,
            label=self._labels[kind],
            owner=ids.owner,
        )
