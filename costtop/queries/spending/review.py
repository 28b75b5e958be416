"""What a review finds in weeks of spend: by feature, whether tasks get dearer, and why.

It words nothing. All is from stored facts, with seeded permutations: the same store gives the same
review. "Recent" is the last part of the span, "before" is as long and lies before it. Money is int
nano-dollars, times are ms UTC. Definitions: DETECTION 3.7.
"""

import math
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.analysis import caching, drivers, mix, trend, usage, variance
from costtop.analysis.caching import Caching
from costtop.analysis.drivers import Split
from costtop.analysis.mix import Mix
from costtop.analysis.trend import TaskPoint, TooFew, Trend
from costtop.analysis.usage import Period, SpendChange
from costtop.analysis.variance import Spread
from costtop.detect.sessions.peer_sums import Sums
from costtop.queries.sessions import finished_sessions, tasks
from costtop.queries.sessions.finished_sessions import Life
from costtop.queries.sessions.tasks import TaskLine
from costtop.queries.spending import report
from costtop.queries.spending.rates import latest_rates
from costtop.queries.spending.spending import at_rates
from costtop.store.db import snapshot

DAY = 86_400_000
WEEK, SPAN = 7 * DAY, 28 * DAY
ALL = ""  # feature of the line about everything
WORTH = 0.2  # change of the cost of a task from which it is rising or falling
_GIVEN_UP = DAY  # ms after which a task that only began counts as abandoned
_FEWEST = 3  # sessions on either side for a reason


class Work(NamedTuple):
    """Tasks and what they cost."""

    completed: int
    cost: int
    lost: int  # failed, aborted, or begun and never finished
    lost_cost: int

    @property
    def each(self) -> int | None:
        """Cost of a completed task."""
        return self.cost // self.completed if self.completed else None


class ReviewLine(NamedTuple):
    """One feature, or everything."""

    feature: str
    spend: int
    floor: bool
    share: float  # of all spend
    sessions: int
    work: Work
    verdict: str  # rising | falling | steady | too few
    trend: Trend | TooFew
    reason: Split | None  # the last third of its sessions against the first
    change: SpendChange  # recent against before
    spread: Spread | None  # of sessions' costs
    top_share: float  # of the dollars, in the dearest 5 % of sessions
    retries: int
    caching: Caching


class Step(NamedTuple):
    """Why the recent part cost more (or less) than the one before; the parts sum exactly."""

    spend: int
    before: int
    sessions: int
    sessions_before: int
    more_sessions: int  # nano-dollars because there were more of them
    parts: tuple[int, ...]  # in the order of analysis.drivers.DRIVERS


class Review(NamedTuple):
    """The answer to `costtop review`."""

    since: int
    until: int
    recent: int  # since when it is "recent"
    zone: str
    whole: ReviewLine
    lines: tuple[ReviewLine, ...]  # dearest feature first
    mix: Mix | None
    steady: bool | None  # tasks took as many turns, turns as many new tokens; None: no tasks
    step: Step | None


class _Facts(NamedTuple):
    """What was read of the store for one review."""

    since: int
    until: int
    recent: int
    tz: ZoneInfo
    lives: list[Life]
    tasks: list[TaskLine]


def read(
    db: sqlite3.Connection, until: int, tz: ZoneInfo, length: int = SPAN, recent: int = WEEK
) -> Review:
    """The review of the `length` ms up to `until`, the last `recent` of them against before."""
    since = until - length
    found = report.read(db, "feature", tz, since, until)
    with snapshot(db):
        done = tasks.since(db, since)
        done = [task for task in done if (task.finished or task.started or 0) < until]
        facts = _Facts(
            since=since,
            until=until,
            recent=until - recent,
            tz=tz,
            lives=finished_sessions.read(db, since, until),
            tasks=done,
        )
        rates = dict(latest_rates(db, since))
    lines = [_line(line, found.total.cost, facts) for line in found.lines]
    whole = _line(found.total._replace(key=ALL), found.total.cost, facts)
    prices = {name: float(at_rates(found.total, rate)) for name, rate in rates.items()}
    moved = mix.mix(
        _models(facts.lives, facts.since, facts.recent),
        _models(facts.lives, facts.recent, facts.until),
        prices,
    )
    return Review(
        since=since,
        until=until,
        recent=facts.recent,
        zone=tz.key,
        whole=whole,
        lines=_judged(lines),
        mix=moved,
        steady=_steady(facts),
        step=_step(facts),
    )


def feature(
    db: sqlite3.Connection, name: str, until: int, tz: ZoneInfo, length: int = SPAN
) -> ReviewLine | None:
    """One feature's line alone; its verdict stands without the correction for many features."""
    return next((one for one in read(db, until, tz, length).lines if one.feature == name), None)


def _line(sums: report.Line, total: int, facts: _Facts) -> ReviewLine:
    name = sums.key
    mine = [one for one in facts.lives if name in (ALL, one.feature or report.UNTAGGED)]
    work = [one for one in facts.tasks if name in (ALL, one.feature or report.UNTAGGED)]
    found = trend.trend(_points(work, facts.tz))
    now = [one.cost for one in mine if one.began >= facts.recent]
    then = [one.cost for one in mine if one.began < facts.recent]
    return ReviewLine(
        feature=name,
        spend=sums.cost,
        floor=sums.floor,
        share=sums.cost / total if total else 0.0,
        sessions=len(mine),
        work=_work(work, facts.until),
        verdict=_verdict(found, sure=isinstance(found, Trend) and found.p < 0.01),
        trend=found,
        reason=_thirds(mine, facts),
        change=_change(mine, work, facts),
        spread=variance.spread(then, now),
        top_share=variance.top_share([one.cost for one in mine]),
        retries=sum(one.retries for one in mine),
        caching=caching.together(one.caching for one in mine),
    )


def _points(work: Sequence[TaskLine], tz: ZoneInfo) -> list[TaskPoint]:
    """Completed tasks with a known price; days are the user's."""
    return [
        TaskPoint(
            task.finished, periods.start_of("day", task.finished, tz) // DAY, math.log(task.price)
        )
        for task in work
        if task.finished and task.price
    ]


def _work(work: Sequence[TaskLine], until: int) -> Work:
    done = [task.spent.cost for task in work if task.status == "completed"]
    lost = [
        task.spent.cost
        for task in work
        if task.status in {"failed", "aborted"}
        or (task.status == "started" and (task.started or 0) < until - _GIVEN_UP)
    ]
    return Work(len(done), sum(done), len(lost), sum(lost))


def _verdict(found: Trend | TooFew, *, sure: bool) -> str:
    if isinstance(found, TooFew):
        return "too few"
    if not sure or -WORTH < found.change < WORTH:
        return "steady"
    return "rising" if found.change > 0 else "falling"


def _judged(lines: Sequence[ReviewLine]) -> tuple[ReviewLine, ...]:
    """Of many features that are tested some look dearer by chance: that is allowed for."""
    tested = [line for line in lines if isinstance(line.trend, Trend)]
    kept = trend.accepted([line.trend.p for line in tested if isinstance(line.trend, Trend)])
    sure = {line.feature for line, stands in zip(tested, kept, strict=True) if stands}
    return tuple(
        line._replace(verdict=_verdict(line.trend, sure=line.feature in sure)) for line in lines
    )


def _thirds(mine: Sequence[Life], facts: _Facts) -> Split | None:
    third = (facts.until - facts.since) // 3
    first = [one for one in mine if one.whole and one.began < facts.since + third]
    last = [one for one in mine if one.whole and one.began >= facts.until - third]
    usual = _reference(first)
    if usual is None or len(last) < _FEWEST:
        return None
    return drivers.together(drivers.split(one.usage, usual) for one in last)


def _reference(mine: Sequence[Life]) -> drivers.Reference | None:
    """What these sessions use on average; None for too few of them."""
    sums = Sums()
    for one in mine:
        sums.note(one.peer, 1)
    if sums.sessions < _FEWEST:
        return None
    return sums.reference(sum(one.peer.turns for one in mine) / len(mine))


def _change(mine: Sequence[Life], work: Sequence[TaskLine], facts: _Facts) -> SpendChange:
    then = 2 * facts.recent - facts.until
    return usage.change(
        _period(mine, work, then, facts.recent), _period(mine, work, facts.recent, facts.until)
    )


def _period(mine: Sequence[Life], work: Sequence[TaskLine], since: int, until: int) -> Period:
    here = [one for one in mine if since <= one.began < until]
    done = sum(since <= (one.finished or 0) < until and one.status == "completed" for one in work)
    return Period(sum(one.cost for one in here), done, sum(one.peer.turns for one in here))


def _models(mine: Sequence[Life], since: int, until: int) -> list[dict[str, int]]:
    return [dict(one.peer.models) for one in mine if since <= one.began < until]


def _steady(facts: _Facts) -> bool | None:
    """Whether the work is as it was: else the mix moved with it, and nobody is to blame."""
    then = _period(facts.lives, facts.tasks, facts.since, facts.recent)
    now = _period(facts.lives, facts.tasks, facts.recent, facts.until)
    if not then.tasks or not now.tasks:
        return None
    old = [one.usage for one in facts.lives if one.began < facts.recent]
    new = [one.usage for one in facts.lives if one.began >= facts.recent]
    return mix.steady(then.turns / then.tasks, now.turns / now.tasks) and mix.steady(
        sum(one.new for one in old) / max(1, then.turns),
        sum(one.new for one in new) / max(1, now.turns),
    )


def _step(facts: _Facts) -> Step | None:
    """Both parts are split against what was usual before, so that the difference splits too."""
    start = 2 * facts.recent - facts.until
    then = [one for one in facts.lives if start <= one.began < facts.recent]
    now = [one for one in facts.lives if one.began >= facts.recent]
    usual = _reference(then)
    if usual is None or not now:
        return None
    old = drivers.together(drivers.split(one.usage, usual) for one in then)
    new = drivers.together(drivers.split(one.usage, usual) for one in now)
    parts = tuple(b - a for a, b in zip(old.parts, new.parts, strict=True))
    return Step(
        spend=new.actual,
        before=old.actual,
        sessions=len(now),
        sessions_before=len(then),
        more_sessions=new.usual - old.usual,
        parts=parts,
    )
