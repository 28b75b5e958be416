"""What would have been told, had costtop watched: pure, in event time. It reads no history itself.

The same choice as in life, with a ledger in memory; nothing is history, nothing late, and the same
findings give the same answer every time.
"""

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from costtop.alerts.choose import choose, incident, measure, subject, told_in
from costtop.model import AlertState, Finding, Notification, Told


class Imagined(NamedTuple):
    """One alert that would have been made, and what would have become of it. Times are ms UTC."""

    one: Notification
    over: int | None  # None: it stands at the end
    incident: str  # id of the alert that began its incident
    pushed: int | None  # when it was first in a message; None: never
    told: int  # in how many


class _Ledger:
    """What the store keeps of alerts, in memory."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Told]] = {}  # by subject, then identity
        self.made: dict[str, Imagined] = {}
        self.begun: dict[str, str] = {}  # by incident: the id of its first alert

    def take(self, findings: list[Finding]) -> None:
        """What was found at one event."""
        about = {subject(finding) for finding in findings}
        told = [row for name in about for row in self.known.get(name, {}).values()]
        now = findings[0].at
        decided = choose(findings, told, (), now, now)
        said = {name for one in decided for name in told_in(one)}
        for one in decided:
            rows = self.known.setdefault(one.subject, {})
            if one.finding.resolved and one.identity not in rows:
                continue
            rows[one.identity] = _learnt(one, rows.get(one.identity))
            self._keep(one, told=one.identity in said)

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
    return list(ledger.made.values())


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
