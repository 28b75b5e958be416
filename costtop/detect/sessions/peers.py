"""The finished sessions that a running one is measured against, in sorted windows.

It judges nothing. A session belongs to three groups: its feature, its source, all; estimated and
exact costs are never mixed. Each group remembers its last sessions; every number a detector asks
for is read from lists that are kept sorted, and remembered until the next session finishes.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from costtop import periods
from costtop.analysis.drivers import Reference
from costtop.analysis.quantiles import (
    median,
    quantile,
    tail,
    twice_median,
    upper_spread,
)
from costtop.detect.sessions.finished_peer import GRID, Peer
from costtop.detect.sessions.peer_group import SWARM, Group, Level, Middle
from costtop.detect.sessions.usual_cost import PARENT, CostBand, Usual, usual_of
from costtop.detect.settings import Settings
from costtop.model import Rates

_AGE_SPREAD = (0.6, 8)  # the same at one age
_LONGER = 4  # times as long as peers ever were: up to here length explains the cost
_CARRIES = 1.1  # power of its length with which a session's cost grows: context is carried on
_HIGH = 1.645  # spreads: the 95 % point, where a few peers alone say too little
MANY = 30  # peers whose 95 % point means something
_SPENDING_DAYS, _LEAST_DAYS = 14, 5  # that a user's usual day is the median of; fewer say nothing
_POOLED = 100  # peaks from which a group's own tail is used
_SELDOM = 0.005  # of peers: what so few do is believed at its first sign
_LARGEST = 0.98  # of peers, whose largest turn is as large as a turn ever is


Told = TypeVar("Told")


class PeerView:
    """A session's peers: the groups it belongs to, finest first, and what they say."""

    __slots__ = (
        "_asked", "_bands", "_chosen", "_grid", "_limits", "_long", "_once", "_reference",
        "_residual", "_seen", "_usual", "groups", "peers",
    )  # fmt: skip

    def __init__(self, groups: tuple[Group, ...], peers: "PeerGroups") -> None:
        self.groups = groups
        self.peers = peers
        self._seen = -1
        self._forget()

    def _forget(self) -> None:
        self._asked = False
        self._chosen: Group | None = None
        self._usual: Usual | None = None
        self._grid: dict[int, CostBand | None] = {}
        self._long: int | None = None
        self._limits: dict[str, float] = {}
        self._bands: dict[str, CostBand | None] = {}
        self._residual: dict[int, float] = {}
        self._reference: Reference | None = None
        self._once: dict[Callable[[PeerView], Any], Any] = {}

    def _fresh(self) -> None:
        if self._seen != self.peers.version:
            self._forget()
            self._seen = self.peers.version

    def once(self, work: "Callable[[PeerView], Told]") -> Told:
        """What `work` makes of these peers, worked out once until the next session finishes."""
        if self._seen != self.peers.version:
            self._fresh()
        try:
            found: Told = self._once[work]
        except KeyError:
            found = self._once[work] = work(self)
        return found

    def usual(self) -> Usual | None:
        """What the finest of feature and source with enough finished sessions costs, or None.

        All sessions together judge nobody: they are other kinds of work.
        """
        shown = self.shown()
        return None if shown is None or shown.level == "all" else shown

    def shown(self) -> Usual | None:
        """The same, else what all sessions cost: for words that say so, not for a judgement."""
        self._fresh()
        if not self._asked:  # None is an answer too: before the first finished peers
            self._asked, self._usual = True, usual_of(self.groups, self.peers.settings)
        return self._usual

    def beyond(self, turns: int, cost: int, agents: int = 0) -> bool | None:
        """Whether a session is dearer than its own kind and size ever is; None: too few to say.

        Beyond those of at least `LONG` turns, and beyond those that got as far, at that age: up to
        four times the longest of them a long session is no dear one. A swarm must be beyond swarms.
        """
        if turns < 1:
            return None
        whole = self._past(self.groups[0].numbers("long"), cost)
        if whole and agents >= SWARM and self._past(self.groups[0].numbers("swarm"), cost) is False:
            return False
        early = self._early(turns, cost)
        return whole if early is None else early if whole is None else whole and early

    def _early(self, turns: int, cost: int) -> bool | None:
        """Whether it is dear for its age; None where five of its kind never came near it."""
        kind, least = self.groups[0], max(1, self.peers.settings.min_peers)
        nth = min(kind.ages, bisect_right(GRID, turns)) - 1
        while nth >= 0 and len(kind.numbers(nth)) < least:
            nth -= 1
        if nth < 0 or turns > _LONGER * GRID[kind.ages - 1]:
            return None
        band, value = self.at_age(GRID[nth]), math.log(max(1, cost))
        value -= _CARRIES * math.log(turns / GRID[nth])
        far = band is not None and value - band.mid > _HIGH * band.spread
        return far and bool(self._past(kind.numbers(nth), value))

    def _past(self, ordered: list[float], value: float) -> bool | None:
        """Beyond the 95 % point of thirty or more, else beyond every one; None of too few."""
        if len(ordered) < max(1, self.peers.settings.min_peers):
            return None
        return value > (quantile(ordered, 0.95) if len(ordered) >= MANY else ordered[-1])

    def dearness(self, rates: Rates | None) -> float:
        """How many times the price of peers a session pays that began at these rates; 1 or more."""
        usual = self.reference()
        if usual is None or rates is None or usual.prices[2] <= 0:
            return 1.0
        return max(1.0, rates.output / usual.prices[2])

    def median(self) -> int:
        """The usual cost, nano-dollars; 0 while nobody knows it."""
        usual = self.usual()
        return usual.median if usual else 0

    def long_median(self) -> int:
        """The same of sessions of some length: trivial ones pull the usual down to cents."""
        self._fresh()
        if self._long is None:
            ordered = self.chosen().numbers("long")
            few = len(ordered) < max(1, self.peers.settings.min_peers)
            self._long = self.median() if few else int(median(ordered))
        return self._long

    def at_age(self, turns: int) -> CostBand | None:
        """Middle and spread of ln cost of the peers that reached this age, when they were there."""
        if not 0 < turns <= GRID[-1]:  # 0: a subagent's call came before the root's first
            return None
        self._fresh()
        nth, part = _place(turns)
        low = self._age(nth)
        if low is None or part is None:
            return low
        high = self._age(nth + 1)
        if high is None:
            return None
        mid, spread, peers = low
        band = (
            mid + part * (high.mid - mid),
            spread + part * (high.spread - spread),
            min(high.peers, peers),
        )
        return tuple.__new__(CostBand, band)

    def a_turn(self, name: str) -> CostBand | None:
        """The usual "growth" or "output" tokens of a turn: each peer has one vote."""
        self._fresh()
        if name not in self._bands:
            self._bands[name] = _band(self.groups, name, self.peers.settings.min_peers)
        return self._bands[name]

    def limit(self, name: str, start: float) -> float:
        """The calibrated threshold of a statistic's session peak, `start` while peers are few."""
        self._fresh()
        if name not in self._limits:
            chosen = self.groups[-1]
            for group in self.groups[:-1]:
                if len(group.peers) >= _POOLED:
                    chosen = group
                    break
            self._limits[name] = tail(chosen.numbers(name), self.peers.settings.alpha, start)
        return self._limits[name]

    def seldom(self, name: str, first: float, lasting: float) -> bool:
        """Whether hardly any of at least a hundred peers came to `first` and then stopped."""
        many = (each for each in self.groups if len(each.peers) >= _POOLED)
        group = next(many, self.groups[-1])  # all together are no peers
        return group.level != "all" and group.stopped(name, first, lasting) <= _SELDOM

    def largest(self, name: str) -> float | None:
        """Ln tokens of as large a turn ("growth" or "output") as peers ever have; None: too few."""
        for group in self.groups:
            ordered = group.numbers(f"{name}_top")
            if group.level != "all" and len(ordered) >= MANY:
                return quantile(ordered, _LARGEST)
        return None

    def residual(self, turns: int) -> float:
        """Turns that peers which got this far still had before them, in the middle."""
        self._fresh()
        if turns not in self._residual:
            self._residual[turns] = _residual(self.groups, turns)
        return self._residual[turns]

    def share(self, model: str) -> float:
        """The share of a model in the turns of the finest group with enough sessions."""
        group = self.chosen()
        whole = sum(group.shifts.values())
        return group.shifts.get(model, 0) / whole if whole else 0.0

    def mixes(self, model: str) -> float:
        """The share of peers that used that model beside another one."""
        group = self.chosen()
        return group.mixed.get(model, 0) / max(1, len(group.peers))

    def reference(self) -> Reference | None:
        """What the chosen group uses and pays, for the split of a difference."""
        self._fresh()
        if self._reference is None:
            group = self.chosen()
            lengths = group.numbers("turns")
            self._reference = group.sums.reference(median(lengths) if lengths else 0)
        return self._reference

    def chosen(self) -> Group:
        """The finest group with enough finished sessions, else all."""
        self._fresh()
        if self._chosen is None:
            least = self.peers.settings.min_peers
            enough = (group for group in self.groups if len(group.numbers("cost")) >= least)
            self._chosen = next(enough, self.groups[-1])
        return self._chosen

    def _age(self, nth: int) -> CostBand | None:
        if nth not in self._grid:
            self._grid[nth] = self._shrunk(nth)
        return self._grid[nth]

    def _shrunk(self, nth: int) -> CostBand | None:
        """The finest group's middle at an age of the grid, shrunk towards its parents'."""
        told: list[Middle] = []
        for group in self.groups:
            if group.level == "all" and not told:
                return None
            there = group.at_age(nth)
            if there is not None and there.size >= self.peers.settings.min_peers:
                told.append(there)
                if there.size >= _POOLED:
                    break  # the parents would weigh less than 3 %, and cost a third of the time
        if not told:
            return None
        mid = told[-1].mid
        for size, own, _ in reversed(told[:-1]):
            mid = (size * own + PARENT * mid) / (size + PARENT)
        prior, worth = _AGE_SPREAD
        size, _, spread = told[0]
        spread = math.sqrt((size * spread * spread + worth * prior * prior) / (size + worth))
        return CostBand(mid, spread, size)


class PeerGroups:
    """All finished sessions that are remembered, by feature, by source and together."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.version = 0
        self._groups: dict[tuple[Level, str, bool], Group] = {}
        self._views: dict[tuple[str, str, bool, str], PeerView] = {}
        self._zone = periods.zone(settings.zone)
        self._today = periods.Span("", 0, 0)
        self._days: dict[int, int] = {}  # start -> nano-dollars of the sessions that finished in it
        self._usual_day: tuple[int, int, int | None] = (-1, -1, None)  # (version, today, answer)

    def add(self, peer: Peer) -> None:
        """Remember a finished session in its groups."""
        for group in self._of(peer.source, peer.feature, peer.estimated, peer.label):
            group.add(peer, self.settings)
        self._spent(peer, 1)

    def drop(self, peer: Peer) -> None:
        """Forget one that goes on."""
        for group in self._of(peer.source, peer.feature, peer.estimated, peer.label):
            group.drop(peer)
        self._spent(peer, -1)

    def usual_day(self, now: int) -> int | None:
        """The median of the user's last fourteen spending days before this one; None: too few."""
        if not self._today.start <= now < self._today.end:
            self._today = periods.span("day", now, self._zone)
        today = self._today.start
        if self._usual_day[:2] != (self.version, today):
            since = now - self.settings.window_ms
            days = [day for day in self._days if since <= day < today and self._days[day] > 0]
            last = sorted(self._days[day] for day in sorted(days)[-_SPENDING_DAYS:])
            answer = twice_median(last) // 2 if len(last) >= _LEAST_DAYS else None
            self._usual_day = (self.version, today, answer)
        return self._usual_day[2]

    def _spent(self, peer: Peer, sign: int) -> None:
        self.version += 1
        day = periods.start_of("day", peer.at, self._zone)
        self._days[day] = self._days.get(day, 0) + sign * (peer.cost or 0)

    def view(self, source: str, feature: str, estimated: bool, label: str = "") -> PeerView:
        """The peers of a session of that source, feature and label."""
        name = (source, feature, estimated, label)
        found = self._views.get(name)
        if found is None:
            found = self._views[name] = PeerView(self._of(*name), self)
        return found

    def _of(self, source: str, feature: str, estimated: bool, label: str) -> tuple[Group, ...]:
        names: list[tuple[Level, str]] = [("source", source), ("all", "")]
        if label:
            names.insert(0, ("label", label))
        if feature:
            names.insert(0, ("feature", feature))
        for level, name in names:
            if (level, name, estimated) not in self._groups:
                self._groups[level, name, estimated] = Group(level)
        return tuple(self._groups[level, name, estimated] for level, name in names)


@cache
def _place(turns: int) -> tuple[int, float | None]:
    """The last age of the grid until then, and how far it is from there to the next one."""
    nth = bisect_right(GRID, turns) - 1
    if GRID[nth] == turns:
        return nth, None
    return nth, math.log(turns / GRID[nth]) / math.log(GRID[nth + 1] / GRID[nth])


def _band(groups: tuple[Group, ...], name: str, least: int) -> CostBand | None:
    """Between and within the peers: their middles differ, and so do the turns of each."""
    for group in groups:
        if group.level == "all":
            break
        mids = group.numbers(f"{name}_mid")
        if len(mids) >= least:
            between = upper_spread(mids)
            within = median(group.numbers(f"{name}_spread"))
            return CostBand(median(mids), math.hypot(between, within), len(mids))
    return None


def _residual(groups: tuple[Group, ...], turns: int) -> float:
    for group in groups:
        ordered = group.numbers("turns")
        first = bisect_right(ordered, turns)
        if len(ordered) - first >= 5:
            return ordered[(first + len(ordered)) // 2] - turns
    return turns / 2  # nobody got this far: half as much again, as long tails have it
