"""What agents say of their own cost and limits in their status lines: a check of our sums.

It compares nothing; `costtop doctor` may. Money is int nano-dollars, times are ms UTC.
"""

import sqlite3


def put(
    db: sqlite3.Connection,
    session: str,
    cost: int | None,
    five_hour: float | None,
    seven_day: float | None,
    now: int,
) -> None:
    """Keeps the latest word of a session ("source/session")."""
    db.execute(
        "INSERT INTO statuslines (session, at, cost, five_hour, seven_day) VALUES (?,?,?,?,?)"
        " ON CONFLICT DO UPDATE SET at = excluded.at, cost = excluded.cost,"
        " five_hour = excluded.five_hour, seven_day = excluded.seven_day",
        (session, now, cost, five_hour, seven_day),
    )
