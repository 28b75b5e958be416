"""Reads what was found, decided and delivered.

All functions take a connection that may be `mode=ro`; times are ms UTC, money int nano-dollars.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from costtop.durations import iso
from costtop.named_tuples import NamedTuple

if TYPE_CHECKING:
    from costtop.model import Cause, Severity


class Delivery(NamedTuple):
    """How one message to one endpoint went, or stands."""

    label: str
    state: str  # held | pending | sent | screen | digested | undelivered | broken | dropped
    kind: str
    hold: str
    made: int
    sent_at: int | None
    next_at: int
    attempts: int
    error: str
    message: int = 0  # its row of the outbox


class Decision(NamedTuple):
    """What was decided about an alert at one moment."""

    at: int
    reason: str
    spoke: bool
    cost: int | None


class Alert(NamedTuple):
    """One alert as it stands. `turn`, `cost`, `excess`, `at` are of the moment it became true."""

    row: int
    id: str
    rule: str
    severity: str
    session: str
    budget: str
    period: str
    tier: int | None
    feature: str
    at: int
    raised: int
    turn: int | None
    cost: int | None
    excess: int | None
    cost_now: int | None
    cause: "Cause | None"
    title: str
    why: str
    evidence: dict[str, Any]
    also: list[dict[str, Any]]
    late: bool
    amount: int | None
    state: str
    reason: str
    times: int
    resolved_at: int | None
    acked_by: str | None
    acked_at: int | None
    incident: str = ""  # id of the alert that began what is told as one
    pushed: int | None = None  # when it was first in a message, ms; None: in none
    tellings: int = 0  # messages that told of it
    voiced: int = 0  # of these, its own
    under: str = ""  # id of the common alert that it is listed under


class EndpointState(NamedTuple):
    """How an endpoint fares."""

    label: str
    state: str  # ok | failing | broken
    failures: int
    since: int
    next_at: int
    sent_at: int | None
    error: str
    waiting: int  # letters that are pending or held
    lost: int  # letters that were given up


# `id` is what people type, the column `ref`; the row's number is the column `id`.
_COLUMNS = ", ".join(("id", "ref", *Alert._fields[2:]))


def alerts(
    db: sqlite3.Connection, *, since: int = 0, history: bool = False, limit: int = 1000
) -> list[Alert]:
    """The alerts raised since then, newest first; those of history only when asked for."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM alerts WHERE raised >= ? AND (? OR state <> 'history')"
        " ORDER BY raised DESC, id DESC LIMIT ?",
        (since, history, limit),
    )
    return [_alert(row) for row in rows]


def of_incident(db: sqlite3.Connection, incident: str) -> list[Alert]:
    """All alerts of an incident, oldest first."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM alerts WHERE incident = ? ORDER BY id", (incident,))
    return [_alert(row) for row in rows]


def by_id(db: sqlite3.Connection, ref: str) -> Alert | None:
    """The alert with this whole id."""
    found = db.execute(f"SELECT {_COLUMNS} FROM alerts WHERE ref = ?", (ref,)).fetchone()
    return None if found is None else _alert(found)


def alert(db: sqlite3.Connection, row: int) -> Alert:
    """The alert of that row."""
    found = db.execute(f"SELECT {_COLUMNS} FROM alerts WHERE id = ?", (row,)).fetchone()
    return _alert(found)


def _alert(row: tuple[Any, ...]) -> Alert:
    one = Alert(*row)
    return one._replace(
        evidence=json.loads(one.evidence),  # type: ignore[arg-type]
        also=json.loads(one.also),  # type: ignore[arg-type]
        late=bool(one.late),
    )


class OpenAlert(NamedTuple):
    """What a live list needs of an alert that is open."""

    incident: str
    session: str
    severity: str
    cause: "Cause | None"
    title: str
    told: int | None
    pushed: int | None


def open_ones(db: sqlite3.Connection) -> list[OpenAlert]:
    """The open alerts, oldest first."""
    rows = db.execute(
        f"SELECT {', '.join(OpenAlert._fields)} FROM alerts WHERE state = 'open' ORDER BY raised"
    )
    return [OpenAlert(*row) for row in rows]


class StoodAlert(NamedTuple):
    """An alert as it stood at a past moment."""

    open: OpenAlert
    ratio: float | None  # times the usual, when it became true


def stood(db: sqlite3.Connection, since: int, at: int) -> list[StoodAlert]:
    """The alerts that became true in [since, at] and were not over then, oldest first."""
    rows = db.execute(
        f"SELECT {', '.join(OpenAlert._fields)}, json_extract(evidence, '$.ratio') FROM alerts"
        " WHERE at >= ? AND at <= ? AND coalesce(resolved_at, ?) >= ? ORDER BY at",
        (since, at, at, at),
    )
    return [StoodAlert(OpenAlert(*row), ratio) for *row, ratio in rows]


def deliveries(db: sqlite3.Connection, rows: Iterable[int]) -> dict[int, list[Delivery]]:
    """For each alert its messages, oldest first."""
    found: dict[int, list[Delivery]] = {}
    for row in rows:
        messages = db.execute(
            f"SELECT {', '.join(Delivery._fields[:-1])}, outbox.id"
            " FROM outbox_alerts JOIN outbox ON outbox.id = outbox_alerts.outbox"
            " WHERE alert = ? ORDER BY outbox.id",
            (row,),
        )
        found[row] = [Delivery(*each) for each in messages]
    return found


def decisions(db: sqlite3.Connection, row: int) -> list[Decision]:
    """What was decided about the alert, oldest first."""
    rows = db.execute("SELECT at, reason, spoke, cost FROM decisions WHERE alert = ?", (row,))
    return [Decision(at, reason, bool(spoke), cost) for at, reason, spoke, cost in rows]


def endpoints(db: sqlite3.Connection) -> list[EndpointState]:
    """The endpoints that a message was ever tried for."""
    rows = db.execute(
        "SELECT label, state, failures, since, next_at, sent_at, error,"
        " (SELECT count(*) FROM outbox o WHERE o.label = e.label"
        "  AND o.state IN ('pending','held')),"
        " (SELECT count(*) FROM outbox o WHERE o.label = e.label"
        "  AND o.state IN ('undelivered','broken'))"
        " FROM endpoints e ORDER BY label"
    )
    return [EndpointState(*row) for row in rows]


class BudgetAlert(NamedTuple):
    """What is on record of a budget's period, in short."""

    rule: str
    severity: "Severity"
    tier: int | None
    amount: int | None
    state: str
    evidence: str  # JSON


def of_budget(db: sqlite3.Connection, budget: str, period: str) -> list[BudgetAlert]:
    """The alerts of a budget's period, whatever its amount was then."""
    rows = db.execute(
        f"SELECT {', '.join(BudgetAlert._fields)} FROM alerts WHERE budget = ? AND period = ?",
        (budget, period),
    )
    return [BudgetAlert(*row) for row in rows]


class TierAlert(NamedTuple):
    """A tier of a budget on record, in short."""

    period: str
    tier: int
    state: str


def tiers_of(db: sqlite3.Connection, budget: str, since: int | None) -> list[TierAlert]:
    """The tiers on record of a budget that watches windows: of those begun since then, ms UTC.

    And all that is not over, whenever it began; with None that alone.
    """
    rows = db.execute(
        "SELECT period, tier, state FROM alerts WHERE rule = 'budget_tier' AND budget = ?1"
        " AND period >= ?2 UNION SELECT period, tier, state FROM alerts"
        " WHERE rule = 'budget_tier' AND +budget = ?1 AND state IN ('open', 'acknowledged')",
        (budget, "~" if since is None else iso(since)),
    )
    return [TierAlert(*row) for row in rows]


def count_between(db: sqlite3.Connection, since: int, until: int) -> int:
    """How many incidents of warning or worse became true in [since, until)."""
    row = db.execute(
        "SELECT count(DISTINCT incident) FROM alerts WHERE at >= ? AND at < ?"
        " AND severity <> 'notice' AND state <> 'history'",
        (since, until),
    ).fetchone()
    return int(row[0])


def bells(db: sqlite3.Connection, after: int) -> list[tuple[int, str]]:
    """(row, title) of messages since row `after` that an open screen is to ring for."""
    rows = db.execute(
        "SELECT id, title FROM outbox WHERE state = 'screen' AND id > ? ORDER BY id", (after,)
    )
    return [(int(row), str(title)) for row, title in rows]
