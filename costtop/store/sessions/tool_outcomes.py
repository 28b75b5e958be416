"""Tool calls of a call and their outcomes, as rows. It judges no loop; `detect` does."""

import sqlite3
from collections.abc import Iterable, Sequence

from costtop.model import Outcome, ToolUse
from costtop.store.names import Names


def write(
    db: sqlite3.Connection, names: Names, asked: Iterable[tuple[int, tuple[ToolUse, ...]]]
) -> None:
    """Adds the tools that calls, by their row, asked for; known ones stay as they are."""
    rows = [
        (call, nth, names.name(db, tool.name), tool.key, tool.result, tool.error)
        for call, tools in asked
        for nth, tool in enumerate(tools)
    ]
    db.executemany(
        "INSERT OR IGNORE INTO tools (call, nth, name, key, result, error) VALUES (?,?,?,?,?,?)",
        rows,
    )


def answered(tools: tuple[ToolUse, ...], outcomes: Sequence[Outcome]) -> tuple[ToolUse, ...]:
    """The tools of one call with outcomes that came; a tool's first outcome stands."""
    told = list(tools)
    for _, nth, error, result in outcomes:
        if nth < len(told) and told[nth].error is None:
            told[nth] = told[nth]._replace(error=error, result=result)
    return tuple(told)


def answer(db: sqlite3.Connection, outcomes: Iterable[Outcome]) -> list[bytes]:
    """Writes outcomes to stored tools; the keys of the calls for which that changed something."""
    changed: list[bytes] = []
    for outcome in outcomes:
        found = db.execute(
            "UPDATE tools SET error = ?, result = ? WHERE nth = ? AND error IS NULL"
            " AND call = (SELECT id FROM calls WHERE key = ?)",
            (outcome.error, outcome.result, outcome.nth, outcome.call),
        )
        if found.rowcount:
            changed.append(outcome.call)
    return changed
