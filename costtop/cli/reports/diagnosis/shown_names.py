"""What `costtop doctor` says of how things are shown: people's names, the currency of sums."""

import sqlite3
from typing import Any

from costtop.cli.reports.diagnosis.diagnoses import Diagnosis
from costtop.durations import now_ms
from costtop.queries import shown_currency
from costtop.queries.sessions import described_roots
from costtop.queries.shown_currency import NoRateError
from costtop.shown import currency
from costtop.store import meta


def found(db: sqlite3.Connection, problems: list[Diagnosis]) -> dict[str, Any]:
    """The currency with its rate, and what owners of logs are called; adds what is wrong."""
    tree: dict[str, Any] = {
        "owners": [
            {"user": user, "host": host, "sessions": sessions}
            for user, host, sessions in described_roots.owners(db)
        ],
        "shown_in": None,
    }
    if told := meta.get(db, currency.KEY):
        try:
            one = shown_currency.read(told, now_ms())
        except NoRateError as error:
            problems.append(Diagnosis("no-rate", f"{error}; sums are shown in dollars"))
        else:
            rate = one.figure(1_000_000_000, places=9)
            tree["shown_in"] = {"currency": one.code, "rate": rate, "dated": one.dated or None}
    return tree


def words(tree: dict[str, Any]) -> list[str]:
    """The same for people; nothing where nothing is known."""
    lines = []
    owners = [
        f"{one['user']} at {one['host']}" for one in tree.get("owners", ()) if one["sessions"]
    ]
    if owners:
        lines.append(f"agents' work is of: {', '.join(owners)}  ([identity] names them otherwise)")
    if shown := tree.get("shown_in"):
        dated = f" of {shown['dated']}" if shown["dated"] else ""
        lines.append(f"sums are shown in {shown['currency']} at {shown['rate']}{dated}")
    return lines
