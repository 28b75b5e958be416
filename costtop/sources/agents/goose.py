"""Goose's `sessions.db`: its usage ledger, or the sums of older versions (FORMATS 7).

It opens nothing and prices nothing. A ledger row is one request, compactions included, and never
changes. Before schema 15 only the sums of a session are kept: one call a session, which grows.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costtop.model import Bad, Call, Context, Event, SessionFact, Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import disjoint, dollars, folder, inclusive, text
from costtop.sources.fold.json_lines import LARGEST, Unreadable
from costtop.sources.fold.source import Chunk, Memo, Query, Source
from costtop.sources.fold.times import stamp

NAME = "goose"

_LEDGER = """
SELECT u.id AS mark, u.session_id, u.created_timestamp AS at, u.model, u.input_tokens,
  u.output_tokens, u.cache_read_tokens, u.cache_write_tokens, u.cost, s.working_dir,
  s.provider_name, s.parent_session_id, s.created_at
FROM usage_ledger u LEFT JOIN sessions s ON s.id = u.session_id
WHERE u.id >= coalesce(:since, 0) ORDER BY u.id LIMIT :limit"""

_SUMS = """
SELECT rowid AS mark, id AS session_id, created_at AS at, working_dir, created_at,
  accumulated_input_tokens AS input_tokens, accumulated_output_tokens AS output_tokens
FROM sessions WHERE accumulated_total_tokens > 0 AND rowid >= coalesce(:since, 0)
  AND NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'usage_ledger')
ORDER BY rowid LIMIT :limit"""

QUERIES = (
    Query("ledger", _LEDGER, "mark", ("usage_ledger", "sessions")),
    Query("sums", _SUMS, "mark", ("sessions",), 1_000_000),
)


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`data` of $GOOSE_PATH_ROOT, else the data folder's `goose`."""
    if base := environment.get("GOOSE_PATH_ROOT"):
        return [Path(base) / "data" / "sessions"]
    shared = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    return [shared / "goose" / "sessions"]


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of rows; every row stands alone, so the memo stays as it is."""
    events: list[Event] = []
    told: set[str] = set()
    for row in chunk.rows:
        session, mark = text(row.get("session_id")), row.get("mark")
        if not session or not isinstance(mark, int):
            continue
        at = stamp(row.get("at"), chunk.seen)
        if session not in told:
            told.add(session)
            events.append(_session(row, session, at, chunk.seen))
        try:
            events.append(_call(row, session, mark, at))
        except Unreadable as error:
            events.append(Bad(mark, str(error)))
    return events, memo


def _session(row: Mapping[str, Any], session: str, at: int, seen: int) -> SessionFact:
    began = stamp(row["created_at"], seen) if row.get("created_at") else None
    return SessionFact(
        NAME, session, parent=text(row.get("parent_session_id")), started=began, at=at,
        context=_context(row),
    )  # fmt: skip


def _context(row: Mapping[str, Any]) -> Context:
    cwd = folder(row.get("working_dir"))
    return Context(cwd, project=cwd)


def _call(row: Mapping[str, Any], session: str, mark: int, at: int) -> Call:
    summed = row.get("query") == "sums"
    tokens, guessed = _tokens(row)
    return Call(
        keys.whole(NAME, session, "sums" if summed else str(mark)), NAME, session,
        text(row.get("model")) or "unknown", tokens, at, _context(row),
        provider=text(row.get("provider_name")), reported=dollars(row.get("cost")) or None,
        estimated=summed or guessed, offset=mark,
    )  # fmt: skip


def _tokens(row: Mapping[str, Any]) -> tuple[Tokens, bool]:
    """The counts, and whether their meaning is a guess: some providers' input is without cache."""
    plain, read, write, output = (_count(row.get(f"{kind}_tokens")) for kind in
                                  ("input", "cache_read", "cache_write", "output"))  # fmt: skip
    if read + write > plain:
        return disjoint(plain, read, write, output), True
    return inclusive(plain, read, write, output), False


def _count(value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise Unreadable("a token count is out of range", malformed=False)
    return value


SOURCE = Source(NAME, "Goose", "rows", roots, ("sessions.db",), read, QUERIES)
