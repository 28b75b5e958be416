"""What is told of a rule's claim: title, sentence, cause and evidence, from the session's books."""

from costtop.analysis import because, why
from costtop.detect.peer_comparison import Compared, compared, excess
from costtop.detect.rules.rule import Claim, Rule
from costtop.detect.sessions.peers import MANY, PeerView
from costtop.detect.sessions.running_session import RunningSession
from costtop.model import Finding, Severity
from costtop.money import dollars
from costtop.named_tuples import NamedTuple


class Telling(NamedTuple):
    """How a claim is told: how loud, and after what."""

    severity: Severity
    step: int = 0  # nano-dollars by which its incident must grow to be told again
    again: bool = False  # it was told before, and has doubled
    joins: str = ""  # the severity of an alert of this session that it joins


def opened(
    session: RunningSession, rule: Rule, claim: Claim, peers: PeerView, told: Telling, at: int
) -> Finding:
    """The finding of a claim that has become true, or louder."""
    found = compared(session, peers, {rule.cause: claim.excess} if rule.cause else {})
    return Finding(
        rule.name,
        told.severity,
        at,
        _title(session, rule, found),
        _why(session, claim, peers, found),
        session=session.root,
        turn=session.turns,
        cost=session.cost,
        excess=excess(session, peers, claim.excess),
        cause=found.cause,
        evidence=tuple(_evidence(session, rule, claim, found, told)),
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


def _why(session: RunningSession, claim: Claim, peers: PeerView, found: Compared) -> str:
    """One plain sentence with numbers for screen, alert and report."""
    each = (
        (claim.projected - claim.excess) / peers.residual(session.turns)
        if claim.projected > claim.excess
        else 0.0
    )
    reasons = "" if found.parts is None else because.reasons(found.gap, found.parts)
    return why.sentence(claim.words(), reasons, _standard(found), found.ratio, round(each))


def _standard(found: Compared) -> why.Standard | None:
    usual = found.usual
    if usual is None:
        return None
    return why.Standard(
        name=found.of,
        peers=usual.peers,
        median=usual.median,
        high=usual.high,
        most=usual.most,
    )


def _evidence(
    session: RunningSession, rule: Rule, claim: Claim, found: Compared, told: Telling
) -> list[tuple[str, str | int | float]]:
    usual = found.usual
    evidence: list[tuple[str, str | int | float]] = [
        ("detector", rule.name),
        ("statistic", round(claim.statistic, 4)),
        ("threshold", round(claim.limit, 4)),
        ("claimed_excess", claim.excess),
        ("projected_excess", claim.projected),
    ]
    if usual is not None:
        evidence += [
            ("peers", usual.peers),
            ("median", usual.median),
            ("q95", usual.high) if usual.peers >= MANY else ("most", usual.most),
            ("ratio", found.ratio),
            ("of", found.of),
        ]
    if claim.since is not None:
        evidence.append(("since_turn", claim.since))
    evidence += claim.evidence
    evidence += because.shares(session.books.total)
    if told.joins:
        evidence.append(("joins", told.joins))
    if told.step:
        evidence.append(("step_nano", told.step))
    if told.again:
        evidence.append(("again", 1))
    return evidence


def _title(session: RunningSession, rule: Rule, found: Compared) -> str:
    """Its cost, how many times the usual where that says something, and what it is about."""
    times = f", {why.times(found.ratio)} the usual" if found.ratio >= why.TELLING else ""
    seen = rule.name if rule.cause in {None, found.cause} else str(found.cause)
    name = seen.replace("_", " ")
    return f"session {short(session.root)}: ${dollars(session.cost)}{times} ({name})"


def short(root: str) -> str:
    """A session's name for titles: seven characters of a hash, else the id."""
    name = root.partition("/")[2] or root
    head = name[:8]
    if len(name) >= 32 and all(char in "0123456789abcdef" for char in head):
        return name[:7]
    return name if len(name) <= 24 else f"{name[:23]}…"
