"""What would have been told, had costtop watched: pure, in event time. It reads no history itself.

The same choice as in life, with a ledger in memory; nothing is history, nothing late, and the same
findings give the same answer every time.
"""

from collections.abc import Iterable
from itertools import groupby

from costtop.alerts import shared_cause
from costtop.alerts.choose import alert_id, choose, identity, incident, measure, subject, told_in
from costtop.alerts.shared_cause import SPAN, Flagged
from costtop.model import AlertState, Cause, Finding, Notification, Told
from costtop.named_tuples import NamedTuple


class Imagined(NamedTuple):
    """One alert that would have been made, and what would have become of it. Times are ms UTC."""

    one: Notification
    over: int | None  # None: it stands at the end
    incident: str  # id of the alert that began its incident
    pushed: int | None  # when it was first in a message; None: never
    told: int  # in how many
    under: str = ""  # id of the common alert that it is listed under


class _Ledger:
    """What the store keeps of alerts, in memory."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Told]] = {}  # by subject, then identity
        self.made: dict[str, Imagined] = {}
        self.begun: dict[str, str] = {}  # by incident: the id of its first alert
        self.joined: dict[str, int] = {}  # by common alert: when a session joined it last
        # By session and cause: id and episode of the common alert that it is listed under.
        self.under: dict[tuple[str, Cause | None], tuple[str, str]] = {}

    def take(self, findings: list[Finding]) -> None:
        """What was found at one event."""
        self._end_shared(findings[0].at)
        about = {subject(finding) for finding in findings}
        told = [row for name in about for row in self.known.get(name, {}).values()]
        now = findings[0].at
        decided = choose(findings, told, (), now, now)
        joining = any(shared_cause.may_join(one) for one in decided)
        gathered = shared_cause.gather(decided, self._lately(now) if joining else ())
        decided = gathered.decided
        for shared in gathered.found:
            name = subject(shared.finding)
            known = self.known.get(name, {}).values()
            decided += choose([shared.finding], known, (), now, now)
            self.joined[identity(shared.finding)] = now
            listed = (alert_id(identity(shared.finding)), shared.finding.period)
            self.under |= {(session, shared.finding.cause): listed for session in shared.sessions}
        said = {name for one in decided for name in told_in(one)}
        for one in decided:
            rows = self.known.setdefault(one.subject, {})
            if one.finding.resolved and one.identity not in rows:
                continue
            rows[one.identity] = _learnt(one, rows.get(one.identity))
            self._keep(one, told=one.identity in said)

    def _lately(self, now: int) -> list[Flagged]:
        """The sessions told or listed lately, and all that are listed with one of them."""
        rows = []
        for made in self.made.values():
            one = made.one.finding
            key, listed = shared_cause.key_of(one), self.under.get((one.session, one.cause))
            if key is not None and (made.pushed is not None or listed):
                episode = listed[1] if listed else ""
                rows.append(Flagged(one.session, key, one.at, one.excess or 0, episode))
        going = {one.episode for one in rows if one.at >= now - SPAN} - {""}
        return [one for one in rows if one.at >= now - SPAN or one.episode in going]

    def _end_shared(self, now: int) -> None:
        """What sessions had in common is over when none has joined for a while."""
        for name, made in self.made.items():
            quiet = self.joined.get(name, now) + SPAN
            if made.over is None and quiet < now:
                self.made[name] = made._replace(over=quiet)

    def _keep(self, one: Notification, *, told: bool) -> None:
        now, before = one.finding.at, self.made.get(one.identity)
        if one.finding.resolved:
            if before is not None and before.over is None:
                self.made[one.identity] = before._replace(over=now)
            return
        if before is None:
            begun = self.begun.setdefault(incident(one.finding), one.id)
            before = Imagined(one, None, begun, None, 0)
        pushed = now if told and before.pushed is None else before.pushed
        self.made[one.identity] = before._replace(over=None, pushed=pushed, told=before.told + told)


def replay(findings: Iterable[Finding]) -> list[Imagined]:
    """Every alert that the findings, in order of event time, would have made; oldest first."""
    ledger = _Ledger()
    for _, together in groupby(findings, lambda finding: finding.at):
        ledger.take(list(together))
    return [
        made._replace(
            under=ledger.under.get((made.one.finding.session, made.one.finding.cause), ("",))[0]
        )
        for made in ledger.made.values()
    ]


def _learnt(one: Notification, before: Told | None) -> Told:
    """The row as the store would keep it (`store.alerts.alerts`)."""
    finding = one.finding
    state: AlertState = "resolved" if finding.resolved else "open"
    of_session = one.subject.startswith("session|")
    spoke = one.speaks or one.reason == "grouped"
    told, size = finding.at, measure(finding) if spoke or not of_session else 0
    if before is not None and (finding.resolved or not spoke):
        told, size = before.told or finding.at, before.size
        if one.reason == "already told" and not of_session:
            state = before.state
    return Told(
        identity=one.identity,
        subject=one.subject,
        severity=finding.severity,
        tier=finding.tier,
        state=state,
        told=told,
        size=size,
        cause=finding.cause if before is None or before.cause is None else before.cause,
    )
