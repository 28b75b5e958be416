"""Puts short ids beside the sessions that JSON names, so that a script can say what to type."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from costtop.store.sessions import short_ids


def beside(db: sqlite3.Connection, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with `short` beside their `session` ("source/session"), null where it is none."""
    found = list(rows)
    named = short_ids.of_keys(db, {one["session"] for one in found if one.get("session")})
    return [one | {"short": named.get(one["session"]) or None} for one in found]
