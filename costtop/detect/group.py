"""The last finished sessions of one feature, one source or all, in lists that are kept sorted.

It judges nothing; `peers.View` reads it. A finished session is only noted; each list is brought in
order when it is next read, so that no single event pays for all of them.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from costtop.analysis.quantiles import median, upper_spread
from costtop.detect.peer import Peer
from costtop.detect.settings import Settings

_SERIES = (
    "age_peak", "growth_peak", "output_peak", "growth_mid", "growth_spread", "output_mid",
    "output_spread", "agents", "turns",
)  # fmt: skip
_WAITING = 64  # changes that a list may be behind


class Series:
    """Numbers in order; changes wait until somebody reads."""

    __slots__ = ("_adds", "_drops", "_ordered")

    def __init__(self) -> None:
        self._ordered: list[float] = []
        self._adds: list[float] = []
        self._drops: list[float] = []

    def add(self, value: float) -> None:
        """Take one number more."""
        self._adds.append(value)
        if len(self._adds) > _WAITING:
            self.read()

    def drop(self, value: float) -> None:
        """Take one number out that was added before."""
        self._drops.append(value)

    def read(self) -> list[float]:
        """All numbers, ascending; not to be changed."""
        ordered = self._ordered
        for value in self._adds:
            insort(ordered, value)
        for value in self._drops:
            del ordered[bisect_left(ordered, value)]
        self._adds.clear()
        self._drops.clear()
        return ordered


class Middle(NamedTuple):
    """How many numbers, their median and their upper spread."""

    size: int
    mid: float
    spread: float


class Group:
    """The finished sessions and their numbers, oldest first."""

    __slots__ = ("_middles", "ages", "costs", "peers", "series", "shifts")

    def __init__(self) -> None:
        self.peers: deque[Peer] = deque()
        self.costs = Series()
        self.series: dict[str, Series] = {name: Series() for name in _SERIES}
        self.ages: list[Series] = []
        self.shifts: dict[str, int] = {}  # turns by model
        self._middles: dict[int, Middle] = {}

    def add(self, peer: Peer, settings: Settings) -> None:
        """Remember a session, forgetting those that fall out of the window."""
        self.peers.append(peer)
        self._book(peer, Series.add, 1)
        while len(self.peers) > settings.window or self.peers[0].at < peer.at - settings.window_ms:
            self._book(self.peers.popleft(), Series.drop, -1)

    def drop(self, peer: Peer) -> None:
        """Forget a session that goes on after all."""
        if peer in self.peers:
            self.peers.remove(peer)
            self._book(peer, Series.drop, -1)

    def at_age(self, nth: int) -> Middle | None:
        """The middle of ln cost at an age of the grid, None when too few got there to say."""
        found = self._middles.get(nth)
        if found is None:
            ordered = self.ages[nth].read() if nth < len(self.ages) else []
            if not ordered:
                return None
            found = Middle(len(ordered), median(ordered), upper_spread(ordered))
            self._middles[nth] = found
        return found

    def _book(self, peer: Peer, change: Callable[[Series, float], None], sign: int) -> None:
        if peer.cost is not None and not peer.censored:
            change(self.costs, peer.cost)
        for name, series in self.series.items():
            change(series, getattr(peer, name))
        while len(self.ages) < len(peer.costs_at):
            self.ages.append(Series())
        for series, cost in zip(self.ages, peer.costs_at, strict=False):
            change(series, cost)
        self._middles.clear()
        for model, turns in peer.models:
            self.shifts[model] = self.shifts.get(model, 0) + sign * turns
