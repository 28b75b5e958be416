"""What is told of a rule's claim: title, sentence, cause and evidence, from the session's books."""

from typing import NamedTuple

from costtop.analysis import drivers, why
from costtop.analysis.drivers import Split
from costtop.detect.rules.rule import Claim, Rule
from costtop.detect.sessions.peer_group import Level
from costtop.detect.sessions.peers import MANY, PeerView
from costtop.detect.sessions.running_session import RunningSession, usage
from costtop.model import Cause, Finding, Severity
from costtop.money import dollars

_NAMED = 0.2  # share of the excess from which a driver is called the cause


class Telling(NamedTuple):
    """How a claim is told: how loud, at which multiple of the usual, and after what."""

    severity: Severity
    ratio: float  # of cost to the usual; 0.0 while nothing is known to be usual
    again: bool = False  # it was told before, and has doubled
    joins: str = ""  # the severity of an alert of this session that it joins


def split(session: RunningSession, peers: PeerView) -> Split | None:
    """Why the session costs more than its peers, by driver; None without peers."""
    usual = peers.reference()
    return None if usual is None else drivers.split(usage(session), usual)


def opened(
    session: RunningSession, rule: Rule, claim: Claim, peers: PeerView, told: Telling, at: int
) -> Finding:
    """The finding of a claim that has become true, or louder."""
    parts = None if rule.cause else split(session, peers)
    return Finding(
        rule.name,
        told.severity,
        at,
        _title(session, rule, told.ratio),
        _why(session, claim, peers, told.ratio, parts),
        session=session.root,
        turn=session.turns,
        cost=session.cost,
        excess=claim.excess,
        cause=rule.cause or _cause(session, peers, parts),
        evidence=tuple(_evidence(session, rule, claim, peers, told)),
        feature=session.feature,
        user=session.user,
    )


def ended(session: RunningSession, rule: Rule, severity: Severity, at: int, reason: str) -> Finding:
    """The finding that a claim told at this severity holds no longer."""
    name = rule.name.replace("_", " ")
    return Finding(
        rule.name,
        severity,
        at,
        f"session {short(session.root)}: {name} is over",
        f"The session stands at ${dollars(session.cost)} after {session.turns} turns.",
        session=session.root,
        turn=session.turns,
        cost=session.cost,
        cause=rule.cause,
        evidence=(("reason", reason),),
        feature=session.feature,
        user=session.user,
        resolved=True,
    )


def _cause(session: RunningSession, peers: PeerView, found: Split | None) -> Cause | None:
    """The mechanism that makes the session dearer than its peers, None when it is only longer."""
    usual = peers.reference()
    if found is None or usual is None:
        return None
    causes = why.causes(found, usage(session), usual)
    name, amount = max(causes.items(), key=lambda item: item[1])
    return name if amount > _NAMED * max(0, found.actual - found.usual) else None


def _why(
    session: RunningSession, claim: Claim, peers: PeerView, ratio: float, parts: Split | None
) -> str:
    """One plain sentence with numbers for screen, alert and report."""
    usual = peers.shown()
    each = (
        (claim.projected - claim.excess) / peers.residual(session.turns)
        if claim.projected > claim.excess
        else 0.0
    )
    standard = (
        None
        if usual is None
        else why.Standard(
            name=named(session, usual.level),
            peers=usual.peers,
            median=usual.median,
            high=usual.high,
            most=usual.most,
        )
    )
    reasons = "" if parts is None else why.reasons(parts)
    return why.sentence(claim.words, reasons, standard, ratio, round(each))


def _evidence(
    session: RunningSession, rule: Rule, claim: Claim, peers: PeerView, told: Telling
) -> list[tuple[str, str | int | float]]:
    usual = peers.shown()
    evidence: list[tuple[str, str | int | float]] = [
        ("detector", rule.name),
        ("statistic", round(claim.statistic, 4)),
        ("threshold", round(claim.limit, 4)),
        ("projected_excess", claim.projected),
    ]
    if usual is not None:
        evidence += [
            ("peers", usual.peers),
            ("median", usual.median),
            ("q95", usual.high) if usual.peers >= MANY else ("most", usual.most),
            ("ratio", round(told.ratio, 4)),
            ("of", named(session, usual.level)),
        ]
    if claim.since is not None:
        evidence.append(("since_turn", claim.since))
    evidence += claim.evidence
    evidence += why.shares(session.books.total)
    if told.joins:
        evidence.append(("joins", told.joins))
    if told.again:
        evidence.append(("again", 1))
    return evidence


def _title(session: RunningSession, rule: Rule, ratio: float) -> str:
    times = f", {ratio:.1f}x the usual" if ratio else ""
    name = rule.name.replace("_", " ")
    return f"session {short(session.root)}: ${dollars(session.cost)}{times} ({name})"


def named(session: RunningSession, level: Level) -> str:
    """The group that a session was really compared with."""
    return "all features" if level == "all" else str(getattr(session, level))


def short(root: str) -> str:
    """A session's name for titles: seven characters of a hash, else the id."""
    name = root.partition("/")[2] or root
    head = name[:8]
    if len(name) >= 32 and all(char in "0123456789abcdef" for char in head):
        return name[:7]
    return name if len(name) <= 24 else f"{name[:23]}…"
