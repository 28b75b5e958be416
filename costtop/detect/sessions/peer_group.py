"""The last finished sessions of one feature, one source or all, in lists that are kept sorted.

It judges nothing; `peers.View` reads it. A finished session is only noted in a journal; each list
reads on when it is asked, so that hardly an event pays for more than it uses.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from operator import attrgetter
from typing import Literal

from costtop.analysis.quantiles import median, upper_spread
from costtop.detect.sessions.finished_peer import Peer
from costtop.detect.sessions.peer_sums import Sums
from costtop.detect.settings import Settings
from costtop.named_tuples import NamedTuple

_SERIES = (
    "age_peak", "growth_peak", "output_peak", "growth_mid", "growth_spread", "output_mid",
    "output_spread", "agents", "at_once", "turns", "retries", "break_peak", "match_peak",
)  # fmt: skip
_TOPS = ("growth_top", "output_top")
SWARM = 4  # subagents from which a session is a swarm, which is another kind of work
LONG = 4  # turns from which sessions are of one size; real ones with one to three cost cents
_JOURNAL = 512  # changes that a list which nobody reads may be behind
_MANY = 12  # changes from which merging beats inserting one by one

Level = Literal["feature", "label", "source", "all"]
"""Whose sessions a group holds."""
Pick = Callable[[Peer], float | None]


class Series:
    """One number of every session, in order, as far as the group's journal has been read."""

    __slots__ = ("ordered", "pick", "read")

    def __init__(self, pick: Pick) -> None:
        self.pick = pick
        self.ordered: list[float] = []
        self.read = 0  # changes of the group that are in it

    def take(self, changes: list[tuple[Peer, bool]]) -> None:
        """Bring the list up to date: sessions that came (True) and went."""
        ordered, pick = self.ordered, self.pick
        if len(changes) > _MANY:
            ordered += [
                value for peer, came in changes if came and (value := pick(peer)) is not None
            ]
            ordered.sort()  # two runs: a merge
            changes, read = [each for each in changes if not each[1]], len(changes)
            self.read += read - len(changes)
        for peer, came in changes:
            value = pick(peer)
            if value is None:
                continue
            if came:
                insort(ordered, value)
            else:
                del ordered[bisect_left(ordered, value)]
        self.read += len(changes)


class Middle(NamedTuple):
    """How many numbers, their median and their upper spread."""

    size: int
    mid: float
    spread: float


class Group:
    """The finished sessions, oldest first, and their numbers."""

    __slots__ = (
        "_base",
        "_journal",
        "_middles",
        "_series",
        "ages",
        "level",
        "mixed",
        "peers",
        "shifts",
        "sums",
    )

    def __init__(self, level: Level) -> None:
        self.level = level
        self.peers: deque[Peer] = deque()
        self.ages = 0  # of the grid, that any session has reached
        self.shifts: dict[str, int] = {}  # turns by model
        self.mixed: dict[str, int] = {}  # sessions by model, of those that used several
        self.sums = Sums()
        self._journal: list[tuple[Peer, bool]] = []  # changes that some list has yet to read
        self._base = 0  # changes before the journal's first
        self._series: dict[str | int, Series] = {"cost": Series(_cost), "long": Series(_long)}
        self._series["swarm"] = Series(_swarm)
        self._series |= {name: Series(attrgetter(name)) for name in _SERIES}
        self._series |= {name: Series(_noted(name)) for name in _TOPS}
        self._middles: dict[int, Middle] = {}

    def add(self, peer: Peer, settings: Settings) -> None:
        """Remember a session, forgetting those that fall out of the window."""
        self.peers.append(peer)
        while self.ages < len(peer.costs_at):
            series = self._series[self.ages] = Series(_at_age(self.ages))
            series.read = self._base + len(self._journal)
            self.ages += 1
        self._note(peer, came=True)
        while len(self.peers) > settings.window or self.peers[0].at < peer.at - settings.window_ms:
            self._note(self.peers.popleft(), came=False)

    def drop(self, peer: Peer) -> None:
        """Forget a session that goes on after all."""
        if peer in self.peers:
            self.peers.remove(peer)
            self._note(peer, came=False)

    def numbers(self, name: str | int) -> list[float]:
        """All numbers of that name (an int: ln cost at that age), ascending; not to be changed."""
        series = self._series[name]
        behind = series.read - self._base
        if behind < len(self._journal):
            series.take(self._journal[behind:] if behind else self._journal)
        return series.ordered

    def stopped(self, name: str, first: float, lasting: float) -> float:
        """The share of sessions whose number came to `first`, but not to `lasting`.

        Those that came so far went on: of them `first` was an early sign.
        """
        ordered = self.numbers(name)
        count = bisect_left(ordered, lasting) - bisect_left(ordered, first)
        return count / max(1, len(ordered))

    def at_age(self, nth: int) -> Middle | None:
        """The middle of ln cost at an age of the grid, None when nobody got there."""
        found = self._middles.get(nth)
        if found is None:
            ordered = self.numbers(nth) if nth < self.ages else []
            if not ordered:
                return None
            found = Middle(len(ordered), median(ordered), upper_spread(ordered))
            self._middles[nth] = found
        return found

    def _note(self, peer: Peer, *, came: bool) -> None:
        self._journal.append((peer, came))
        self._middles.clear()
        self.sums.note(peer, 1 if came else -1)
        several = len(peer.models) > 1
        for model, turns in peer.models:
            self.shifts[model] = self.shifts.get(model, 0) + (turns if came else -turns)
            if several:
                self.mixed[model] = self.mixed.get(model, 0) + (1 if came else -1)
        if len(self._journal) > _JOURNAL:
            for name in self._series:
                self.numbers(name)
            self._base += len(self._journal)
            self._journal.clear()


def _cost(peer: Peer) -> float | None:
    return None if peer.censored else peer.cost


def _long(peer: Peer) -> float | None:
    return _cost(peer) if peer.turns >= LONG else None


def _swarm(peer: Peer) -> float | None:
    return _cost(peer) if peer.agents >= SWARM else None


def _noted(name: str) -> Pick:
    number = attrgetter(name)
    return lambda peer: number(peer) or None


def _at_age(nth: int) -> Pick:
    def pick(peer: Peer) -> float | None:
        return peer.costs_at[nth] if nth < len(peer.costs_at) else None

    return pick
