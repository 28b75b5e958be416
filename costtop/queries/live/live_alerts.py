"""What is unusual now: open alerts in the few words of a table cell. It judges nothing."""

import json
import sqlite3
from typing import NamedTuple

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


def read(db: sqlite3.Connection) -> Open:
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
