"""What would have been told, had costtop watched: pure, in event time. It reads no history itself.

The same choice as in life, with a ledger in memory; nothing is history, nothing late, and the same
findings give the same answer every time.
"""

from collections.abc import Iterable

from costtop.alerts.choose import choose, subject
from costtop.model import AlertState, Finding, Notification, Told


def replay(findings: Iterable[Finding]) -> list[tuple[Notification, int | None]]:
    """Every alert that the findings, in order of event time, would have made; oldest first.

    Each with when it was over (ms UTC), None where it stands at the end.
    """
    ledger: dict[str, Told] = {}
    over: dict[str, int] = {}
    of_subject: dict[str, set[str]] = {}
    made: dict[str, Notification] = {}
    for finding in findings:
        names = of_subject.setdefault(subject(finding), set())
        known = [ledger[name] for name in names]
        [one] = choose([finding], known, (), finding.at, finding.at)
        names.add(one.identity)
        ledger[one.identity] = _learnt(one, ledger.get(one.identity))
        if finding.resolved:
            over.setdefault(one.identity, finding.at)
        else:
            made.setdefault(one.identity, one)
            over.pop(one.identity, None)
    return [(one, over.get(name)) for name, one in made.items()]


def _learnt(one: Notification, before: Told | None) -> Told:
    finding = one.finding
    state: AlertState = "resolved" if finding.resolved else "open"
    told, size = finding.at, one.size
    if before is not None and not one.speaks:
        told, size = before.told or finding.at, before.size
        state = before.state if one.reason == "already told" else state
    return Told(
        identity=one.identity,
        subject=one.subject,
        severity=finding.severity,
        tier=finding.tier,
        state=state,
        told=told,
        size=size,
    )
