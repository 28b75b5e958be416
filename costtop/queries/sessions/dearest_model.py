"""Which model a session is known by: the one that cost most, of several equal the busiest."""

import sqlite3
from collections.abc import Iterable

from costtop.store.sums import rollup_progress

_Priced = tuple[int, int, str]  # cost, tokens, name: the largest is the dearest


def of_active(
    db: sqlite3.Connection, since: int, after: int | None = None
) -> tuple[dict[int, str], dict[int, str]]:
    """Names by session row and by root, of the families with activity since then.

    Of those that changed after that revision instead, where one is given.
    """
    column, least = ("last", since) if after is None else ("rev", after + 1)
    rows = db.execute(
        "SELECT m.session, s.root, m.cost, m.tokens, n.text FROM session_models m"
        " JOIN sessions s ON s.id = m.session JOIN names n ON n.id = m.model"
        f" WHERE s.root IN (SELECT root FROM sessions WHERE {column} >= ?)",
        (least,),
    ).fetchall()
    families: dict[int, list[tuple[int, _Priced]]] = {}
    for session, root, *priced in rows:
        families.setdefault(root, []).append((session, (priced[0], priced[1], priced[2])))
    own: dict[int, str] = {}
    of_roots: dict[int, str] = {}
    for root, told in families.items():
        if len(told) == 1:
            own[told[0][0]] = of_roots[root] = told[0][1][2]
        else:
            own |= _dearest(told)
            of_roots |= _dearest((root, priced) for priced in _summed(told))
    return own, of_roots


def _summed(told: Iterable[tuple[int, _Priced]]) -> Iterable[_Priced]:
    """The same by model, whatever the session."""
    sums: dict[str, tuple[int, int]] = {}
    for _, (cost, tokens, name) in told:
        known = sums.get(name, (0, 0))
        sums[name] = (known[0] + cost, known[1] + tokens)
    return ((*sum_, name) for name, sum_ in sums.items())


def of_span(db: sqlite3.Connection, since: int, until: int) -> dict[int, str]:
    """Names by root session row, of what was spent in the quarter hours [since, until)."""
    sums: dict[tuple[int, str], tuple[int, int]] = {}
    for part in rollup_progress.parts(db, since, until):
        rows = db.execute(
            "SELECT s.root, n.text, sum(p.cost), sum(p.input + p.output)"
            f" FROM {part.spend} p JOIN sessions s ON s.id = p.session"
            " JOIN names n ON n.id = p.model"
            " WHERE p.quarter >= ? AND p.quarter < ? GROUP BY s.root, p.model",
            (part.since, part.until),
        )
        for root, name, cost, tokens in rows:
            known = sums.get((root, name), (0, 0))
            sums[root, name] = known[0] + cost, known[1] + tokens
    return _dearest((root, (*sum_, name)) for (root, name), sum_ in sums.items())


def _dearest(rows: Iterable[tuple[int, _Priced]]) -> dict[int, str]:
    best: dict[int, _Priced] = {}
    for session, priced in rows:
        if session not in best or priced > best[session]:
            best[session] = priced
    return {session: name for session, (_, _, name) in best.items()}
