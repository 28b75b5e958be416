"""How a claim about a session stands: first told, grown, over. It detects nothing itself.

A claim is told once; again when its severity rises or its ratio has doubled (DETECTION 3.5). All
mechanisms of one session and severity belong to one alert (`identity`), later ones join it.
"""

from typing import NamedTuple

from costtop.analysis import why
from costtop.detect.sessions import cause_words
from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Finding
from costtop.money import dollars

RANK = {"": 0, "notice": 1, "warning": 2, "critical": 3}
_QUIET = 10  # turns without the claim after which a recovering mechanism is over
_LASTING = {
    "median_5x",
    "cost_outlier",
    "age_outlier",
    "session_cap",
}  # they end with the session
_PATIENCE = 12  # matches of usage alone that are pushed: fewer may be somebody polling
_SURE_WITHOUT_PEERS = {"retry_loop", "fan_out"}


class Standing(NamedTuple):
    """One mechanism's claim as last told."""

    severity: str
    ratio: float  # of cost to the usual, when told
    turn: int  # last turn at which it held
    verdict: Verdict
    over: bool = False
    before: tuple[str, ...] = ()  # lower severities at which it was told and still stands


def identity(finding: Finding) -> tuple[str, ...]:
    """What makes two findings the same alert: told once, whoever finds it again."""
    if finding.session:
        return ("session", finding.session, finding.severity)
    evidence = dict(finding.evidence)
    window = str(evidence.get("window_ms", ""))
    return (finding.rule, finding.budget, finding.period, str(finding.tier), window)


def hold(
    course: Course, verdict: Verdict, view: View, settings: Settings, now: int, found: list[Finding]
) -> None:
    """Note that a claim holds now; append a finding when that is news."""
    held: Standing | None = course.said.get(verdict.rule)
    level = severity(course, verdict, view, settings)
    usual = view.usual()
    ratio = course.cost * 2 / usual.twice_median if usual and usual.twice_median else 0.0
    if (
        held is not None
        and not held.over
        and RANK[level] <= RANK[held.severity]
        and not (ratio >= 2 * held.ratio > 0)
    ):
        course.said[verdict.rule] = held._replace(turn=course.turns)
        return
    again = held is not None and RANK[level] <= RANK[held.severity]
    if again and held is not None:
        level = held.severity
    stood = () if held is None or held.over else {*held.before, held.severity} - {level}
    course.said[verdict.rule] = Standing(
        level, ratio, course.turns, verdict, before=tuple(sorted(stood, key=RANK.__getitem__))
    )
    found.append(_finding(course, verdict, level, view, ratio, now, again))
    if RANK[level] > RANK[course.spoken]:
        course.spoken = level


def recover(course: Course, now: int, found: list[Finding]) -> None:
    """At a new turn: mechanisms that have been quiet for ten turns are over."""
    for rule, held in course.said.items():
        if held.over or rule in _LASTING or course.turns - held.turn < _QUIET:
            continue
        course.said[rule] = held._replace(over=True, before=())
        found += _over(course, held, now, "recovered")


def end(course: Course, at: int, view: View) -> list[Finding]:
    """The session has finished: what stood of it is over."""
    if not course.said:
        return []
    usual = view.usual()
    cheap = usual is not None and course.cost * 2 <= usual.twice_median
    found: list[Finding] = []
    for rule, held in course.said.items():
        if not held.over:
            course.said[rule] = held._replace(over=True, before=())
            found += _over(course, held, at, "ended_and_cheap" if cheap else "ended")
    return found


def severity(course: Course, verdict: Verdict, view: View, settings: Settings) -> str:
    """notice, warning or critical (DETECTION 3.5)."""
    budget = settings.daily_budget
    large = max(10 * settings.floor, (budget or 0) // 5)
    level = "warning"
    usual = view.usual()
    if verdict.rule == "median_5x":
        level = settings.plain_rule
        if verdict.statistic >= 10 or (budget and verdict.excess >= budget // 20):
            level = "warning"
    elif verdict.learnt is not None:
        level = "warning" if verdict.learnt >= settings.learnt_from else "notice"
    elif _unsure(verdict, alone=usual is None):
        level = "notice"
    if level == "notice" or (verdict.rule == "median_5x" and not budget):
        return level
    if verdict.excess >= large:
        return "critical"
    if (
        verdict.rule in ("retry_loop", "fan_out")
        and usual is not None
        and verdict.projected >= 5 * usual.twice_median
    ):
        return "critical"
    return level


def _unsure(verdict: Verdict, *, alone: bool) -> bool:
    """Whether a claim is only listed: without peers, or seen by usage alone and not for long."""
    if verdict.rule == "retry_loop_usage" and verdict.statistic < _PATIENCE:
        return True
    return alone and verdict.rule not in _SURE_WITHOUT_PEERS


def _finding(
    course: Course, verdict: Verdict, level: str, view: View, ratio: float, now: int, again: bool
) -> Finding:
    usual = view.usual()
    split = None if verdict.cause else cause_words.split(course, view)
    cause = verdict.cause or cause_words.cause(course, view, split)
    evidence: list[tuple[str, str | int | float]] = [
        ("detector", verdict.rule),
        ("statistic", round(verdict.statistic, 4)),
        ("threshold", round(verdict.limit, 4)),
        ("projected_excess", verdict.projected),
    ]
    if usual is not None:
        evidence += [
            ("peers", usual.peers),
            ("median", usual.median),
            ("q95", usual.high),
            ("ratio", round(ratio, 4)),
        ]
    if verdict.since is not None:
        evidence.append(("since_turn", verdict.since))
    evidence += verdict.evidence
    evidence += why.shares(course.books)
    if RANK[level] <= RANK[course.spoken]:
        evidence.append(("joins", course.spoken))
    if again:
        evidence.append(("again", 1))
    return Finding(
        verdict.rule,
        level,
        now,
        _title(course, verdict, ratio),
        cause_words.words(course, verdict, view, ratio, split),
        session=course.root,
        turn=course.turns,
        cost=course.cost,
        excess=verdict.excess,
        cause=cause,
        evidence=tuple(evidence),
        feature=course.feature,
        user=course.user,
    )


def _title(course: Course, verdict: Verdict, ratio: float) -> str:
    times = f", {ratio:.1f}x the usual" if ratio else ""
    name = verdict.rule.replace("_", " ")
    return f"session {short(course.root)}: ${dollars(course.cost)}{times} ({name})"


def short(root: str) -> str:
    """A session's name for titles: seven characters of a hash, else the id."""
    name = root.partition("/")[2] or root
    head = name[:8]
    if len(name) >= 32 and all(char in "0123456789abcdef" for char in head):
        return name[:7]
    return name if len(name) <= 24 else f"{name[:23]}…"


def _over(course: Course, held: Standing, now: int, reason: str) -> list[Finding]:
    """The end of the claim at every severity at which it was told."""
    rule = held.verdict.rule
    name = rule.replace("_", " ")
    over = Finding(
        rule,
        held.severity,
        now,
        f"session {short(course.root)}: {name} is over",
        f"The session stands at ${dollars(course.cost)} after {course.turns} turns.",
        session=course.root,
        turn=course.turns,
        cost=course.cost,
        cause=held.verdict.cause,
        evidence=(("reason", reason),),
        feature=course.feature,
        user=course.user,
        resolved=True,
    )
    return [over, *(over._replace(severity=level) for level in reversed(held.before))]
