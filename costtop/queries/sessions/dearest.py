"""Which model a session is known by: the one that cost most, of several equal the busiest."""

import sqlite3
from collections.abc import Iterable

_Priced = tuple[int, int, str]  # cost, tokens, name: the largest is the dearest


def of_active(db: sqlite3.Connection, since: int) -> tuple[dict[int, str], dict[int, str]]:
    """Names by session row and by root, of the families with activity since then."""
    rows = db.execute(
        "SELECT m.session, s.root, m.cost, m.tokens, n.text FROM session_models m"
        " JOIN sessions s ON s.id = m.session JOIN names n ON n.id = m.model"
        " WHERE s.root IN (SELECT root FROM sessions WHERE last >= ?)",
        (since,),
    ).fetchall()
    own = _dearest((session, (cost, tokens, name)) for session, _, cost, tokens, name in rows)
    sums: dict[tuple[int, str], tuple[int, int]] = {}
    for _, root, cost, tokens, name in rows:
        known = sums.get((root, name), (0, 0))
        sums[root, name] = (known[0] + cost, known[1] + tokens)
    return own, _dearest((root, (*sum_, name)) for (root, name), sum_ in sums.items())


def of_span(db: sqlite3.Connection, since: int, until: int) -> dict[int, str]:
    """Names by root session row, of what was spent in the quarter hours [since, until)."""
    rows = db.execute(
        "SELECT s.root, sum(p.cost), sum(p.input + p.output), n.text FROM spend p"
        " JOIN sessions s ON s.id = p.session JOIN names n ON n.id = p.model"
        " WHERE p.quarter >= ? AND p.quarter < ? GROUP BY 1, 4",
        (since, until),
    )
    return _dearest((root, (cost, tokens, name)) for root, cost, tokens, name in rows)


def _dearest(rows: Iterable[tuple[int, _Priced]]) -> dict[int, str]:
    best: dict[int, _Priced] = {}
    for session, priced in rows:
        if session not in best or priced > best[session]:
            best[session] = priced
    return {session: name for session, (_, _, name) in best.items()}
