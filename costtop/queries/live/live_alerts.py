"""What is open now: alerts in the few words of a cell, and what holds sessions back."""

import json
import sqlite3
from typing import NamedTuple

from costtop.model import Breaker
from costtop.store.alerts import breakers


class Held(NamedTuple):
    """One open breaker that is not overridden."""

    budget: str  # "" for the soft stop of one session
    session: str  # its key, "source/session", where it is of one session alone
    action: str  # gate | pause | stop | kill
    why: str
    opened: int  # ms UTC
    until: int | None  # it holds no longer than this


def read(db: sqlite3.Connection, now: int) -> tuple[Held, ...]:
    """The breakers that hold at `now`, oldest first, inside the caller's transaction."""
    return tuple(
        _held(one)
        for one in breakers.open_ones(db, now)
        if not breakers.overridden(db, one.budget, _session(one), now)
    )


def _held(one: Breaker) -> Held:
    return Held(
        budget=one.budget,
        session=_session(one),
        action=one.action,
        why=one.why,
        opened=one.opened,
        until=one.until,
    )


def _session(one: Breaker) -> str:
    """The key behind a soft stop's glob, which matches one session literally."""
    glob = dict(one.scope).get("session", "") if not one.budget else ""
    for char in "*?[":
        glob = glob.replace(f"[{char}]", char)
    return glob


_CAUSES = {
    "retry_loop": "retry loop",
    "context_growth": "context grows",
    "cache_miss": "cache misses",
    "model_shift": "dearer model",
    "verbose_output": "long output",
    "fan_out": "many subagents",
}
_TELLING = 1.5  # times the usual from which the ratio is worth a word
_SEVERITIES = ("notice", "warning", "critical")


class Unusual(NamedTuple):
    """The worst open alert of a session."""

    why: str
    severity: str


class Open(NamedTuple):
    """All that is open: by session, how many in all, and the newest in one line."""

    sessions: dict[str, Unusual]
    total: int
    newest: str


def open_alerts(db: sqlite3.Connection) -> Open:
    """The open alerts."""
    sessions: dict[str, Unusual] = {}
    total, newest = 0, ""
    rows = db.execute(
        "SELECT session, severity, cause, evidence, title FROM alerts"
        " WHERE state = 'open' AND told IS NOT NULL ORDER BY raised"
    )
    for session, severity, cause, evidence, title in rows:
        total, newest = total + 1, title
        found = Unusual(_words(cause, evidence), severity)
        if session and _rank(found) >= _rank(sessions.get(session)):
            sessions[session] = found
    return Open(sessions, total, newest)


def _rank(found: Unusual | None) -> int:
    return _SEVERITIES.index(found.severity) if found else -1


def _words(cause: str | None, evidence: str) -> str:
    ratio = json.loads(evidence).get("ratio")
    telling = isinstance(ratio, int | float) and ratio >= _TELLING
    dear = f"{ratio:.1f}x usual" if telling else ""
    return ", ".join(part for part in (_CAUSES.get(cause or "", ""), dear) if part)
