"""What holds sessions back now: spent budgets and soft stops. It opens and lifts none of them."""

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
    return Held(one.budget, _session(one), one.action, one.why, one.opened, one.until)


def _session(one: Breaker) -> str:
    """The key behind a soft stop's glob, which matches one session literally."""
    glob = dict(one.scope).get("session", "") if not one.budget else ""
    for char in "*?[":
        glob = glob.replace(f"[{char}]", char)
    return glob
