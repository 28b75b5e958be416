"""Blocks of five hours, as plans of agents count them and as ccusage shows them.

A block begins at the hour (UTC) of its first call and lasts five hours; the next call after its
end begins another, so a pause of five hours ends one too. What is asked for decides which calls
there are: of `--agent claude` they are the windows of that plan. They are found over all time, so
that a block keeps its name whatever span is shown of it.
"""

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from costtop.durations import HOUR, QUARTER

LENGTH = 5 * HOUR  # ms
_HOUR = HOUR // QUARTER


def read(db: sqlite3.Connection, rows: str, where: str, values: Sequence[object]) -> list[int]:
    """When blocks of the spend in `rows` began, ms UTC, oldest first; `where` begins with AND."""
    query = f"SELECT DISTINCT p.quarter {rows} WHERE p.calls > 0{where} ORDER BY 1"
    return starts(quarter for (quarter,) in db.execute(query, values))


def starts(quarters: Iterable[int]) -> list[int]:
    """When the blocks of these quarter hours begin, ms UTC. A block begins and ends with one."""
    begun: list[int] = []
    for quarter in quarters:
        at = quarter * QUARTER
        if not begun or at >= begun[-1] + LENGTH:
            begun.append(quarter // _HOUR * _HOUR * QUARTER)
    return begun


def holding(begun: Sequence[int], at: int) -> int | None:
    """When the block of a moment began; a task that ends after its block belongs to it too."""
    found = bisect_right(begun, at)
    return begun[max(0, found - 1)] if begun else None


def key(begun: int, tz: ZoneInfo) -> str:
    """A block by its local beginning: "2026-11-23 14:00"; no clock change makes two alike."""
    return f"{datetime.fromtimestamp(begun // 1000, tz):%Y-%m-%d %H:%M}"
