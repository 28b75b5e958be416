"""How the claims about a session stand: first told, grown, over. It detects nothing itself.

A claim is told once; again when its severity rises. All claims about one session are one incident,
which is told again when its excess has doubled, by a step that means something. Later ones join it.
"""

from collections.abc import Sequence
from typing import Any

from costtop.detect import findings
from costtop.detect.findings import Telling
from costtop.detect.peer_comparison import excess as beyond_usual
from costtop.detect.rules.rule import Claim, Memory, Moment, Rule
from costtop.detect.sessions.finished_peer import Peer
from costtop.model import SEVERITIES, Finding, Severity

_QUIET = 10  # turns without the claim after which a recovering mechanism is over
_SURE = 0.5  # of a usual session, that a mechanism has cost where few peers have taught its limit
_UNPEERED = 2  # floors that one has cost which is told before anything is known to be usual
_FAR = 1.35  # times the usual that a session which is still cheap must be on its way to
_RANK = {"": -1} | {severity: nth for nth, severity in enumerate(SEVERITIES)}


class HeldLevel:
    """One rule's claim as last told."""

    __slots__ = ("before", "claimed", "over", "rule", "severity", "turn")

    def __init__(self, rule: Rule, severity: Severity, turn: int, claimed: int) -> None:
        self.rule = rule
        self.severity = severity
        self.turn = turn  # last one at which it held
        self.claimed = claimed  # excess that it claimed then
        self.over = False
        self.before: list[Severity] = []  # lower ones at which it was told and still stands


class Watched:
    """A session, what the rules remember of it, and what was told of it."""

    __slots__ = ("at", "excess", "held", "last", "memories", "peer", "session", "spoken")

    def __init__(self, at: Moment, rules: Sequence[Rule]) -> None:
        self.session = at.session
        self.at = at
        self.memories: tuple[Memory[Any], ...] = tuple(Memory(rule.start()) for rule in rules)
        self.last = 0  # the clock at its last event
        self.held: list[HeldLevel] = []  # in the order in which they were first told
        self.spoken: Severity | None = None  # the highest told
        self.excess = 0  # when that was told, or told again: nano-dollars beyond what is usual
        self.peer: Peer | None = None  # what is remembered of it while it is finished


def hold(watched: Watched, rule: Rule, claim: Claim, now: int) -> Finding | None:
    """Note that a claim holds now; the finding when that is news."""
    session, at = watched.session, watched.at
    level = severity(rule, claim, at, now)
    excess = beyond_usual(session, at.peers, claim.excess)
    held = next((one for one in watched.held if one.rule is rule), None)
    again = held is not None and _RANK[level] <= _RANK[held.severity]
    more = excess - watched.excess
    doubled = more >= watched.excess > 0 and more >= least_step(at, now)
    if held is not None and again:
        if not held.over and not (doubled and _is_loudest(watched, held)):
            held.turn, held.claimed = session.turns, claim.excess
            return None
        level = held.severity
    _note(watched, held, HeldLevel(rule, level, session.turns, claim.excess))
    joins = watched.spoken if watched.spoken and _RANK[level] <= _RANK[watched.spoken] else ""
    if not joins:
        watched.spoken = level
    if not joins or doubled:
        watched.excess = max(0, excess)
    told = Telling(level, least_step(at, now), again, joins)
    return findings.opened(session, rule, claim, at.peers, told, now)


def _is_loudest(watched: Watched, held: HeldLevel) -> bool:
    """Whether nothing that stands of the session is more severe."""
    return all(_RANK[one.severity] <= _RANK[held.severity] for one in watched.held if not one.over)


def _note(watched: Watched, old: HeldLevel | None, new: HeldLevel) -> None:
    """Put what is told now in the place of what was told of the same rule."""
    if old is None:
        watched.held.append(new)
        return
    if not old.over:
        stood = {*old.before, old.severity} - {new.severity}
        new.before = sorted(stood, key=SEVERITIES.index)
    watched.held[watched.held.index(old)] = new


def recover(watched: Watched, now: int) -> list[Finding]:
    """At a new turn: mechanisms that have been quiet for ten turns are over."""
    found: list[Finding] = []
    for held in watched.held:
        if not (held.over or held.rule.lasts) and watched.session.turns - held.turn >= _QUIET:
            found += _over(watched, held, now, "recovered")
    return found


def end(watched: Watched, now: int) -> list[Finding]:
    """The session has finished: what stood of it is over."""
    if not watched.held:
        return []
    usual = watched.at.peers.usual()
    cheap = usual is not None and watched.session.cost * 2 <= usual.twice_median
    found: list[Finding] = []
    for held in watched.held:
        if not held.over:
            found += _over(watched, held, now, "ended_and_cheap" if cheap else "ended")
    return found


def severity(rule: Rule, claim: Claim, at: Moment, now: int) -> Severity:
    """notice, warning or critical (DETECTION 3.5, as amended).

    Critical is a fifth of a day as the user has them, and needs evidence: a mechanism or a budget.
    """
    usual, budget = at.peers.usual(), at.settings.daily_budget
    if not _is_pushed(rule, claim, at, now):
        return "notice"
    day = budget or at.peers.peers.usual_day(now)
    if day is None or not (rule.cause or budget):
        return "warning"
    large = max(10 * at.settings.floor, day // 5)
    sure = rule.sure and usual is not None and claim.projected >= 5 * usual.twice_median
    return "critical" if (claim.projected if sure else claim.excess) >= large else "warning"


def _is_pushed(rule: Rule, claim: Claim, at: Moment, now: int) -> bool:
    if not claim.worth or (rule.dear and _is_cheap(claim, at)):
        return False
    if (
        rule.cause is None
        and not rule.sure
        and not (_beyond(at) and claim.excess >= worth(at, now))
    ):
        return False  # it is dear, and nobody knows why
    if rule.plain:
        return at.settings.plain_rule != "notice"
    if claim.learnt is not None and claim.learnt < at.settings.learnt_from:
        sure = claim.excess > _SURE * at.peers.long_median() or _beyond(at)
        return rule.cause is not None and sure
    if claim.learnt is not None:
        return True
    if rule.sure or at.peers.usual() is not None:
        return True
    return not rule.peered and claim.excess >= _UNPEERED * at.settings.floor


def _is_cheap(claim: Claim, at: Moment) -> bool:
    """Whether the session costs no more than is usual, and will not cost far more."""
    cost, usual = at.session.cost, at.peers.median()
    return cost <= usual and cost + claim.projected - claim.excess <= _FAR * usual


def _beyond(at: Moment) -> bool:
    """Dearer than its own kind and size; that all is dearer by its model is the user's choice."""
    session = at.session
    cost = int(session.cost / at.peers.dearness(session.first_rates))
    return bool(at.peers.beyond(session.turns, cost, len(session.agents)))


def worth(at: Moment, now: int) -> int:
    """The excess from which a session is worth a message: a twentieth of the user's usual day."""
    day = at.peers.peers.usual_day(now)
    return 4 * at.settings.floor if day is None else day // 20


def least_step(at: Moment, now: int) -> int:
    """The dollars by which an incident must have grown to be told again: a tenth of a usual day.

    A runaway that is found at cents doubles five times before it has cost a coffee.
    """
    day = at.peers.peers.usual_day(now)
    return max(4 * at.settings.floor, 0 if day is None else day // 10)


def _over(watched: Watched, held: HeldLevel, now: int, reason: str) -> list[Finding]:
    """The end of the claim at every severity at which it was told."""
    levels = [held.severity, *reversed(held.before)]
    held.over, held.before = True, []
    return [findings.ended(watched.session, held.rule, level, now, reason) for level in levels]
