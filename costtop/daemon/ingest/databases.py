"""Asks another tool's database a source's questions, each from where its last answer ended.

It joins tail.rows and sources and knows neither SQL nor what the rows mean. How far each question
has been answered is kept in the memo, which is stored with the rows.
"""

from collections.abc import Mapping
from typing import Any

from costtop.model import Bad, Event
from costtop.named_tuples import NamedTuple
from costtop.sources.fold.source import Chunk, Memo, Query, Source
from costtop.tail.place import shown
from costtop.tail.rows import Cursor, RowsPage, ask

PAGE = 1_000  # rows of one answer
_LEAST, _MOST = 10, 64_000  # rows: of a question that takes too long, of rows with equal cursors
_BAD_KEPT = 100  # places of rows that were named as unreadable before


class Page(NamedTuple):
    """What one round of questions gave."""

    events: list[Event]
    memo: Memo
    read: int = 0  # characters of the rows
    more: bool = False  # a question has further rows to give
    again: bool = False  # no answer now, the owner held it, say; it is asked again later


def asked(path: bytes, source: Source, memo: Memo, seen: int, page: int = PAGE) -> Page:
    """One page of every question of `source` to the database `path`, folded into events.

    `memo` is what the last page left: {"since": {question: [cursor, halfway]}, "fold": the
    source's own, "bad": places named before, "trouble": what was wrong at the last look}.
    """
    since: dict[str, list[Any]] = dict(memo.get("since", {}))
    answers = {}
    for query in source.queries:
        cursor, halfway = since.get(query.name, (None, False))
        answers[query] = _answer(path, query, cursor, halfway, min(page, query.page))
    rows = []
    for query, answer in answers.items():
        if not answer.trouble:
            before, _ = since.get(query.name, (None, False))
            since[query.name] = [_later(before, answer.since), answer.more]
            rows += [{**row, "query": query.name} for row in answer.rows]
    chunk = Chunk(shown(path), seen=seen, rows=rows)
    events, fold = source.read(chunk, memo.get("fold", {}))
    troubles = [answer.trouble for answer in answers.values() if answer.trouble]
    again = any(answer.passing for answer in answers.values())
    troubles = [trouble for trouble in troubles if "locked" not in trouble]  # no news
    trouble = troubles[0] if troubles else ""
    after = {"since": since, "fold": fold, "trouble": trouble}
    return Page(
        [*_once(events, memo, after), *_told(trouble, memo)],
        after,
        sum(len(value) for row in rows for value in row.values() if isinstance(value, str)),
        any(answer.more for answer in answers.values()),
        again,
    )


def _answer(path: bytes, query: Query, since: Cursor, halfway: bool, page: int) -> RowsPage:
    """One page after `since`; from a little before it when a new round begins."""
    start = since if halfway else _earlier(since, query.slack)
    while True:
        answer = ask(path, query.sql, query.cursor, query.tables, start, page)
        if answer.trouble.startswith("took longer") and page > _LEAST:
            page = max(_LEAST, page // 4)
        elif answer.more and answer.since == start and page < _MOST:
            page *= 4  # more rows have the same cursor than fit on a page
        else:
            return answer


def _earlier(since: Cursor, slack: int) -> Cursor:
    return since - slack if isinstance(since, int | float) else since


def _later(before: Cursor, now: Cursor) -> Cursor:
    if isinstance(before, int | float) and isinstance(now, int | float):
        return max(before, now)
    return before if now is None else now


def _once(events: list[Event], memo: Memo, after: Memo) -> list[Event]:
    """The events without unreadable rows that were named before: slack shows them again."""
    known = list(memo.get("bad", ()))
    kept = [x for x in events if not (isinstance(x, Bad) and x.offset in known)]
    after["bad"] = [*known, *(x.offset for x in kept if isinstance(x, Bad))][-_BAD_KEPT:]
    return kept


def _told(trouble: str, memo: Mapping[str, Any]) -> list[Event]:
    return [Bad(0, trouble)] if trouble and trouble != memo.get("trouble") else []
