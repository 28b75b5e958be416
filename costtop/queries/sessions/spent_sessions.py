"""Which sessions spent within a span of time, and of what a line of a report sums up.

The sums are those of `queries.spending.report`: of any of its lines, the sessions listed here add
up to the line's cost, to the nano-dollar, and are as many as it counts. Money is int nano-dollars,
times are ms UTC in whole quarter hours.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from costtop import compared_spans, scope, span_words
from costtop.durations import QUARTER
from costtop.named_tuples import NamedTuple
from costtop.queries.live.view import TREND_BUCKETS, SessionRow
from costtop.queries.sessions import described_roots
from costtop.queries.spending import report, spend_filters, sum_keys
from costtop.queries.spending.spend_filters import Filter
from costtop.store.calls import floors
from costtop.store.db import snapshot
from costtop.store.plans import paid_plans
from costtop.sum_floors import EXACT, Floor, Sum, together

MOST = 2_000  # sessions listed, the dearest; all of them are summed
_EVER = (-(1 << 62), 1 << 62)


class Within(NamedTuple):
    """What the list is restricted to: a span in words, and one line of the report `by` it."""

    span: str  # as the user knows it: "7 days"
    since: int | None = None
    until: int | None = None
    by: str = ""  # one of report.KEYS but times
    key: str = ""  # of the line
    session: str = ""  # "source/session": of this one alone
    words: tuple[str, ...] = ()  # that the names of a session hold, in any case


class SpentSessions(NamedTuple):
    """The answer for one list."""

    within: Within
    rows: tuple[SessionRow, ...]  # dearest first, their sums those within; nothing is live
    sessions: int
    spent: Sum
    all_sessions: int  # of the span, whatever the line
    all_spent: Sum


def read(db: sqlite3.Connection, within: Within, now: int) -> SpentSessions:
    """The sessions with spend within; `now` decides their states."""
    span = (
        _EVER[0] if within.since is None else within.since // QUARTER,
        _EVER[1] if within.until is None else within.until // QUARTER,
    )
    with snapshot(db):
        by_call = within.by in sum_keys.ATTRIBUTED
        if by_call:
            from costtop.queries.pulls import work_shares

            work_shares.prepare(db)
        where, values = _restricted(db, within)
        rows = _of_calls(db, span) if by_call else _of_rollup(db)
        listed = _listed(db, rows, where, span, values, now)
        all_of_span = _whole(db, span) if where else listed[1:]
    return SpentSessions(within, *listed, *all_of_span)


class _Rows(NamedTuple):
    """What is summed, in SQL: rows, what is billed of one ("NULL" without a plan), floors."""

    rows: str
    billed: str
    floors: Callable[[str, Sequence[object]], dict[int, Floor]]  # by root


def _of_rollup(db: sqlite3.Connection) -> _Rows:
    plans, billed = paid_plans.of(db), "NULL"
    if plans:
        from costtop.queries.plans import billed_sums  # who has no plan needs none

        billed = f"sum({billed_sums.of_rollup(db, plans)})"
    return _Rows(report.FROM, billed, partial(floors.by, db, "s.root"))


def _of_calls(db: sqlite3.Connection, span: tuple[int, int]) -> _Rows:
    """The same where calls have to be looked at for what they were for."""
    from costtop.queries.pulls import work_shares

    plans, billed = paid_plans.of(db), "NULL"
    if plans:
        from costtop.queries.plans import billed_sums

        billed = f"sum({billed_sums.of_shares(db, plans)})"
    return _Rows(work_shares.rows(span, ()), billed, partial(work_shares.floors, db, span))


def _listed(
    db: sqlite3.Connection,
    rows: _Rows,
    besides: str,
    span: tuple[int, int],
    more: Sequence[object],
    now: int,
) -> tuple[tuple[SessionRow, ...], int, Sum]:
    where, values = report.WITHIN + besides, (*span, *more)
    shorts = rows.floors(where, values)
    found = db.execute(
        "SELECT s.root, sum(p.cost), sum(p.calls), sum(p.errors), sum(p.unpriced), sum(p.input),"
        f" sum(p.cache_read), sum(p.output), {rows.billed} {rows.rows} WHERE {where}"
        " GROUP BY 1 ORDER BY 2 DESC, 1 DESC",
        values,
    ).fetchall()
    nothing = (*(0,) * 7, None if rows.billed == "NULL" else 0)
    found += [(root, *nothing) for root in shorts.keys() - {row[0] for row in found}]
    about = described_roots.about_roots(db, [row[0] for row in found[:MOST]], span, now)
    made = [
        _row(about[root], sums, shorts.get(root, EXACT))
        for root, *sums in found[:MOST]
        if root in about
    ]
    cost, calls = sum(row[1] for row in found), sum(row[2] for row in found)
    return tuple(made), len(found), Sum(cost, calls, together(shorts.values()))


def _whole(db: sqlite3.Connection, span: tuple[int, int]) -> tuple[int, Sum]:
    cost, calls, sessions = db.execute(
        "SELECT coalesce(sum(p.cost), 0), coalesce(sum(p.calls), 0), count(DISTINCT s.root)"
        f" {report.FROM} WHERE {report.WITHIN}",
        span,
    ).fetchone()
    return sessions, Sum(cost, calls, floors.of(db, report.WITHIN, span))


def _restricted(db: sqlite3.Connection, within: Within) -> tuple[str, list[object]]:
    """Conditions besides the span, and their values."""
    where, values = "", list[object]()
    if within.by in sum_keys.ATTRIBUTED | {"ticket"}:
        only = Filter(within.by, (scope.literal(within.key),))
        where, values = spend_filters.condition(db, (only,))
    elif within.by and within.by != "total":
        column = sum_keys.COLUMN[within.by]
        if within.key == sum_keys.UNTAGGED:
            where += f" AND coalesce({column}, 0) = 0"
        else:
            where += f" AND {column} IN (SELECT id FROM names WHERE text = ?)"
            values.append(within.key)
    if within.session:
        source, _, name = within.session.partition("/")
        where += (
            " AND s.root IN (SELECT r.id FROM sessions r JOIN names n ON n.id = r.source"
            " WHERE r.session = ? AND r.agent = '' AND n.text = ?)"
        )
        values += [name, source]
    for word in within.words:
        like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        where += f" AND s.root IN ({_NAMED})"
        values += [like, like, like]
    return where, values


_NAMED = (
    "SELECT x.root FROM sessions x LEFT JOIN contexts y ON y.id = x.context"
    " WHERE x.session LIKE ? ESCAPE '\\' OR x.id IN (SELECT session FROM titles"
    " WHERE title LIKE ? ESCAPE '\\') OR EXISTS (SELECT 1 FROM names n WHERE n.id IN"
    " (x.source, x.feature, x.model, x.label, y.project, y.branch,"
    " coalesce(nullif(y.user, 0), x.user))"
    " AND n.text LIKE ? ESCAPE '\\')"
)


def _row(about: described_roots.About, sums: Sequence[Any], short: Floor) -> SessionRow:
    cost, calls, errors, unpriced, used, cache_read, output, billed = sums
    return SessionRow(
        key=f"{about.source}/{about.session}",
        source=about.source,
        session=about.session,
        agent="",
        agent_type="",
        project=about.project,
        branch=about.branch,
        cwd="",
        feature=about.feature,
        user=about.user,
        host=about.host,
        model=about.model,
        model_now=about.model_now,
        state=about.state,
        mark="",
        cost=cost,
        floor=short.shows(cost, calls),
        short=short,
        calls=calls,
        errors=errors,
        unpriced=unpriced,
        rate=0,
        trend=(0,) * TREND_BUCKETS,
        tokens=used + output,
        tokens_minute=0,
        context=0,
        cache=cache_read / used if used else None,
        started=about.started,
        last=about.last,
        pid=None,
        why="",
        severity="",
        label=about.label,
        short_id=about.short_id,
        title=about.title,
        billed=billed,
    )


def bounded(within: Within, now: int, zone: str) -> Within:
    """The restriction with the bounds that its words have now; the quarter that runs is in."""
    if within.span == "all":
        return within._replace(since=None, until=None)
    found = span_words.parse(within.span, now, ZoneInfo(zone))
    since, until = compared_spans.so_far(found, now)
    return within._replace(since=since, until=until + QUARTER)


def joined(row: SessionRow, live: SessionRow | None) -> SessionRow:
    """The row with what a frame knows of its session now; the sums stay those within."""
    if live is None:
        return row
    return row._replace(
        **{
            name: getattr(live, name)
            for name in (
                *("state", "mark", "rate", "trend", "tokens_minute", "context", "pid", "why"),
                *("severity", "cwd", "model_now"),
            )
        }
    )


def restriction(within: Within) -> str:
    """How the list names its restriction: "feature=checkout"; "" where it has none."""
    if within.session:
        name = within.session.partition("/")[2]
        return f"{within.by}={within.key}" if within.by else f"session={name}"
    return f"{within.by}={within.key}" if within.by else " ".join(within.words)
