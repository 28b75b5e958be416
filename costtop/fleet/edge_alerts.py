"""Alerts that hosts said of their sessions, in words: a host sends numbers and rules, no text."""

from collections.abc import Mapping
from typing import Any

from costtop.money import dollars


def session_of(host: str, session: str) -> str:
    """What a session of a host is called in its fleet: "source/HOST:SESSION"."""
    source, _, name = session.partition("/")
    return f"{source}/{host}:{name}"


def words(host: str, row: Mapping[str, Any]) -> tuple[str, str]:
    """(title, why) of such an alert."""
    name = session_of(host, str(row["session"])).partition("/")[2]
    rule = str(row["rule"]).replace("_", " ")
    cost, excess = row["cost_now"] or row["cost"], row["excess"]
    spent = f"${dollars(cost)}" if cost is not None else "an unknown amount"
    beyond = f", ${dollars(excess)} of it beyond what is usual there" if excess else ""
    cause = f" ({str(row['cause']).replace('_', ' ')})" if row["cause"] else ""
    why = f"{host} found it by its own rules{cause}; the session has cost {spent}{beyond}."
    return f"session {name}: {rule}, {spent}", why
