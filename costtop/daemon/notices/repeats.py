"""Tells again what is critical and acknowledged by nobody, of endpoints that ask for it.

Once in each `repeat`, until it is over, acknowledged or silenced. It decides nothing of an alert:
the ledger keeps what was told of it for the first time.
"""

import sqlite3

from costtop.alerts import choose, routes, wording
from costtop.alerts.routes import Route
from costtop.daemon.notices.post import Audience, minute_of, token_of, worded
from costtop.model import Finding, Letter, Notification
from costtop.store.alerts import alerts, outbox, silences


def post_repeats(db: sqlite3.Connection, audience: Audience, now: int) -> bool:
    """Posts what is due; True where the courier has something to do."""
    asking = [route for route in audience.routes if route.repeat]
    standing = alerts.unacknowledged(db) if asking else {}
    if not standing:
        return False
    quiet = silences.of_now(db, now)
    letters = [
        letter
        for incident, finding in standing.items()
        if not any(choose.covers(one, finding, now) for one in quiet)
        for route in asking
        if (letter := _letter(db, route, incident, finding, audience, now)) is not None
    ]
    return bool(outbox.post(db, letters, now))


def _letter(
    db: sqlite3.Connection, route: Route, incident: str, finding: Finding, to: Audience, now: int
) -> Letter | None:
    """The letter to one endpoint, where it was told long enough ago and may hear more now."""
    told = outbox.told_of(db, route.label, incident)
    if told is None or now - told[1] < route.repeat:
        return None
    name = choose.identity(finding)
    one = Notification(incident, name, choose.subject(finding), finding, "repeat", speaks=True)
    traffic = outbox.traffic(db, route.label, route.digest, now)
    if (
        not to.hears(one)
        or routes.refused(route, one)
        or routes.hold(route, one, 0, traffic, minute_of(to.zone, now))
    ):
        return None  # a rate cap or a backlog: at the next turn
    said = wording.again(worded(db, one, to.zone, now), incident, now - told[0])
    return Letter(
        label=route.label,
        kind=choose.kind(finding.rule),
        severity=finding.severity,
        **said._asdict(),
        at=now,
        token=token_of(route.label, "again", incident, told[1]),
        alerts=(choose.alert_id(name),),
    )
