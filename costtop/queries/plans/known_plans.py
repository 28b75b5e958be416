"""The windows of plans for a screen that asks twice a second: worked out anew now and then."""

import sqlite3
from typing import TYPE_CHECKING

from costtop.durations import SECOND

if TYPE_CHECKING:  # who has no plan needs none of it
    from costtop.queries.plans.plan_windows import PlanWindow

_FOR = 10 * SECOND  # a per cent takes longer


class KnownPlans:
    """The windows of one store as they were read last."""

    def __init__(self) -> None:
        self._at, self._read = 0, ()  # type: tuple[int, tuple[PlanWindow, ...]]

    def look(self, db: sqlite3.Connection, now: int) -> "tuple[PlanWindow, ...]":
        """The windows, no older than ten seconds; () where no agent ever told of a plan."""
        if not 0 <= now - self._at < _FOR:
            self._at, self._read = now, read(db, now)
        return self._read


def read(db: sqlite3.Connection, now: int) -> "tuple[PlanWindow, ...]":
    """The windows as they are now."""
    if db.execute("SELECT 1 FROM plan_limits LIMIT 1").fetchone() is None:
        return ()
    from costtop.queries.plans import plan_windows

    return plan_windows.read(db, now)
