"""Why a day cost what it did: against the median of like days, what rose, by what. No words.

Each usual amount is the median of the like days, days without spend among them; what it is split
against is the very day that is the median (or the two in the middle), so that the parts sum to the
difference exactly. Costs are those of `report`. Money is int nano-dollars, times are ms UTC.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from costtop import compared_spans
from costtop.analysis import increase, ledger
from costtop.analysis.increase import Increase, Use
from costtop.analysis.ledger import Books
from costtop.durations import QUARTER
from costtop.named_tuples import NamedTuple
from costtop.queries.sessions import tasks
from costtop.queries.spending import report
from costtop.queries.spending.report_line import Line
from costtop.queries.why import day_sessions
from costtop.queries.why.day_sessions import DaySession, DearStep
from costtop.span_words import WordedSpan
from costtop.store.sessions import short_ids
from costtop.sum_floors import Sum

ALL = ""  # feature of everything
_NAMED = 3  # features, sessions
_Span = tuple[int, int]


class Usual(NamedTuple):
    """What like days cost."""

    cost: int  # the median
    floor: bool
    name: str  # "Fridays"
    days: tuple[tuple[int, int], ...]  # (start, cost), latest first
    middle: tuple[_Span, ...]  # the one or two days that the median is of


class Risen(NamedTuple):
    """A feature (or everything) of the day, against what is usual."""

    name: str
    spent: Sum
    usual: Usual | None = None
    split: Increase | None = None  # by what; None without usual days, or if costs do not add up
    pieces: str = "sessions"  # tasks | sessions: what the split counts
    now: Use = Use()  # zero without usual days
    then: Use = Use()  # a usual day's

    @property
    def more(self) -> int:
        """How much more than usual; all of it where nothing is usual."""
        return self.spent.cost - (self.usual.cost if self.usual else 0)


class RisenSession(NamedTuple):
    """A session of the day against the mean one on its feature's usual day."""

    session: DaySession
    id: str  # what to type for it
    spent: Sum
    usual: int | None  # None: there was none like it
    split: Increase | None

    @property
    def more(self) -> int:
        """How much more than the usual one."""
        return self.spent.cost - (self.usual or 0)


class ModelShare(NamedTuple):
    """A model and its share of the spend."""

    model: str
    now: float
    then: float


class WhyDay(NamedTuple):
    """The answer to `costtop why DAY`."""

    span: WordedSpan
    start: int
    end: int
    zone: str
    feature: str  # whose; ALL
    whole: Risen
    features: tuple[Risen, ...]  # that rose most, the three
    sessions: tuple[RisenSession, ...]
    books: Books
    step: DearStep | None  # the dearest
    model: ModelShare | None  # whose share rose most; None of one feature
    shorts: tuple[str, ...]  # models without a price


def read(
    db: sqlite3.Connection, span: WordedSpan, now: int, tz: ZoneInfo, feature: str = ALL
) -> WhyDay:
    """Why the span (that has a beginning) cost what it did; of one feature where it is named."""
    start, end = compared_spans.so_far(span, now)
    end = -(-end // QUARTER) * QUARTER  # whole quarters: the one that runs is in
    facts = _Facts(db, start, end, tz)
    whole = facts.risen(feature)
    names = [feature] if feature else facts.names()
    risen = sorted((facts.risen(name) for name in names), key=lambda one: (-one.more, one.name))
    sessions = facts.sessions(feature)
    mine = [one for one in facts.day((start, end)) if feature in (ALL, *map(_name, one.uses))]
    steps = [step for one in mine for step in one.steps]
    return WhyDay(
        span=span,
        start=start,
        end=end,
        zone=tz.key,
        feature=feature,
        whole=whole,
        features=tuple(one for one in risen if one.more > 0)[:_NAMED],
        sessions=tuple(
            one._replace(id=short_ids.of(db, one.session.root))
            for one in sessions[:_NAMED]
            if one.more > 0
        ),
        books=tuple(map(sum, zip(ledger.EMPTY, *(one.books for one in mine), strict=True))),
        step=_named(db, max(steps, key=lambda one: one.cost, default=None)),
        model=None if feature else facts.model(),
        shorts=tuple(facts.unpriced),
    )


def _named(db: sqlite3.Connection, step: DearStep | None) -> DearStep | None:
    return None if step is None else step._replace(id=short_ids.of(db, step.root))


def _name(feature: str) -> str:
    return feature or report.UNTAGGED


class _Facts:
    """What was read of the store for one answer; each day of calls is read once."""

    def __init__(self, db: sqlite3.Connection, start: int, end: int, tz: ZoneInfo) -> None:
        self._db, self._tz, self._now = db, tz, (start, end)
        self._days: dict[_Span, list[DaySession]] = {}
        found = report.read(db, "feature", tz, start, end)
        self.unpriced = found.unpriced_models
        self._lines = {ALL: found.total, **{line.key: line for line in found.lines}}
        first = report.first_time(db)
        self._like = None if first is None else compared_spans.like(start, end, tz, first)
        self._costs: list[tuple[_Span, dict[str, Line]]] = []
        for span in self._like.spans if self._like else ():
            past = report.read(db, "feature", tz, *span)
            self._costs.append((span, {ALL: past.total, **{x.key: x for x in past.lines}}))
        earliest = min((span[0] for span, _ in self._costs), default=start)
        self._tasks = [(x.finished or x.started or 0, x) for x in tasks.since(db, earliest)]

    def model(self) -> ModelShare | None:
        """The model whose share of the spend rose most; None without a usual day's spend."""
        usual = self.usual(ALL)
        spans = usual.middle if usual else ()
        past = [report.read(self._db, "model", self._tz, *span).lines for span in spans]
        then = _shares([line for lines in past for line in lines])
        now = _shares(report.read(self._db, "model", self._tz, *self._now).lines)
        if not then or not now:
            return None
        name = max(now, key=lambda each: (now[each] - then.get(each, 0.0), each))
        return ModelShare(name, now[name], then.get(name, 0.0))

    def names(self) -> list[str]:
        """The features that spent something on the day."""
        return [name for name in self._lines if name != ALL]

    def day(self, span: _Span) -> list[DaySession]:
        """The sessions of one of the days."""
        if span not in self._days:
            self._days[span] = day_sessions.read(self._db, *span)
        return self._days[span]

    def risen(self, feature: str) -> Risen:
        """The feature (or everything) on the day, against its usual."""
        line, usual = self._lines.get(feature), self.usual(feature)
        spent = Sum() if line is None else Sum(line.cost, line.calls, line.short)
        if usual is None:
            return Risen(name=feature, spent=spent)
        pieces, now, then = self._both(feature, usual.middle)
        adds_up = round(now.cost) == spent.cost and abs(round(then.cost) - usual.cost) <= 1
        split = increase.split(now, then, spent.cost - usual.cost) if adds_up else None
        return Risen(
            name=feature, spent=spent, usual=usual, split=split, pieces=pieces, now=now, then=then
        )

    def usual(self, feature: str) -> Usual | None:
        """The median of the like days; None without any."""
        if self._like is None:
            return None
        costs = [(span, lines.get(feature)) for span, lines in self._costs]
        order = sorted(costs, key=lambda pair: (pair[1].cost if pair[1] else 0, -pair[0][0]))
        middle = order[(len(order) - 1) // 2 : len(order) // 2 + 1]
        whole = [line.cost if line else 0 for _, line in middle]
        return Usual(
            cost=sum(whole) // len(whole),
            floor=any(line.floor for _, line in middle if line),
            name=self._like.name,
            days=tuple((span[0], line.cost if line else 0) for span, line in costs),
            middle=tuple(span for span, _ in middle),
        )

    def sessions(self, feature: str) -> list[RisenSession]:
        """The day's sessions, by how much more than usual each cost."""
        found = report.read(self._db, "session", self._tz, *self._now)
        lines = {line.key: line for line in found.lines}
        rows = []
        for one in self.day(self._now):
            if feature in (ALL, *map(_name, one.uses)) and one.root in lines:
                line = lines[one.root]
                rows.append(self._session(one, Sum(line.cost, line.calls, line.short)))
        return sorted(rows, key=lambda one: (-one.more, one.session.root))

    def _session(self, one: DaySession, spent: Sum) -> RisenSession:
        like = self._alike(_name(one.feature))
        if not like or round(one.use.cost) != spent.cost:
            return RisenSession(one, "", spent, None, None)
        mean = increase.together(like, 1 / len(like))
        usual = round(mean.cost)
        split = increase.split(one.use, mean, spent.cost - usual)
        return RisenSession(one, "", spent, usual, split)

    def _alike(self, feature: str) -> list[Use]:
        """The sessions of a feature on its usual day, else on the latest like day that had any."""
        usual = self.usual(feature)
        if usual is None:
            return []
        spent = [span for span, lines in self._costs if feature in lines]
        for spans in (usual.middle, *((span,) for span in spent)):
            days = (self.day(span) for span in spans)
            found = [one.use for day in days for one in day if _name(one.feature) == feature]
            if found:
                return found
        return []

    def _both(self, feature: str, middle: Sequence[_Span]) -> tuple[str, Use, Use]:
        """(what pieces are, the day, the usual one): tasks where they are most of both."""
        share = 1 / len(middle)
        now = _uses(self.day(self._now), feature)
        then = [use for span in middle for use in _uses(self.day(span), feature)]
        here, there = increase.together(now), increase.together(then, share)
        done = self._work([self._now], feature)
        past = self._work(middle, feature)
        covers = all(
            2 * spent * part >= use.cost
            for (_, spent), part, use in ((done, 1, here), (past, share, there))
        )
        if not (covers and done[0] and (past[0] or not there.cost)):
            return "sessions", here, there
        return "tasks", here._replace(pieces=done[0]), there._replace(pieces=past[0] * share)

    def _work(self, spans: Iterable[_Span], feature: str) -> tuple[int, int]:
        """(tasks that ended, or began and go on, in the spans; what they cost)."""
        found = [
            task
            for span in spans
            for at, task in self._tasks
            if span[0] <= at < span[1] and feature in (ALL, _name(task.feature))
        ]
        return len(found), sum(task.spent.cost for task in found)


def _shares(lines: Iterable[Line]) -> dict[str, float]:
    """Each model's share of the cost."""
    costs: dict[str, int] = {}
    for line in lines:
        costs[line.key] = costs.get(line.key, 0) + line.cost
    whole = sum(costs.values())
    return {key: cost / whole for key, cost in costs.items()} if whole else {}


def _uses(sessions: Iterable[DaySession], feature: str) -> list[Use]:
    if feature == ALL:
        return [one.use for one in sessions]
    each: Iterable[Mapping[str, Use]] = (one.uses for one in sessions)
    return [use for uses in each for name, use in uses.items() if _name(name) == feature]
