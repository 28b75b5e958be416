"""What a review finds in weeks of spend: by feature, whether tasks get dearer, and why.

It words nothing. All is from stored facts, with seeded permutations: the same store gives the same
review. "Recent" is the last part of the span, "before" is as long and lies before it. Money is int
nano-dollars, times are ms UTC. Definitions: DETECTION 3.7.
"""

import sqlite3
from collections.abc import Sequence
from typing import Literal
from zoneinfo import ZoneInfo

from costtop import compared_spans, periods
from costtop.analysis import caching, dearer, drivers, mix, trend, usage, variance
from costtop.analysis.caching import Caching
from costtop.analysis.dearer import Dearer, Verdict
from costtop.analysis.drivers import Split
from costtop.analysis.mix import Mix
from costtop.analysis.usage import Period, SpendChange
from costtop.analysis.variance import Spread
from costtop.detect.sessions.peer_sums import Sums
from costtop.named_tuples import NamedTuple
from costtop.queries.sessions import finished_sessions, tasks
from costtop.queries.sessions.finished_sessions import Life
from costtop.queries.sessions.task_costs import price
from costtop.queries.sessions.tasks import TaskLine
from costtop.queries.spending import report
from costtop.queries.spending.charged_rates import latest_rates
from costtop.queries.spending.report_line import Line
from costtop.queries.spending.spending import at_rates
from costtop.span_words import WordedSpan
from costtop.store.db import snapshot

DAY = 86_400_000
WEEK, SPAN = 7, 28  # days
ALL = ""  # feature of the line about everything
_GIVEN_UP = DAY  # ms after which a task that only began counts as abandoned
_FEWEST = 3  # sessions on either side for a reason

Against = Literal["before", "like"]


class Work(NamedTuple):
    """Tasks and what they cost."""

    completed: int
    told: int  # of them, those that calls name: the price is of these
    cost: int
    lost: int  # failed, aborted, or begun and never finished
    lost_cost: int

    @property
    def each(self) -> int | None:
        """The price of a completed task, as everywhere (`report_line.Line.cost_per_task`)."""
        return price(self.cost, self.told)


class ReviewLine(NamedTuple):
    """One feature, or everything."""

    feature: str
    spend: int
    floor: bool
    share: float  # of all spend
    sessions: int
    work: Work
    verdict: Verdict
    dearer: Dearer  # what its completed tasks tell
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
    then: tuple[int, int]  # what the recent part is compared with
    against: Against


class _Facts(NamedTuple):
    """What was read of the store for one review."""

    since: int
    until: int
    recent: int
    tz: ZoneInfo
    lives: list[Life]
    tasks: list[TaskLine]
    then: tuple[int, int]  # what the recent part is compared with
    then_lives: list[Life]


def read(
    db: sqlite3.Connection,
    until: int,
    tz: ZoneInfo,
    since: int | None = None,
    recent: int = WEEK,
    compared: Against = "before",
) -> Review:
    """The review of [since, until), ms UTC, by default of the last 28 local days.

    The last `recent` days, of its own days a quarter at most, are compared with as many before, or
    with the like weeks' one in the middle.
    """
    last = periods.days(until - (SPAN + 1) * DAY, until, tz)[-SPAN:]
    since = last[0].start if since is None else since
    found = report.read(db, "feature", tz, since, until)
    start = _recent(since, until, tz, recent)
    facts = _facts(db, (since, start, until), tz, _then(db, start, until, tz, compared))
    with snapshot(db):
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
        then=facts.then,
        against=compared,
    )


def _recent(since: int, until: int, tz: ZoneInfo, most: int) -> int:
    """Since when it is recent: so many days, a quarter of the span's days at most."""
    days = periods.days(since, until, tz)
    newest = days[-max(1, min(most, len(days) // 4)) :]
    return max(since, newest[0].start) if len(days) > 1 else (since + until) // 2


def _facts(
    db: sqlite3.Connection, times: tuple[int, int, int], tz: ZoneInfo, then: tuple[int, int]
) -> _Facts:
    """Of [since, recent, until), and of what the recent part is compared with."""
    since, recent, until = times
    with snapshot(db):
        known = tasks.since(db, min(since, then[0]))
        lives = finished_sessions.read(db, since, until)
        earlier = lives if then[0] >= since else finished_sessions.read(db, *then)
    return _Facts(
        since=since,
        until=until,
        recent=recent,
        tz=tz,
        lives=lives,
        tasks=[task for task in known if (task.finished or task.started or 0) < until],
        then=then,
        then_lives=[one for one in earlier if then[0] <= one.began < then[1]],
    )


def _then(
    db: sqlite3.Connection, start: int, until: int, tz: ZoneInfo, compared: Against
) -> tuple[int, int]:
    """What [start, until) is compared with: the span before, or of like ones that in the middle."""
    if compared == "like":
        known = report.first_time(db)
        like = compared_spans.like(start, until, tz, start if known is None else known)
        costs = [
            (report.read(db, "total", tz, *span).total.cost, span)
            for span in (like.spans if like else ())
        ]
        if costs:
            return sorted(costs)[len(costs) // 2][1]
    return compared_spans.before(WordedSpan("", "days", start, until), until, tz)


def _line(sums: Line, total: int, facts: _Facts) -> ReviewLine:
    name = sums.key
    mine = [one for one in facts.lives if name in (ALL, one.feature or report.UNTAGGED)]
    known = [one for one in facts.tasks if name in (ALL, one.feature or report.UNTAGGED)]
    then = [one for one in facts.then_lives if name in (ALL, one.feature or report.UNTAGGED)]
    work = [one for one in known if (one.finished or one.started or 0) >= facts.since]
    found = dearer.dearer(tasks.priced(work, facts.tz))
    now = [one.cost for one in mine if one.began >= facts.recent]
    older = [one.cost for one in mine if one.began < facts.recent]
    return ReviewLine(
        feature=name,
        spend=sums.cost,
        floor=sums.floor,
        share=sums.cost / total if total else 0.0,
        sessions=len(mine),
        work=_work(work, facts.until),
        verdict=dearer.verdict(found, sure=found.p <= dearer.LEVEL),
        dearer=found,
        reason=_thirds(mine, facts),
        change=_change(then, mine, known, facts),
        spread=variance.spread(older, now),
        top_share=variance.top_share([one.cost for one in mine]),
        retries=sum(one.retries for one in mine),
        caching=caching.together(one.caching for one in mine),
    )


def _work(work: Sequence[TaskLine], until: int) -> Work:
    done = [task for task in work if task.status == "completed" and task.finished]
    lost = [
        task.spent.cost
        for task in work
        if task.status in {"failed", "aborted"}
        or (task.status == "started" and (task.started or 0) < until - _GIVEN_UP)
    ]
    cost = sum(task.spent.cost for task in done)
    return Work(len(done), tasks.told(done), cost, len(lost), sum(lost))


def _judged(lines: Sequence[ReviewLine]) -> tuple[ReviewLine, ...]:
    """Of many features that are tested some look dearer by chance: that is allowed for."""
    tested = [line for line in lines if line.dearer.like is not None]
    kept = trend.accepted([line.dearer.p for line in tested], dearer.LEVEL)
    sure = {line.feature for line, stands in zip(tested, kept, strict=True) if stands}
    return tuple(
        line._replace(verdict=dearer.verdict(line.dearer, sure=line.feature in sure))
        for line in lines
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


def _change(
    then: Sequence[Life], mine: Sequence[Life], work: Sequence[TaskLine], facts: _Facts
) -> SpendChange:
    return usage.change(
        _period(then, work, *facts.then), _period(mine, work, facts.recent, facts.until)
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
    then = facts.then_lives
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
