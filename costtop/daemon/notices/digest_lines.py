"""What a digest says of each thing that happened: one line a subject, as it stands now.

It posts nothing. A session that grew while letters were held is one line, with the cost and the
multiple of now; of a budget's period the highest tier speaks.
"""

import sqlite3
from collections.abc import Sequence

from costtop.model import SEVERITIES, Letter
from costtop.queries.alerts import incidents
from costtop.store.alerts import alert_reads
from costtop.store.alerts.alert_reads import Alert

Line = tuple[str, str]
"""(severity, title) of one subject."""


def folded(db: sqlite3.Connection, letters: Sequence[Letter]) -> list[Line]:
    """One line for each subject of the letters, the oldest first; "" is the severity of an end."""
    groups: dict[str, list[Letter]] = {}
    rows: dict[str, Alert] = {}
    for letter in letters:
        row = alert_reads.by_id(db, letter.alerts[0]) if letter.alerts else None
        name = letter.token if row is None else _subject(row, ended=not letter.severity)
        if row is not None:
            rows[name] = row
        groups.setdefault(name, []).append(letter)
    return [_line(db, same, rows.get(name)) for name, same in groups.items()]


def _subject(row: Alert, *, ended: bool) -> str:
    about = row.incident if row.session else f"{row.rule} {row.budget} {row.period}"
    return f"{about} {'ended' if ended else ''}"


def _line(db: sqlite3.Connection, letters: Sequence[Letter], row: Alert | None) -> Line:
    worst = max(reversed(letters), key=lambda one: _rank(one.severity))
    if row is None or not row.session or not worst.severity:
        return worst.severity, worst.title
    rows = alert_reads.of_incident(db, row.incident)
    [whole] = incidents.folded(rows, {}, incidents.stood(db, rows))
    return worst.severity, incidents.title(whole)


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity else -1
