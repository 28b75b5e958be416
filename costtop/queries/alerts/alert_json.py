"""Alerts as readers get them: the JSON of INTERFACES.md, "Alert JSON".

`listing` is what `costtop alerts list --json` prints, `detail` what `alerts show --json` does, and
`replayed` turns findings of a replay into the same form.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from costtop import money
from costtop.alerts.replay import Imagined
from costtop.analysis import why
from costtop.model import Silence
from costtop.queries.alerts import incidents
from costtop.queries.alerts.incidents import Incident
from costtop.queries.sessions.short_id_fields import beside
from costtop.store.alerts import alert_reads, silences
from costtop.store.alerts.alert_reads import Alert, Delivery

# Evidence that detectors give in nano-dollars; people and scripts get dollars.
MONEY = frozenset(
    "amount claimed_excess expected excess loop median most premium projected projected_excess q95"
    " spent usual_at_age".split()
)


def iso(at: int | None) -> str | None:
    """ISO 8601 UTC with milliseconds: "2026-11-23T10:00:00.123Z"."""
    if at is None:
        return None
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dollars(nanos: int | None) -> str | None:
    """The exact amount as JSON carries it."""
    return None if nanos is None else money.exact(nanos)


def evidence(found: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence with its money as decimal strings under "…_usd"."""
    said: dict[str, Any] = {}
    for name, value in found.items():
        booked = name.startswith("in_")  # the buckets of analysis.why
        if (name in MONEY or booked) and isinstance(value, int):
            said[f"{name}_usd"] = money.exact(value)
        elif name.endswith("_nano") and isinstance(value, int):
            said[f"{name.removesuffix('_nano')}_usd"] = money.exact(value)
        else:
            said[name] = value
    return said


def listing(
    db: sqlite3.Connection, *, since: int = 0, history: bool = False, limit: int = 10_000
) -> dict[str, Any]:
    """All alerts since then, newest first, with how their messages went; and as incidents."""
    found = alert_reads.alerts(db, since=since, history=history, limit=limit)
    sent = alert_reads.deliveries(db, [one.row for one in found])
    folded = incidents.folded(found, sent, incidents.stood(db, found))
    of = {row.row: one for one in folded for row in one.rows}
    return {
        "schema": 1,
        "sessions": _sessions(db),
        "alerts": beside(db, (plain(one, sent[one.row], of[one.row]) for one in found)),
        "incidents": beside(db, (_incident(one) for one in folded)),
        "silences": beside(db, (_silence(one) for one in silences.unended(db))),
        "endpoints": [_endpoint(one) for one in alert_reads.endpoints(db)],
    }


def detail(db: sqlite3.Connection, row: int) -> dict[str, Any]:
    """One alert with every decision about it."""
    one = alert_reads.alert(db, row)
    decided = [
        {
            "at": iso(each.at),
            "reason": each.reason,
            "spoke": each.spoke,
            "cost_usd": dollars(each.cost),
        }
        for each in alert_reads.decisions(db, row)
    ]
    rows = alert_reads.of_incident(db, one.incident)
    sent = alert_reads.deliveries(db, [each.row for each in rows])
    [whole] = incidents.folded(rows, sent, incidents.stood(db, rows))
    [told, now] = beside(db, (plain(one, sent[row], whole), _incident(whole)))
    return {**told, "decisions": decided, "incident_now": now}


def _sessions(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT count(*) FROM sessions WHERE root = id").fetchone()
    return int(row[0])


def plain(one: Alert, sent: Iterable[Delivery] = (), of: Incident | None = None) -> dict[str, Any]:
    """One alert as JSON, as part of its incident."""
    messages = list(sent)
    now = one.cost_now if of is None or of.now is None else of.now.cost
    return {
        "id": one.id,
        "rule": one.rule,
        "severity": one.severity,
        "session": one.session or None,
        "budget": one.budget or None,
        "period": one.period or None,
        "tier": one.tier,
        "amount_usd": dollars(one.amount),
        "at": iso(one.at),
        "turn": one.turn,
        "cost_usd": dollars(one.cost),
        "excess_usd": dollars(one.excess),
        "cause": one.cause,
        "title": one.title,
        "why": one.why,
        "evidence": evidence(one.evidence),
        "state": one.state,
        "resolved_at": iso(one.resolved_at),
        "incident": one.incident or one.id,
        "pushed_at": iso(one.pushed),
        "told": one.tellings,
        "told_to": list(dict.fromkeys(each.label for each in messages)),
        "under": one.under or None,
        "reason": one.reason,
        "late": one.late,
        "feature": one.feature or None,
        "cost_now_usd": dollars(now),
        "times": one.times,
        "also": [_besides(each) for each in of.rows if each.row != one.row] if of else [],
        "acknowledged": {"by": one.acked_by, "at": iso(one.acked_at)} if one.acked_by else None,
        "deliveries": [_delivery(each) for each in messages],
    }


def _besides(one: Alert) -> dict[str, Any]:
    """Another alert of the same incident."""
    return {
        "rule": one.rule,
        "severity": one.severity,
        "turn": one.turn,
        "cause": one.cause,
        "why": one.why,
        "evidence": evidence(one.evidence),
    }


def _incident(one: Incident) -> dict[str, Any]:
    """What is told as one, as it stands now."""
    head, now = one.head, one.now
    return {
        "id": one.id,
        "session": head.session or None,
        "budget": head.budget or None,
        "severity": one.severity,
        "state": one.state,
        "at": iso(min(each.at for each in one.rows)),
        "title": incidents.title(one),
        "causes": list(one.causes),
        "rules": list(dict.fromkeys(each.rule for each in one.rows)),
        "cost_usd": dollars(one.cost),
        "ratio": None if now is None or not now.peers else round(now.ratio, 4),
        "why": head.why if now is None else why.words(now),
        "pushed_at": iso(one.pushed),
        "told": one.told,
        "told_to": list(dict.fromkeys(each.label for each in one.deliveries)),
        "told_words": incidents.told_words(one),
        "alerts": [each.id for each in one.rows],
    }


def _delivery(one: Delivery) -> dict[str, Any]:
    return {
        "endpoint": one.label,
        "state": one.state,
        "as": one.kind,
        "held_for": one.hold or None,
        "made_at": iso(one.made),
        "sent_at": iso(one.sent_at),
        "attempts": one.attempts,
        "next_at": iso(one.next_at) if one.state == "pending" else None,
        "error": one.error or None,
    }


def _silence(one: Silence) -> dict[str, Any]:
    named = {name: getattr(one, name) or None for name in ("session", "rule", "feature", "budget")}
    grows = {"grows_percent": one.grows, "from_usd": dollars(one.cost)}
    return {
        "id": one.id,
        **named,
        "until": iso(one.until),
        **grows,
        "by": one.by,
        "at": iso(one.at),
        "note": one.note,
    }


def _endpoint(one: alert_reads.EndpointState) -> dict[str, Any]:
    return {
        "label": one.label,
        "state": one.state,
        "since": iso(one.since),
        "failures": one.failures,
        "last_sent_at": iso(one.sent_at),
        "error": one.error or None,
        "waiting": one.waiting,
        "lost": one.lost,
    }


def replayed(db: sqlite3.Connection, made: Iterable[Imagined], sessions: int) -> dict[str, Any]:
    """What a replay would have told, and when it was over, in the form of `listing`."""
    alerts = beside(db, (plain(_imagined(one)) for one in made))
    pushed = len({one["session"] for one in alerts if one["pushed_at"]} - {None})
    return {
        "schema": 1,
        "sessions": sessions,
        "alerts": alerts,
        "pushed_per_1000_sessions": round(1000 * pushed / sessions, 1) if sessions else None,
    }


def _imagined(made: Imagined) -> Alert:
    one, over = made.one, made.over
    found = one.finding
    return Alert(
        row=0,
        id=one.id,
        rule=found.rule,
        severity=found.severity,
        session=found.session,
        budget=found.budget,
        period=found.period,
        tier=found.tier,
        feature=found.feature,
        at=found.at,
        raised=found.at,
        turn=found.turn,
        cost=found.cost,
        excess=found.excess,
        cost_now=one.size,
        cause=found.cause,
        title=found.title,
        why=found.why,
        evidence=dict(found.evidence),
        also=[],
        late=found.late,
        amount=found.amount,
        state="open" if over is None else "resolved",
        reason=one.reason,
        times=1,
        resolved_at=over,
        acked_by=None,
        acked_at=None,
        incident=made.incident,
        pushed=made.pushed,
        tellings=made.told,
        under=made.under,
    )
