"""Scores a rule on a corpus whose truth is known: what it caught, how late, and how often it lied.

It runs no rule itself: it is told at which events a rule spoke, of which session.
"""

import statistics
from collections.abc import Iterable
from typing import NamedTuple

from .generator import DAY, EPOCH, Corpus


class Alarm(NamedTuple):
    """A rule spoke of a session at an event (its place in the corpus; -1: after the day)."""

    place: int
    root: str
    cause: str | None = None
    rule: str = ""


class Catch(NamedTuple):
    """One material anomaly and what became of it."""

    kind: str
    feature: str
    caught: bool
    burnt: float  # share of the overspend gone by the alert; 1 for a miss
    overspend: int
    turns: int | None  # of the root agent from the first wrong one to the alert, from 1
    cause: str | None
    rule: str


_CAUSES = {"clock_loop": ("retry_loop",), "slow_drift": ("context_growth",),
           "two_at_once": ("verbose_output", "cache_miss")}  # fmt: skip


def right(catch: Catch) -> bool:
    """Whether the alert named what really went wrong."""
    return catch.cause in _CAUSES.get(catch.kind, (catch.kind,))


class Score(NamedTuple):
    """All that the table of a rule is made of."""

    catches: list[Catch]
    normal: int
    lies: dict[str, int]  # false alarms by the rule that spoke first
    flagged: int

    @property
    def recall(self) -> float:
        return sum(x.caught for x in self.catches) / max(1, len(self.catches))

    @property
    def false_per_1000(self) -> float:
        return 1000 * sum(self.lies.values()) / max(1, self.normal)

    @property
    def precision(self) -> float:
        return sum(x.caught for x in self.catches) / max(1, self.flagged)

    @property
    def burnt(self) -> float:
        return statistics.fmean(x.burnt for x in self.catches) if self.catches else 0.0

    @property
    def burnt_dollars(self) -> float:
        whole = sum(x.overspend for x in self.catches)
        return sum(x.burnt * x.overspend for x in self.catches) / max(1, whole)

    @property
    def turns(self) -> float:
        counts = [x.turns for x in self.catches if x.turns is not None]
        return statistics.median(counts) if counts else float("nan")

    @property
    def cause(self) -> float:
        named = [x for x in self.catches if x.caught]
        return sum(right(x) for x in named) / max(1, len(named))


def score(corpus: Corpus, alarms: Iterable[Alarm], *, since: int = 0) -> Score:
    """The score of a rule's alarms; sessions that begin before day `since` are left out."""
    spoken: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        spoken.setdefault(alarm.root, []).append(alarm)
    at = _progress(corpus, spoken)
    begun: dict[str, int] = {}
    for event in corpus.events:
        begun.setdefault(event.spend.root, event.spend.call.at)
    catches: list[Catch] = []
    lies: dict[str, int] = {}
    normal = flagged = 0
    for root, truth in corpus.truths.items():
        if root not in begun or begun[root] < EPOCH + since * DAY:
            continue
        told = spoken.get(root, [])
        if not truth.kind:
            normal += 1
            if told:
                lies[told[0].rule] = lies.get(told[0].rule, 0) + 1
        if truth.kind and not truth.material:
            continue
        flagged += bool(told)
        if truth.kind:
            catches.append(_catch(truth, told, at))
    return Score(catches, normal, lies, flagged)


def together(scores: list[Score]) -> Score:
    """One score over several corpora."""
    lies: dict[str, int] = {}
    for each in scores:
        for rule, count in each.lies.items():
            lies[rule] = lies.get(rule, 0) + count
    return Score([x for each in scores for x in each.catches], sum(x.normal for x in scores), lies,
                 sum(x.flagged for x in scores))  # fmt: skip


def _catch(truth, told, at) -> Catch:
    for alarm in told:
        turn, gone = at.get((alarm.place, alarm.root), (None, truth.overspend))
        if turn is None or turn >= truth.onset:
            burnt = min(1.0, max(0.0, gone / truth.overspend))
            turns = None if turn is None else turn - truth.onset + 1
            return Catch(truth.kind, truth.feature, True, burnt, truth.overspend, turns,
                         alarm.cause, alarm.rule)  # fmt: skip
    return Catch(truth.kind, truth.feature, False, 1.0, truth.overspend, None, None, "")


def _progress(corpus, spoken) -> dict[tuple[int, str], tuple[int, int]]:
    """Root turn and overspend so far at each alarm."""
    wanted = {(alarm.place, alarm.root) for each in spoken.values() for alarm in each}
    turns: dict[str, int] = {}
    gone: dict[str, int] = {}
    found: dict[tuple[int, str], tuple[int, int]] = {}
    by_place: dict[int, list[str]] = {}
    for place, root in wanted:
        by_place.setdefault(place, []).append(root)
    for place, event in enumerate(corpus.events):
        spend = event.spend
        root = spend.root
        if spend.new:
            turns[root] = turns.get(root, 0) + (not spend.call.agent)
        gone[root] = gone.get(root, 0) + (spend.cost or 0) - (spend.previous or 0) - event.honest
        for each in by_place.get(place, ()):
            found[place, each] = (turns.get(each, 0), gone.get(each, 0))
    return found
