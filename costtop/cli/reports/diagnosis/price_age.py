"""What `costtop doctor` says of the price list: which one, and how old it is.

A bundled list carries no date of its own; it is as old as the day of its installation, at least.
"""

import json
import re
import sqlite3
from datetime import UTC, datetime
from typing import Any

from costtop.cli.reports.diagnosis.diagnoses import Diagnosis
from costtop.daemon import shipped_prices
from costtop.durations import DAY, words
from costtop.store import meta

_OLD = 60 * DAY  # makers change prices several times a year
_EDITION = re.compile(r"genai-prices (\S+?)(?:\+(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d))? ")


def found(db: sqlite3.Connection | None, now: int) -> dict[str, Any]:
    """Name, since when (ISO 8601 UTC) by what, and age in days, of the list that prices calls."""
    told = _EDITION.search(_edition(db))
    version, refreshed = told.groups() if told else ("", None)
    folder = shipped_prices.folder()
    since = datetime.fromisoformat(refreshed).replace(tzinfo=UTC) if refreshed else None
    if since is None and folder:
        since = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    age = None if since is None else max(0, now - round(since.timestamp() * 1000))
    return {
        "list": f"genai-prices {version or shipped_prices.installed()}".rstrip(),
        "since": None if since is None else since.isoformat(timespec="seconds"),
        "by": "refresh" if refreshed else "install",
        "age_days": None if age is None else age // DAY,
    }


def problems(tree: dict[str, Any]) -> list[Diagnosis]:
    """What to do about a list that is old."""
    if (tree["age_days"] or 0) * DAY < _OLD:
        return []
    said = (
        f"the price list is {tree['age_days']} days old: update costtop's packages, or let it fetch"
        " the newest one: [prices] refresh = true"
    )
    return [Diagnosis("prices-old", said)]


def said(tree: dict[str, Any]) -> str:
    """One line."""
    if tree["age_days"] is None:
        return f"price list: {tree['list']}, of unknown age"
    how = "fetched" if tree["by"] == "refresh" else "installed"
    return f"price list: {tree['list']}, {how} {words(tree['age_days'] * DAY)} ago"


def _edition(db: sqlite3.Connection | None) -> str:
    """Of the cards that the daemon kept last: a fetched list stands there with its moment."""
    if db is None:
        return ""
    try:
        kept = json.loads(meta.get(db, "cards") or "{}")
    except ValueError:
        return ""
    return str(kept.get("edition", ""))
