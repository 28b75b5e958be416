"""Decides of each finding whether it is told now, and gives the reason. It words and sends nothing.

A finding is a level (true now), the ledger says what was told; only what is new, worse or doubled
since then speaks. All that is found of one session is one incident: however many rules join it, it
is told again only at the next severity, or when its excess has doubled by a step that is worth a
message. Pure: the same findings, ledger, silences and clock give the same answer.
"""

from _blake2 import blake2b  # hashlib loads OpenSSL
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from costtop.durations import DAY, HOUR, MINUTE
from costtop.model import SEVERITIES, Cause, Finding, Notification, Reason, Silence, Told
from costtop.named_tuples import NamedTuple

LATE_AFTER = 15 * MINUTE  # older findings say that they are late
HISTORY_AFTER = DAY  # a session's runaway of yesterday is not about now
REARM_AFTER = 30 * MINUTE  # what ends and returns sooner is flapping, and not told again
FRESH_FOR = HOUR  # a tier just told says enough of a budget
SPEAKING: frozenset[Reason] = frozenset({"first", "worse", "repeat", "resolved", "late"})


Family = Literal["budget", "blind", "common", "session"]


class _Past(NamedTuple):
    """What a decision may look at besides the finding."""

    ledger: Mapping[str, Told]
    of_subject: Mapping[str, Sequence[Told]]
    silences: Sequence[Silence]
    now: int
    born: int
    all_history: bool


def kind(rule: str) -> Family:
    """The family that a rule belongs to: budget, blind, common or session."""
    if rule.startswith("budget_"):
        return "budget"
    if rule in {"blind", "store", "fleet_away"} or rule.startswith("host_"):
        return "blind"
    return "common" if rule == "common_cause" else "session"


def subject(finding: Finding) -> str:
    """What it is about: "session|claude-code/9f76…", "budget|daily|2026-11-23|20000000000"."""
    family = kind(finding.rule)
    if family == "session":
        return f"session|{finding.session}"
    if family == "common":
        return f"common|{finding.cause}|{finding.feature}|{finding.period}"
    amount = "" if finding.amount is None else f"|{finding.amount}"
    return f"{family}|{finding.budget}|{finding.period}{amount}"


def identity(finding: Finding) -> str:
    """What makes it one row, however often it is found.

    (budget, period, amount, tier) for tiers: another amount opens a new set of them; (session,
    rule, severity) for sessions: each is found in the list with its own turn, and those of one
    session are told as one.
    """
    if finding.rule == "budget_tier":
        return f"{subject(finding)}|{finding.tier}"
    rule = "any" if finding.rule == "blind" else finding.rule
    return f"{subject(finding)}|{rule}|{finding.severity}"


def incident(finding: Finding) -> str:
    """What is told as one: all that is found of a session, a budget's tier by itself."""
    return subject(finding) if kind(finding.rule) == "session" else identity(finding)


def measure(finding: Finding) -> int:
    """What "doubled" is measured of, nano-dollars: a session's excess, else what was spent."""
    excess = finding.excess if kind(finding.rule) == "session" else None
    return (finding.cost or 0) if excess is None else excess


def alert_id(identity: str) -> str:
    """The 12 hex digits that people type; the same in every replay."""
    return blake2b(identity.encode(), digest_size=6).hexdigest()


def choose(
    findings: Sequence[Finding],
    ledger: Iterable[Told],
    silences: Sequence[Silence],
    now: int,
    born: int,
    *,
    all_history: bool = False,
) -> list[Notification]:
    """One Notification for each alert that the findings fall on, in order of first sight.

    `ledger` holds what is known of their subjects; `born` is when this instance began to watch:
    what was true before is history, and with `all_history` all is (a first import). Of several
    that would speak about one incident only the loudest does, and carries the others, which are
    "grouped".
    """
    past = _past(ledger, silences, now, born, all_history=all_history)
    decided: dict[tuple[str, bool], Notification] = {}
    for finding in findings:
        fresh = _decide(finding, past)
        before = decided.get((fresh.identity, finding.resolved))
        decided[fresh.identity, finding.resolved] = _merged(before, fresh) if before else fresh
    return _one_voice(list(decided.values()))


def _past(
    ledger: Iterable[Told],
    silences: Sequence[Silence],
    now: int,
    born: int,
    *,
    all_history: bool,
) -> _Past:
    known = list(ledger)
    of_subject: dict[str, list[Told]] = {}
    for told in known:
        of_subject.setdefault(told.subject, []).append(told)
    by_identity = {told.identity: told for told in known}
    return _Past(
        ledger=by_identity,
        of_subject=of_subject,
        silences=silences,
        now=now,
        born=born,
        all_history=all_history,
    )


def _merged(before: Notification, fresh: Notification) -> Notification:
    """The same alert found twice in one batch: the first sight counts, unless it was mute."""
    kept = before if before.speaks or not fresh.speaks else fresh
    return kept._replace(size=max(before.size, fresh.size))


def _decide(finding: Finding, past: _Past) -> Notification:
    name = identity(finding)
    told = past.ledger.get(name)
    risen = _of_session if kind(finding.rule) == "session" else _risen
    reason: Reason = _resolved(told) if finding.resolved else risen(finding, told, past)
    speaks = reason in SPEAKING
    if speaks and any(covers(silence, finding, past.now) for silence in past.silences):
        reason, speaks = "silenced", False
    if reason == "resolved" and (told is None or told.told is None):
        speaks = False  # nobody heard of its beginning
    return Notification(
        id=alert_id(name),
        identity=name,
        subject=subject(finding),
        finding=finding,
        reason=reason,
        speaks=speaks,
        size=finding.cost or 0,
        causes=_known_causes(finding, past),
    )


def _known_causes(finding: Finding, past: _Past) -> tuple[Cause, ...]:
    """The causes that its incident had before, the first first."""
    if kind(finding.rule) != "session":
        return ()
    known = (other.cause for other in past.of_subject.get(subject(finding), ()))
    return tuple(dict.fromkeys(cause for cause in known if cause is not None))


def _resolved(told: Told | None) -> Reason:
    over = told is None or told.state in {"resolved", "history"}
    return "already told" if over else "resolved"


def _of_session(finding: Finding, told: Told | None, past: _Past) -> Reason:
    """The reason for what is found of a session: its incident is told as one (`measure`)."""
    if told is None and _is_history(finding, past):
        return "history"
    if told is not None and told.told is None and told.state != "open":
        return "already told"  # history, or over before a silence was
    heard = [one for one in past.of_subject.get(subject(finding), ()) if one.told is not None]
    as_loud = [one for one in heard if _as_loud(one, finding)]
    if as_loud:
        size = max(one.size for one in heard)
        states = {one.state for one in as_loud}
        seen = "acknowledged" in states and "open" not in states
        grown = measure(finding) >= max(2 * size, size + _step(finding)) and size > 0
        return "repeat" if grown and not seen else "already told"
    if told is None and (finding.late or past.now - finding.at > LATE_AFTER):
        return "late"
    return "worse" if heard else "first"


def _step(finding: Finding) -> int:
    """The dollars by which it must have grown to be told again, as its detector says; 0: none."""
    return next((int(value) for name, value in finding.evidence if name == "step_nano"), 0)


def _risen(finding: Finding, told: Told | None, past: _Past) -> Reason:
    if told is not None:
        return _again(finding, told, past.now)
    if _is_history(finding, past):
        return "history"
    heard = [
        other
        for other in past.of_subject.get(subject(finding), ())
        if other.told is not None and other.state != "resolved" and _bears_on(other, finding, past)
    ]
    if any(_as_loud(other, finding) for other in heard):
        return "already told"
    if finding.late or past.now - finding.at > LATE_AFTER:
        return "late"
    return "worse" if heard else "first"


def _again(finding: Finding, told: Told, now: int) -> Reason:
    """The reason for an alert that the ledger knows."""
    if told.told is None and told.state == "open":
        return "first"  # a silence kept it back; the silence is over and it is still true
    if finding.rule == "budget_tier" or told.state == "acknowledged":
        return "already told"  # each tier once, whatever becomes of the amount
    doubled = told.size > 0 and measure(finding) >= 2 * told.size
    rested = told.told is not None and not 0 <= now - told.told < REARM_AFTER
    back = told.state == "resolved" and rested
    return "repeat" if doubled or back else "already told"


def _bears_on(other: Told, finding: Finding, past: _Past) -> bool:
    """Whether what was told of the same subject makes the finding less new.

    A tier is news whatever was said of burning; that it burns is none within an hour of a tier.
    """
    if finding.tier is not None and other.tier is not None:
        return True
    if other.tier is not None:
        return other.told is not None and 0 <= past.now - other.told < FRESH_FOR
    return f"|{finding.rule}|" in other.identity


def _as_loud(other: Told, finding: Finding) -> bool:
    if finding.tier is not None and other.tier is not None:
        return other.tier >= finding.tier
    return SEVERITIES.index(other.severity) >= SEVERITIES.index(finding.severity)


def _is_history(finding: Finding, past: _Past) -> bool:
    family = kind(finding.rule)
    if family == "blind":
        return False
    if past.all_history:
        return True
    old = family == "session" and finding.at < past.now - HISTORY_AFTER
    return old or finding.at < past.born - LATE_AFTER


def covers(silence: Silence, finding: Finding, now: int) -> bool:
    """Whether all that the silence names match, and it is neither over nor outgrown."""
    if silence.until is not None and now >= silence.until:
        return False
    if silence.grows is not None and silence.cost is not None and finding.cost is not None:
        grown = finding.cost * 100 >= silence.cost * (100 + silence.grows)
        if grown:
            return False
    named = (
        (silence.session, finding.session),
        (silence.rule, finding.rule),
        (silence.feature, finding.feature),
        (silence.budget, finding.budget),
    )
    return any(wanted for wanted, _ in named) and all(
        wanted in {"", found} for wanted, found in named
    )


def told_in(one: Notification, *, asked: bool = False) -> tuple[str, ...]:
    """Identities of the rows that its message tells of; none where it is no message to anybody.

    A notice of a session is told only where somebody `asked` for notices.
    """
    finding = one.finding
    quiet = finding.severity == "notice" and kind(finding.rule) == "session"
    if not one.speaks or finding.resolved or (quiet and not asked):
        return ()
    return (one.identity, *(identity(other) for other in one.also))


def _one_voice(decided: list[Notification]) -> list[Notification]:
    """Lets only the loudest of each subject speak; the others are grouped with it."""
    speakers: dict[str, list[Notification]] = {}
    for one in sorted(decided, key=loudness, reverse=True):
        if one.speaks and not one.finding.resolved:
            speakers.setdefault(one.subject, []).append(one)
    return [_in_choir(one, speakers.get(one.subject, [])) for one in decided]


def _in_choir(one: Notification, choir: Sequence[Notification]) -> Notification:
    if len(choir) < 2 or not one.speaks or one.finding.resolved:
        return one
    if one.identity == choir[0].identity:
        return one._replace(also=tuple(other.finding for other in choir[1:]))
    return one._replace(reason="grouped", speaks=False)


def loudness(one: Notification) -> tuple[int, int, bool, int]:
    """Sorts the highest tier, the most severe, the explained and the dearest last, in that order.

    Tiers come before other findings of a budget: each tier that is passed is promised a message.
    """
    finding = one.finding
    rank = SEVERITIES.index(finding.severity)
    return finding.tier or 0, rank, finding.cause is not None, one.size
