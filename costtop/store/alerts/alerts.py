"""Writes what was found and decided, silences and acknowledgements. It decides nothing itself.

Every function is part of a transaction that the caller holds: an alert stands or falls with the
calls that caused it. Times are ms UTC, money int nano-dollars.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from costtop.errors import NothingFound, UsageError
from costtop.model import Finding, Notification, Silence, Told

_CHUNK = 500  # names in one query
_QUIET = frozenset({"already told"})


def born(db: sqlite3.Connection, now: int) -> int:
    """When this instance began to watch, ms; `now` the first time it is asked."""
    db.execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('alerts_born', ?)", (str(now),))
    row = db.execute("SELECT value FROM meta WHERE key = 'alerts_born'").fetchone()
    return int(row[0])


def ledger(db: sqlite3.Connection, subjects: Iterable[str]) -> list[Told]:
    """What is known of these subjects."""
    wanted = sorted(set(subjects))
    found: list[Told] = []
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        marks = ",".join("?" * len(part))
        rows = db.execute(
            "SELECT identity, subject, severity, tier, state, told, told_size FROM alerts"
            f" WHERE subject IN ({marks})",
            part,
        )
        found += [Told(*row) for row in rows]
    return found


def silences(db: sqlite3.Connection, now: int) -> list[Silence]:
    """Those in force."""
    rows = db.execute(
        "SELECT id, by, at, session, rule, feature, budget, until, grows, cost, note FROM silences"
        " WHERE ended IS NULL AND (until IS NULL OR until > ?) ORDER BY id",
        (now,),
    )
    return [Silence(*row) for row in rows]


def record(db: sqlite3.Connection, decided: Sequence[Notification], now: int) -> None:
    """Keeps every finding with what was decided; one row an identity, however often it is found."""
    for one in decided:
        if one.finding.resolved:
            _close(db, one, now)
        else:
            _keep(db, one, now)


def _keep(db: sqlite3.Connection, one: Notification, now: int) -> None:
    row = db.execute(
        "SELECT id, reason, told_size FROM alerts WHERE identity = ?", (one.identity,)
    ).fetchone()
    heard = one.reason not in {"silenced", "history"}
    if row is None:
        alert = _insert(db, one, now, now if heard else None)
        _note(db, alert, one, now)
        return
    alert, reason, _ = row
    changed = one.reason not in _QUIET and (one.speaks or one.reason != reason)
    db.execute(
        "UPDATE alerts SET times = times + 1, cost_now = max(ifnull(cost_now, 0), ?) WHERE id = ?",
        (one.size, alert),
    )
    if changed:
        db.execute("UPDATE alerts SET reason = ? WHERE id = ?", (one.reason, alert))
        _note(db, alert, one, now)
    if changed and heard:
        db.execute(
            "UPDATE alerts SET told = ?, told_size = ?, resolved_at = NULL,"
            " state = CASE state WHEN 'acknowledged' THEN state ELSE 'open' END WHERE id = ?",
            (now, one.size, alert),
        )
    _append(db, alert, one.finding)


def _insert(db: sqlite3.Connection, one: Notification, now: int, told: int | None) -> int:
    finding = one.finding
    cursor = db.execute(
        "INSERT INTO alerts (ref, identity, subject, rule, severity, session, budget, period, tier,"
        " feature, user, at, raised, turn, cost, excess, cost_now, cause, title, why, evidence,"
        " late, state, reason, told, told_size)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            *(one.id, one.identity, one.subject, finding.rule, finding.severity, finding.session),
            *(finding.budget, finding.period, finding.tier, finding.feature, finding.user),
            *(finding.at, now, finding.turn, finding.cost, finding.excess, one.size),
            *(finding.cause, finding.title, finding.why, json.dumps(dict(finding.evidence))),
            int(finding.late),
            "history" if one.reason == "history" else "open",
            *(one.reason, told, one.size),
        ),
    )
    return int(cursor.lastrowid or 0)


def _append(db: sqlite3.Connection, alert: int, finding: Finding) -> None:
    """Another rule that found the same: added once as evidence, its cause where none is known."""
    rule, also = db.execute("SELECT rule, also FROM alerts WHERE id = ?", (alert,)).fetchone()
    others = json.loads(also)
    if finding.rule == rule or any(other["rule"] == finding.rule for other in others):
        return
    others.append(
        {
            "rule": finding.rule,
            "turn": finding.turn,
            "cause": finding.cause,
            "why": finding.why,
            "evidence": dict(finding.evidence),
        }
    )
    db.execute(
        "UPDATE alerts SET also = ?, cause = ifnull(cause, ?) WHERE id = ?",
        (json.dumps(others), finding.cause, alert),
    )


def _close(db: sqlite3.Connection, one: Notification, now: int) -> None:
    row = db.execute(
        "SELECT id FROM alerts WHERE identity = ? AND state IN ('open', 'acknowledged')",
        (one.identity,),
    ).fetchone()
    if row is None:
        return
    db.execute(
        "UPDATE alerts SET state = 'resolved', resolved_at = ?, reason = 'resolved' WHERE id = ?",
        (now, row[0]),
    )
    _note(db, row[0], one, now)


def _note(db: sqlite3.Connection, alert: int, one: Notification, now: int) -> None:
    db.execute(
        "INSERT INTO decisions (alert, at, reason, spoke, cost) VALUES (?, ?, ?, ?, ?)",
        (alert, now, one.reason, int(one.speaks), one.finding.cost),
    )


def kept_back(db: sqlite3.Connection) -> list[Finding]:
    """What silences have kept back so far and is still true: to be told when they are over."""
    rows = db.execute(
        "SELECT rule, severity, at, title, why, session, budget, period, tier, turn, cost, excess,"
        " cause, evidence, feature, user, late FROM alerts"
        " WHERE state = 'open' AND told IS NULL AND reason = 'silenced' ORDER BY id"
    )
    return [_finding(row) for row in rows]


def _finding(row: tuple[Any, ...]) -> Finding:
    evidence, feature, user, late = row[13:]
    return Finding(*row[:13])._replace(
        evidence=tuple(json.loads(evidence).items()), feature=feature, user=user, late=bool(late)
    )


def find(db: sqlite3.Connection, ref: str) -> int:
    """The row of the alert whose id begins with `ref`; raises NothingFound or UsageError."""
    rows = db.execute(
        "SELECT id, ref FROM alerts WHERE substr(ref, 1, ?) = ? LIMIT 2", (len(ref), ref)
    ).fetchall()
    if not ref or not rows:
        raise NothingFound(f"no alert {ref!r}; see costtop alerts list")
    if len(rows) > 1:
        raise UsageError(f"{ref!r} begins more than one alert's id; give more of it")
    return int(rows[0][0])


def acknowledge(db: sqlite3.Connection, ref: str, by: str, now: int) -> None:
    """Keeps who has seen an alert; it is not told again unless it gets worse."""
    alert = find(db, ref)
    db.execute(
        "UPDATE alerts SET acked_by = ?, acked_at = ?,"
        " state = CASE state WHEN 'open' THEN 'acknowledged' ELSE state END WHERE id = ?",
        (by, now, alert),
    )
    db.execute(
        "INSERT INTO decisions (alert, at, reason, spoke) VALUES (?, ?, 'acknowledged', 0)",
        (alert, now),
    )


def silence(db: sqlite3.Connection, wanted: Silence) -> int:
    """Begins a silence and returns its id; raises UsageError where it names nothing.

    A silence "until it grows" of a session or budget is measured from its dearest alert so far.
    """
    if not (wanted.session or wanted.rule or wanted.feature or wanted.budget):
        raise UsageError("a silence names a session, a rule, a feature or a budget")
    cost = wanted.cost
    if cost is None and wanted.grows is not None:
        cost = _dearest(db, wanted)
    row = db.execute(
        "INSERT INTO silences (by, at, session, rule, feature, budget, until, grows, cost, note)"
        " VALUES (?,?,?,?,?,?,?,?,?,?)",
        (*wanted[1:9], cost, wanted.note),
    )
    return int(row.lastrowid or 0)


def _dearest(db: sqlite3.Connection, wanted: Silence) -> int | None:
    row = db.execute(
        "SELECT max(cost_now) FROM alerts WHERE state <> 'history'"
        " AND ? IN ('', session) AND ? IN ('', rule) AND ? IN ('', feature) AND ? IN ('', budget)",
        (wanted.session, wanted.rule, wanted.feature, wanted.budget),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def end_silence(db: sqlite3.Connection, silence: int, by: str, now: int) -> None:
    """Ends a silence before its time; raises NothingFound."""
    done = db.execute(
        "UPDATE silences SET ended = ?, ended_by = ? WHERE id = ? AND ended IS NULL",
        (now, by, silence),
    )
    if not done.rowcount:
        raise NothingFound(f"no silence {silence} is in force; see costtop alerts silence --list")
