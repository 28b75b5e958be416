"""Writes what was found and decided, and who has seen it.

Every function is part of a transaction that the caller holds: an alert stands or falls with the
calls that caused it. Times are ms UTC, money int nano-dollars.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from costtop.errors import NothingFound, UsageError
from costtop.model import Cause, Finding, Notification, Told
from costtop.named_tuples import NamedTuple
from costtop.store import meta
from costtop.store.sessions import short_ids

_CHUNK = 500  # names in one query
_FOUND = ", ".join(Finding._fields[:-1])  # what a row keeps of a finding: all but `resolved`
_QUIET = frozenset({"already told"})


def born(db: sqlite3.Connection, now: int) -> int:
    """When this instance began to watch, ms; `now` the first time it is asked.

    A clock that was ahead then and is set right must not make history of all that follows.
    """
    known = meta.get(db, "alerts_born")
    if known and int(known) <= now:
        return int(known)
    meta.put(db, {"alerts_born": str(now)})
    return now


def ledger(db: sqlite3.Connection, subjects: Iterable[str]) -> list[Told]:
    """What is known of these subjects."""
    wanted = sorted(set(subjects))
    found: list[Told] = []
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        marks = ",".join("?" * len(part))
        rows = db.execute(
            "SELECT identity, subject, severity, tier, state, told, told_size, cause FROM alerts"
            f" WHERE subject IN ({marks}) ORDER BY id",
            part,
        )
        found += [Told(*row) for row in rows]
    return found


class Kept(NamedTuple):
    """A decision as it is kept: with what is told as one, and what "doubled" is measured from."""

    one: Notification
    incident: str  # of whose first row this one is told as part; "" where it stands for itself
    size: int  # nano-dollars


def record(db: sqlite3.Connection, decided: Iterable[Kept], now: int) -> None:
    """Keeps every finding with what was decided; one row an identity, however often it is found."""
    for kept in decided:
        if kept.one.finding.resolved:
            _close(db, kept.one, now)
        else:
            _keep(db, kept, now)


def tell(db: sqlite3.Connection, voice: str, told: Sequence[str], now: int) -> None:
    """Notes that a message went out: the identity that spoke, and all that it told of."""
    db.executemany(
        "UPDATE alerts SET pushed = ifnull(pushed, ?), tellings = tellings + 1 WHERE identity = ?",
        [(now, identity) for identity in told],
    )
    if told:
        db.execute("UPDATE alerts SET voiced = voiced + 1 WHERE identity = ?", (voice,))


def flagged(db: sqlite3.Connection, since: int) -> list[tuple[str, Cause, str, int, int, str]]:
    """(session, cause, feature, at, excess, episode) of sessions told or listed since then.

    And of all that are listed under a common alert with one of them; `episode` is that alert's
    period, "" where it is under none.
    """
    return db.execute(
        "SELECT a.session, a.cause, a.feature, min(a.at), max(ifnull(a.excess, 0)),"
        " ifnull(max(c.period), '')"
        " FROM alerts a LEFT JOIN alerts c ON c.ref = a.under AND a.under <> ''"
        " WHERE a.session <> '' AND a.severity = 'warning' AND a.cause IS NOT NULL"
        " AND (a.pushed IS NOT NULL OR a.under <> '') AND (a.at >= ? OR a.under IN"
        "  (SELECT under FROM alerts WHERE at >= ? AND under <> '')) GROUP BY 1, 2, 3",
        (since, since),
    ).fetchall()


def put_under(
    db: sqlite3.Connection, ref: str, sessions: Iterable[str], cause: Cause | None
) -> None:
    """Lists the alerts of sessions for a cause under the common alert with this id."""
    db.executemany(
        "UPDATE alerts SET under = ? WHERE session = ? AND session <> '' AND cause = ?",
        [(ref, session, cause) for session in sessions],
    )


def _keep(db: sqlite3.Connection, kept: Kept, now: int) -> None:
    one = kept.one
    row = db.execute("SELECT id, reason FROM alerts WHERE identity = ?", (one.identity,)).fetchone()
    heard = one.reason not in {"silenced", "history"}
    if row is None:
        alert = _insert(db, kept, now, now if heard else None)
        _note(db, alert, one, now)
        return
    alert, reason = row
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
            (now, kept.size, alert),
        )
    elif kept.incident:  # it is true again, and was told before
        db.execute(
            "UPDATE alerts SET resolved_at = NULL,"
            " state = CASE WHEN acked_by IS NULL THEN 'open' ELSE 'acknowledged' END"
            " WHERE id = ? AND state = 'resolved'",
            (alert,),
        )


def _insert(db: sqlite3.Connection, kept: Kept, now: int, told: int | None) -> int:
    one = kept.one
    finding = one.finding
    first = db.execute(
        "SELECT incident FROM alerts WHERE subject = ? ORDER BY id LIMIT 1", (kept.incident,)
    ).fetchone()
    cursor = db.execute(
        "INSERT INTO alerts (ref, incident, identity, subject, rule, severity, session, budget,"
        " period, tier, feature, user, at, raised, turn, cost, excess, cost_now, cause, title, why,"
        " evidence, late, amount, state, reason, told, told_size)"
        f" VALUES ({','.join('?' * 28)})",
        (
            *(one.id, first[0] if first else one.id),
            *(one.identity, one.subject, finding.rule, finding.severity, finding.session),
            *(finding.budget, finding.period, finding.tier, finding.feature, finding.user),
            *(finding.at, now, finding.turn, finding.cost, finding.excess, one.size),
            *(finding.cause, finding.title, finding.why, json.dumps(dict(finding.evidence))),
            *(int(finding.late), finding.amount),
            "history" if one.reason == "history" else "open",
            *(one.reason, told, kept.size),
        ),
    )
    alert = int(cursor.lastrowid or 0)
    if first and one.reason == "already told":
        _join(db, alert, first[0])
    return alert


def _join(db: sqlite3.Connection, alert: int, incident: str) -> None:
    """What is found of an incident that somebody has seen, and is no worse, is seen too."""
    seen = db.execute(
        "SELECT acked_by, acked_at FROM alerts WHERE incident = ? AND state = 'acknowledged'"
        " AND NOT EXISTS (SELECT 1 FROM alerts o WHERE o.incident = alerts.incident"
        "  AND o.state = 'open' AND o.id <> ?) ORDER BY acked_at DESC LIMIT 1",
        (incident, alert),
    ).fetchone()
    if seen:
        db.execute(
            "UPDATE alerts SET state = 'acknowledged', acked_by = ?, acked_at = ? WHERE id = ?",
            (*seen, alert),
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


def shared_and_quiet(db: sqlite3.Connection, since: int) -> list[Finding]:
    """What sessions have in common, open, and under which none was listed since then."""
    rows = db.execute(
        f"SELECT {_FOUND} FROM alerts c WHERE rule = 'common_cause'"
        " AND state IN ('open', 'acknowledged') AND NOT EXISTS"
        " (SELECT 1 FROM alerts WHERE under = c.ref AND at >= ?) ORDER BY id",
        (since,),
    )
    return [_found(row) for row in rows]


def _found(row: tuple[Any, ...]) -> Finding:
    one = Finding(*row)
    evidence = tuple(json.loads(one.evidence).items())  # type: ignore[arg-type]
    return one._replace(evidence=evidence, late=bool(one.late))


def kept_back(db: sqlite3.Connection) -> list[Finding]:
    """What silences have kept back so far and is still true: to be told when they are over."""
    rows = db.execute(
        f"SELECT {_FOUND} FROM alerts"
        " WHERE state = 'open' AND told IS NULL AND reason = 'silenced' ORDER BY id"
    )
    return [_found(row) for row in rows]


def unacknowledged(db: sqlite3.Connection) -> dict[str, Finding]:
    """What is critical, still true and seen by nobody: by incident its latest such alert."""
    rows = db.execute(
        f"SELECT incident, {_FOUND} FROM alerts"
        " WHERE state = 'open' AND severity = 'critical' AND told IS NOT NULL ORDER BY id"
    )
    return {incident: _found(row) for incident, *row in rows}


def find(db: sqlite3.Connection, ref: str) -> int:
    """The row of the alert whose id begins with `ref`; raises NothingFound or UsageError.

    An incident has the id of its first alert. A session's short id means the latest of its alerts,
    an open one first; an "@" before it says that it is one.
    """
    rows = db.execute(
        "SELECT id, ref FROM alerts WHERE substr(ref, 1, ?) = ? LIMIT 2", (len(ref), ref)
    ).fetchall()
    if not ref or not rows:
        return _of_session(db, ref)
    if len(rows) > 1:
        raise UsageError(f"{ref!r} begins more than one alert's id; give more of it")
    return int(rows[0][0])


def _of_session(db: sqlite3.Connection, ref: str) -> int:
    key = short_ids.root_of(db, ref.removeprefix("@").lower())
    row = db.execute(
        "SELECT id FROM alerts WHERE session = ? AND session <> ''"
        " ORDER BY state = 'open' DESC, id DESC LIMIT 1",
        (key,),
    ).fetchone()
    if row is None:
        what = f"session {ref} has no alert" if key else f"no alert {ref!r}"
        raise NothingFound(f"{what}; see: costtop alerts list")
    return int(row[0])


def acknowledge(db: sqlite3.Connection, ref: str, by: str, now: int) -> tuple[str, str, str]:
    """Keeps who has seen an alert, and with it its whole incident; it is told again when worse.

    (id, session, title) of the incident's first alert.
    """
    alert = find(db, ref)
    rows = db.execute(
        "SELECT id FROM alerts WHERE id = ? OR (state = 'open' AND incident ="
        " (SELECT incident FROM alerts WHERE id = ?))",
        (alert, alert),
    ).fetchall()
    db.executemany(
        "UPDATE alerts SET acked_by = ?, acked_at = ?,"
        " state = CASE state WHEN 'open' THEN 'acknowledged' ELSE state END WHERE id = ?",
        [(by, now, row) for (row,) in rows],
    )
    db.executemany(
        "INSERT INTO decisions (alert, at, reason, spoke) VALUES (?, ?, 'acknowledged', 0)",
        [(row, now) for (row,) in rows],
    )
    seen: tuple[str, str, str] = db.execute(
        "SELECT ref, session, title FROM alerts WHERE id = ?1 OR ref ="
        " (SELECT incident FROM alerts WHERE id = ?1) ORDER BY id LIMIT 1",
        (alert,),
    ).fetchone()
    return seen
