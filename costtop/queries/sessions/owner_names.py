"""What owners of logs are called, and how many sessions are theirs."""

import sqlite3


def read(db: sqlite3.Connection) -> list[tuple[str, str, int]]:
    """(user, host, root sessions) of those with a user, who has most of them first."""
    rows = db.execute(
        "SELECT u.text, h.text, count(s.id) FROM owners o JOIN names u ON u.id = o.user"
        " JOIN names h ON h.id = o.host JOIN sessions s ON s.owner = o.id AND s.id = s.root"
        " WHERE u.text <> '' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    )
    return [(str(user), str(host), int(sessions)) for user, host, sessions in rows]
