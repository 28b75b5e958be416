"""Sets a session's course against its peers, for the cause and the words of a finding.

It finds nothing itself; the arithmetic is `analysis.drivers`, the sentences are `analysis.why`.
"""

from costtop.analysis import drivers, why
from costtop.analysis.drivers import Split, Usage
from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import Course, totals
from costtop.detect.sessions.peers import View

_NAMED = 0.2  # share of the excess from which a driver is called the cause


def usage(course: Course) -> Usage:
    """What a session has used so far."""
    carried, missed, new, output = totals(course)
    return Usage(course.turns, len(course.wrong), carried, missed, course.prompt, new, output,
                 course.agent_cost, course.cost - course.agent_cost)  # fmt: skip


def split(course: Course, view: View) -> Split | None:
    """Why the session costs more than its peers, by driver; None without peers."""
    usual = view.reference()
    return None if usual is None else drivers.split(usage(course), usual)


def cause(course: Course, view: View, found: Split | None) -> str | None:
    """The mechanism that makes the session dearer than its peers, None when it is only longer."""
    usual = view.reference()
    if found is None or usual is None:
        return None
    causes = why.causes(found, usage(course), usual)
    name, amount = max(causes.items(), key=lambda item: item[1])
    return name if amount > _NAMED * max(0, found.actual - found.usual) else None


def words(course: Course, verdict: Verdict, view: View, ratio: float, found: Split | None) -> str:
    """One plain sentence with numbers for screen, alert and report."""
    usual = view.usual()
    each = (
        (verdict.projected - verdict.excess) / view.residual(course.turns)
        if verdict.projected > verdict.excess
        else 0.0
    )
    peers = None if usual is None else why.Standard(course.feature, usual.peers, usual.median,
                                                    usual.high)  # fmt: skip
    reasons = "" if found is None else why.reasons(found)
    return why.sentence(verdict.words, reasons, peers, ratio, round(each))
