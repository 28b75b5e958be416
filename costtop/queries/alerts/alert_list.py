"""Alerts as people look at them: what fired, on what evidence, who was told."""

import sqlite3

from costtop.analysis import why
from costtop.model import Silence
from costtop.named_tuples import NamedTuple
from costtop.queries.alerts import incidents
from costtop.queries.alerts.alert_json import evidence
from costtop.queries.alerts.incidents import Incident
from costtop.store.alerts import alert_reads, silences
from costtop.store.alerts.alert_reads import Alert, Delivery, bells
from costtop.store.db import snapshot
from costtop.store.sessions import short_ids

__all__ = ["Alert", "AlertLine", "Alerts", "Delivery", "bells", "read"]

_KEPT = 300


class AlertLine(NamedTuple):
    """One incident with its deliveries; the evidence of its head in words, money in dollars."""

    incident: Incident
    title: str  # of now
    told: str  # "told 3x: phone, log"
    why: str  # of now
    evidence: tuple[tuple[str, str], ...]
    short_id: str = ""  # of its session, as people type it

    @property
    def alert(self) -> Alert:
        """The most severe that stands."""
        return self.incident.head

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Each message to each endpoint."""
        return self.incident.deliveries


class Alerts(NamedTuple):
    """The answer for the screen of alerts."""

    lines: tuple[AlertLine, ...]  # the one with the latest alert first
    silences: tuple[Silence, ...]  # those in force
    failing: tuple[str, ...]  # endpoints that do not answer


def read(db: sqlite3.Connection, now: int, session: str = "") -> Alerts:
    """The latest incidents, or that of one session ("source/session")."""
    with snapshot(db):
        found = [a for a in alert_reads.alerts(db, limit=_KEPT) if session in ("", a.session)]
        stood = incidents.stood(db, found)
        sent = alert_reads.deliveries(db, [one.row for one in found])
        silent = silences.of_now(db, now)
        names = short_ids.of_keys(db, {one.session for one in found if one.session})
        failing = [one.label for one in alert_reads.endpoints(db) if one.state != "ok"]
    lines = tuple(
        _line(one, names.get(one.head.session, "")) for one in incidents.folded(found, sent, stood)
    )
    return Alerts(lines, tuple(silent), tuple(failing))


def _line(one: Incident, short_id: str) -> AlertLine:
    now = one.head.why if one.now is None else why.words(one.now)
    told = incidents.told_words(one)
    return AlertLine(
        incident=one,
        title=incidents.title(one),
        told=told,
        why=now,
        evidence=_words(one.head),
        short_id=short_id,
    )


def _words(one: Alert) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            name.removesuffix("_usd").replace("_", " "),
            f"${_cents(value)}" if name.endswith("_usd") else str(value),
        )
        for name, value in evidence(one.evidence).items()
    )


def _cents(amount: str) -> str:
    """An exact amount to the cent; small ones keep their first digits."""
    return f"{float(amount):.2f}" if float(amount) >= 0.01 else amount
