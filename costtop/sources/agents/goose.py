"""Goose's `sessions.db`: its usage ledger, or the sums of older versions (FORMATS 7).

A ledger row is one request, compactions included, and never changes. Before schema 15 only the sums
of a session are kept: one call a session, which grows.
"""

from collections.abc import Mapping
from pathlib import Path

from costtop.model import Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import disjoint, dollars, folder, inclusive, text, whole
from costtop.sources.fold.formats import Log, Row, data_folder, rows
from costtop.sources.fold.source import Query

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

_COUNTS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")

QUERIES = (
    Query("ledger", _LEDGER, "mark", ("usage_ledger", "sessions")),
    Query("sums", _SUMS, "mark", ("sessions",), 1_000_000),
)


def _roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`data` of $GOOSE_PATH_ROOT, else the data folder's `goose`."""
    if base := environment.get("GOOSE_PATH_ROOT"):
        return [Path(base) / "data" / "sessions"]
    return [data_folder(environment, home) / "goose" / "sessions"]


def _row(log: Log, row: Row) -> None:
    session, mark = text(row.get("session_id")), row.get("mark")
    if not session or not isinstance(mark, int):
        return
    at = log.at(row.get("at"))
    log.works_in(folder(row.get("working_dir")))
    if log.meets(session):
        began = row.get("created_at")
        log.parent = text(row.get("parent_session_id"))
        log.about(at, log.at(began) if began else None)
    summed = row.get("query") == "sums"
    tokens, guessed = _tokens(row)
    log.call(
        keys.whole(NAME, session, "sums" if summed else str(mark)),
        row.get("model"),
        tokens,
        at,
        provider=text(row.get("provider_name")),
        reported=dollars(row.get("cost")) or None,
        estimated=summed or guessed,
    )


def _tokens(row: Row) -> tuple[Tokens, bool]:
    """The counts, and whether their meaning is a guess: some providers' input is without cache."""
    plain, read, write, output = [whole(row.get(column)) for column in _COUNTS]
    if read + write > plain:
        return disjoint(plain, read, write, output), True
    return inclusive(plain, read, write, output), False


SOURCE = rows(QUERIES, _row).source(NAME, "Goose", _roots, "sessions.db")
