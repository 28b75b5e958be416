"""What hosts leave to the steward to tell of their sessions, as findings. Pure."""

from collections.abc import Iterable

from costtop.fleet import edge_alerts
from costtop.fleet.steward import Row
from costtop.model import Finding


def findings(rows: Iterable[Row]) -> list[Finding]:
    """Of alerts that a host would have told; `host_name` is that of the row's host.

    What it kept back itself (a silence, history) is not told here either.
    """
    return [_finding(row) for row in rows if row["told"] is not None]


def _finding(row: Row) -> Finding:
    title, why = edge_alerts.words(row["host_name"], row)
    return Finding(
        rule=row["rule"],
        severity=row["severity"],
        at=row["happened"],
        title=title,
        why=why,
        session=edge_alerts.session_of(row["host_name"], row["session"]),
        turn=row["turn"],
        cost=row["cost"],
        excess=row["excess"],
        cause=row["cause"],
        feature=row["feature"],
        user=row["usr"],
        resolved=row["state"] == "resolved",
    )
