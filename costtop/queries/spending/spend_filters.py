"""What a report is restricted to: globs on names, as conditions in SQL. `scope` matches them."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from costtop import scope
from costtop.named_tuples import NamedTuple
from costtop.queries.spending import sum_keys
from costtop.queries.spending.sum_keys import UNATTRIBUTED, UNTAGGED

FIELDS = (
    "feature", "model", "agent", "user", "project", "branch", "ticket", "pr", "commit", "source",
    "session", "task", "type", "host", "team", "label", "tool", "server",
)  # fmt: skip


class Filter(NamedTuple):
    """One field and the globs of which one has to fit; a tag's field is "tag:NAME"."""

    field: str
    globs: tuple[str, ...]


Filters = tuple[Filter, ...]
Columns = Callable[[str], str]


def condition(
    db: sqlite3.Connection, filters: Filters, column: Columns = sum_keys.column
) -> tuple[str, list[object]]:
    """Conditions beside others (" AND …"; "" for no filter) and their values."""
    where, values = "", list[object]()
    for one in filters:
        where += f" AND coalesce({column(one.field)}, 0) IN (SELECT value FROM json_each(?))"
        values.append(json.dumps([number for number, _ in _fitting(db, one)]))
    return where, values


def stored(db: sqlite3.Connection, field: str, most: int = 5) -> list[str]:
    """Names that spend has in this field, dearest first: what a filter could have meant."""
    rows: Iterable[tuple[Any, ...]]
    if field in sum_keys.ATTRIBUTED:
        from costtop.queries.pulls import work_shares

        work_shares.prepare(db)
        spent = work_shares.rows(work_shares.EVER, ())
        query = f"SELECT {sum_keys.column(field)}, sum(p.cost) {spent} GROUP BY 1 ORDER BY 2 DESC"
        rows = db.execute(query).fetchall()
    elif field in sum_keys.SHARED:
        rows = db.execute(
            "SELECT name, count(*) FROM tools GROUP BY 1 UNION ALL SELECT 0, 0 ORDER BY 2 DESC"
        )
    else:
        rows = db.execute(
            f"SELECT {sum_keys.column(field)}, sum(p.cost) FROM spend p"
            " JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"
            " GROUP BY 1 ORDER BY 2 DESC"
        )
    texts = dict(_names(db, field))
    word = sum_keys.wording(db, field)
    found = dict.fromkeys(word(texts.get(row[0] or 0, "")) for row in rows)
    return list(found)[:most]


def never(db: sqlite3.Connection, filters: Filters) -> Filter | None:
    """The first filter that nothing stored in its field fits; None where each fits something."""
    for one in filters:
        known = stored(db, one.field, most=1 << 30)
        if not any(_fits(one, name) for name in known):
            return one
    return None


def _fitting(db: sqlite3.Connection, one: Filter) -> Iterator[tuple[int, str]]:
    word = sum_keys.wording(db, one.field)
    for number, text in _names(db, one.field):
        if _fits(one, word(text), text):
            yield number, text


def _names(db: sqlite3.Connection, field: str) -> Iterator[tuple[int, str]]:
    if field == "session":
        yield from db.execute(
            "SELECT r.id, n.text || '/' || r.session FROM sessions r"
            " JOIN names n ON n.id = r.source WHERE r.id = r.root"
        )
        return
    yield 0, ""
    if field in sum_keys.ATTRIBUTED:
        from costtop.queries.pulls import work_shares

        yield from work_shares.names(db, field)
        return
    of_tags = " WHERE id IN (SELECT tags FROM contexts)" if sum_keys.is_tag(field) else ""
    yield from db.execute(f"SELECT id, text FROM names{of_tags}")


def _fits(one: Filter, name: str, text: str = "") -> bool:
    names = _spellings(one.field, name, text)
    return any(scope.fits(spelling, glob) for spelling in names for glob in one.globs)


def _spellings(field: str, name: str, text: str) -> Sequence[str]:
    """The names that a glob may mean: a session by its id alone, a model without its maker."""
    if field == "session":
        return name, name.partition("/")[2]
    if field == "model":
        return name, name.rpartition("/")[2], name.removeprefix("claude-")
    if field == "agent":
        return name, text
    if name in (UNTAGGED, UNATTRIBUTED) and sum_keys.is_tag(field):
        return (name,)
    return (name, "", UNTAGGED) if name in (UNTAGGED, UNATTRIBUTED) else (name,)
