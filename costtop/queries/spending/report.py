"""Spend summed by keys over a span of time, from the roll-ups.

Every report is a sum over the same `spend` table, or by tool over the calls behind it, so sessions,
days, features and models always add up to the same total, to the nano-dollar.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from costtop.durations import QUARTER
from costtop.named_tuples import NamedTuple
from costtop.queries.sessions import described_roots
from costtop.queries.sessions.described_roots import About
from costtop.queries.spending import (
    completed_tasks,
    floor_words,
    hour_blocks,
    spend_filters,
    sum_keys,
)
from costtop.queries.spending.completed_tasks import NONE, Done, Key
from costtop.queries.spending.report_line import SUMS, WIDTH, Line, LineSum, PlanShares
from costtop.queries.spending.spend_filters import Filters
from costtop.queries.spending.sum_keys import ATTRIBUTED, SHARED, TIMES, Labels
from costtop.store.calls import floors
from costtop.store.db import snapshot
from costtop.store.plans import paid_plans
from costtop.store.sums import rollup_progress
from costtop.store.sums.rollup_progress import Part
from costtop.sum_floors import EXACT, Floor, together

if TYPE_CHECKING:
    from costtop.queries.plans.billed_report import Billing
    from costtop.queries.spending.unlogged import Unlogged

KEYS, UNTAGGED = sum_keys.KEYS, sum_keys.UNTAGGED
_NO_BLOCKS: dict[str, int] = {}
OTHER = "other"  # the key of all lines beyond the dearest N


class Report(NamedTuple):
    """The answer to `costtop report`: lines dearest first, times in order."""

    by: str  # one key or several, joined by commas
    since: int | None
    until: int | None
    zone: str
    lines: list[Line]
    total: Line
    unpriced_models: list[str]
    about: dict[str, About]
    likely: int | None  # nano-dollars of outputs that the logs do not finish, about
    beside: "dict[str, Unlogged]"  # what no log tells of each session, in none of these sums
    filters: Filters = ()
    blocks: Mapping[str, int] = _NO_BLOCKS  # when blocks of five hours began, ms UTC
    billing: "Billing | None" = None  # None: there is no plan


class _Asked(NamedTuple):
    """A report that is being read: the keys with their words, the quarter hours, conditions."""

    keys: Key
    labels: list[Labels]
    span: tuple[int, int]
    filters: Filters
    where: str  # besides the span
    values: list[object]
    zone: str
    billing: "Billing | None"

    @property
    def sums(self) -> str:
        """What is summed, in SQL."""
        if self.billing is None:
            return SUMS
        return f"{SUMS}, sum({self.billing.shares if self.by_call else self.billing.rollup})"

    @property
    def width(self) -> int:
        """How many sums."""
        return WIDTH + (self.billing is not None)

    def shares(self, key: Key) -> PlanShares:
        """What of plans' prices falls on the line of a key."""
        if self.billing is None or len(key) > 1:
            return ()
        return self.billing.shares_of(self.keys[0], key[0], ZoneInfo(self.zone))

    @property
    def fields(self) -> set[str]:
        """All that is told apart."""
        return {*self.keys, *(one.field for one in self.filters)}

    @property
    def shared(self) -> bool:
        """Whether calls have to be shared over their tools."""
        return not SHARED.isdisjoint(self.fields)

    @property
    def attributed(self) -> bool:
        """Whether it has to be known what calls were for."""
        return not ATTRIBUTED.isdisjoint(self.fields)

    @property
    def by_call(self) -> bool:
        """Whether no roll-up can tell it."""
        return self.shared or self.attributed

    def summed(self, rows: str) -> str:
        """Rows to sum: where the roll-up itself has all that is told apart, nothing besides it."""
        told = " ".join((*map(sum_keys.column, self.keys), self.where, self.sums))
        alone = not (self.by_call or "s." in told or "c." in told)
        return rows.removesuffix(JOINED) if alone else rows

    def parts(self, db: sqlite3.Connection) -> Iterator[tuple[str, Part]]:
        """What is summed, in SQL, and from when to when: of long spans mostly whole days."""
        if self.attributed:
            from costtop.queries.pulls import work_shares

            yield work_shares.rows(self.span, self.fields), Part("", "", *self.span)
        elif self.shared:
            from costtop.queries.spending import tool_shares

            yield tool_shares.rows(self.span), Part("", "", *self.span)
        elif sum_keys.QUARTERLY & self.fields or (self.billing and not self.billing.days):
            yield FROM, Part("spend", "floors", *self.span)
        else:
            zone = self.zone if {*TIMES} & {*self.keys} else None
            for part in rollup_progress.parts(db, *self.span, zone):
                yield f"FROM {part.spend} p {JOINED}", part


_NO_ROOTS: set[int] = set()
WITHIN = "p.quarter >= ? AND p.quarter < ?"
JOINED = "JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"
FROM = f"FROM spend p {JOINED}"


def read(
    db: sqlite3.Connection,
    by: str,
    tz: ZoneInfo,
    since: int | None = None,
    until: int | None = None,
    now: int = 0,
    filters: Filters = (),
    top: int | None = None,
) -> Report:
    """Spend by `by`, one of KEYS or several with commas, in [since, until) ms UTC.

    Both are rounded down to quarter hours. `now` decides the state of sessions; of more than `top`
    lines the rest is one.
    """
    span = (
        -(1 << 62) if since is None else since // QUARTER,
        1 << 62 if until is None else until // QUARTER,
    )
    keys = tuple(by.split(","))
    with snapshot(db):  # the total must be that of the lines
        _attribute(db, {*keys, *(one.field for one in filters)})
        where, values = spend_filters.condition(db, filters)
        blocks = _blocks(db, filters) if "block" in keys else []
        labels = [Labels(db, key, tz, blocks) for key in keys]
        billing = _billing(db, since, until, filters, now)
        asked = _Asked(
            keys, labels, span, filters, where, values=values, zone=tz.key, billing=billing
        )
        sums, total = _sums(db, asked)
        tasks, all_tasks = completed_tasks.read(db, keys, labels, span, filters)
        split = not SHARED.isdisjoint(one.field for one in filters)
        listed = {",".join(key) for key in sums} if by == "session" else set()
        return Report(
            by=by,
            since=since,
            until=until,
            zone=tz.key,
            lines=_lines(asked, sums, tasks, top),
            total=total.line(
                ("total",), all_tasks, counted=not split, shares=billing.whole if billing else ()
            ),
            unpriced_models=_unpriced(db, asked),
            about=described_roots.of_span(db, span, listed, now) if listed else {},
            likely=_likely(db, asked, since, until) if total.short.placeholder else None,
            beside=_beside(db, since, until) if by == "session" else {},
            filters=filters,
            blocks={hour_blocks.key(begun, tz): begun for begun in blocks},
            billing=billing,
        )


def _billing(
    db: sqlite3.Connection, since: int | None, until: int | None, filters: Filters, now: int
) -> "Billing | None":
    plans = paid_plans.of(db)
    if not plans:
        return None
    from costtop.queries.plans import billed_report

    first, last = counted(since, until)
    return billed_report.of(db, plans, (first, first_time(db), last), filters, now)


def _attribute(db: sqlite3.Connection, fields: set[str]) -> None:
    """Finds out what calls were for, where that is asked."""
    if not ATTRIBUTED.isdisjoint(fields):
        from costtop.queries.pulls import work_shares

        work_shares.prepare(db)


def _beside(db: sqlite3.Connection, since: int | None, until: int | None) -> "dict[str, Unlogged]":
    from costtop.queries.spending import unlogged

    return unlogged.by_session(db, span=(since or 0, until or 1 << 53))


def _blocks(db: sqlite3.Connection, filters: Filters) -> list[int]:
    whole = tuple(
        one for one in filters if one.field not in SHARED | ATTRIBUTED
    )  # of calls, no time
    return hour_blocks.read(db, FROM, *spend_filters.condition(db, whole))


def _lines(
    asked: _Asked, sums: dict[Key, LineSum], tasks: dict[Key, Done] | None, top: int | None
) -> list[Line]:
    def line(key: Key, sum_: LineSum, done: Done | None, shares: PlanShares) -> Line:
        done = None if tasks is None else done
        return sum_.line(key, done, counted=not asked.shared, shares=shares)

    lines = [
        line(key, one, (tasks or {}).get(key, NONE), asked.shares(key)) for key, one in sums.items()
    ]
    if top is None or len(lines) <= top:
        return _ordered(asked.keys, lines)
    lines.sort(key=_dearest)
    rest, done = LineSum(asked.width), NONE
    for one in lines[top:]:
        sum_, more = sums[one.keys], (tasks or {}).get(one.keys, NONE)
        rest.add(sum_.sums, sum_.roots, sum_.short)
        done = completed_tasks.together(done, more)
    other = line((OTHER,), rest, done, _added(one.plan_shares for one in lines[top:]))
    return [*_ordered(asked.keys, lines[:top]), other]


def _added(shares: Iterable[PlanShares]) -> PlanShares:
    """Shares of several lines, by plan."""
    found: dict[str, int] = {}
    for name, share in (pair for one in shares for pair in one):
        found[name] = found.get(name, 0) + share
    return tuple(found.items())


def counted(since: int | None, until: int | None) -> tuple[int | None, int | None]:
    """What a report of [since, until) counts, ms UTC: whole quarter hours."""
    return since and since // QUARTER * QUARTER, until and until // QUARTER * QUARTER


def first_time(db: sqlite3.Connection) -> int | None:
    """When the earliest spend was, to the quarter hour; None in an empty store."""
    row = db.execute("SELECT min(quarter) FROM spend").fetchone()
    return None if row[0] is None else int(row[0]) * QUARTER


def _sums(db: sqlite3.Connection, asked: _Asked) -> tuple[dict[Key, LineSum], LineSum]:
    """(lines, all of it)."""
    lines: dict[Key, LineSum] = {}
    width = asked.width
    columns = ", ".join(sum_keys.column(key) for key in asked.keys)
    groups = ", ".join(str(nth) for nth in range(1, len(asked.keys) + 1))
    for rows, part in asked.parts(db):
        where = f"WHERE {WITHIN}{asked.where}"
        bound = (part.since, part.until, *asked.values)
        query = f"SELECT {columns}, {asked.sums} {asked.summed(rows)} {where} GROUP BY {groups}"
        for row in db.execute(query, bound):
            if row[-width] is not None:  # nothing at all, by no key
                _line(lines, asked, row[:-width]).add(row[-width:], _NO_ROOTS)
        # Sums of each session would be many numbers for one that is asked: how many there are.
        for *numbers, roots in _roots(db, columns, groups, f"{rows} {where}", bound):
            _line(lines, asked, numbers).roots.update(roots)
    shorts, short = _floors(db, asked)
    for key, one in shorts.items():
        if key not in lines and one == Floor(silent=one.silent):
            continue  # whose it would be is not known: the total says that something is missing
        line = lines.setdefault(key, LineSum(width))  # all that it has may be what is missing
        line.short = together([line.short, one])
    total = LineSum(width)
    for line in lines.values():
        total.add(line.sums, line.roots)
    total.short = short
    return lines, total


def _roots(
    db: sqlite3.Connection, columns: str, groups: str, spent: str, bound: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    """Numbers of the keys, then all root sessions with them."""
    query = f"SELECT DISTINCT {columns}, s.root {spent} ORDER BY {groups}"
    rows = db.execute(query, bound)
    for numbers, mine in groupby(rows, key=lambda row: row[:-1]):
        yield (*numbers, [row[-1] for row in mine])


def _line(lines: dict[Key, LineSum], asked: _Asked, numbers: Sequence[Any]) -> LineSum:
    key = _key(asked, numbers)
    found = lines.get(key)
    if found is None:
        found = lines[key] = LineSum(asked.width)
    return found


def _key(asked: _Asked, numbers: Sequence[Any]) -> Key:
    return tuple([label(number) for label, number in zip(asked.labels, numbers, strict=False)])


def _floors(db: sqlite3.Connection, asked: _Asked) -> tuple[dict[Key, Floor], Floor]:
    columns, where = [sum_keys.column(key) for key in asked.keys], f"{WITHIN}{asked.where}"
    if asked.by_call:
        from costtop.queries.pulls import work_shares
        from costtop.queries.spending import tool_shares

        values = (*asked.span, *asked.values)
        wrapped = work_shares.attributed if asked.attributed else str
        return tool_shares.floors(db, columns, asked.labels, asked.span, where, values, wrapped)
    found: dict[Key, Floor] = {}
    for _, part in asked.parts(db):
        values = (part.since, part.until, *asked.values)
        for numbers, short in floors.by_all(db, columns, where, values, part.floors).items():
            key = _key(asked, numbers)
            found[key] = together([found.get(key, EXACT), short])
    return found, together(found.values())


def _dearest(line: Line) -> tuple[int, int, str]:
    return -line.cost, -line.unpriced, line.key


def _ordered(keys: Key, lines: list[Line]) -> list[Line]:
    """By each key in turn: times in order, names by what all of theirs cost."""
    sums: dict[Key, tuple[int, int]] = {}
    for line in lines:
        for size in range(1, len(keys) + 1):
            cost, unpriced = sums.get(line.keys[:size], (0, 0))
            sums[line.keys[:size]] = cost - line.cost, unpriced - line.unpriced

    def place(line: Line) -> list[tuple[int, int, str]]:
        return [
            (*((0, 0) if key in TIMES else sums[line.keys[:size]]), line.keys[size - 1])
            for size, key in enumerate(keys, 1)
        ]

    return sorted(lines, key=place)


def _likely(
    db: sqlite3.Connection, asked: _Asked, since: int | None, until: int | None
) -> int | None:
    """Of the whole span only: what hides in a part of it is not told apart."""
    return None if asked.filters else floor_words.likely(db, since or 0, until or 1 << 53)


def _unpriced(db: sqlite3.Connection, asked: _Asked) -> list[str]:
    found: set[str] = set()
    for rows, part in asked.parts(db):
        # What has no price stands among the few floors; shares of calls have none of their own.
        by_call = asked.by_call
        where = "p.unpriced > 0" if by_call else "p.reason = 'unpriced'"
        told = rows if by_call else f"FROM {part.floors} p {JOINED}"
        query = f"SELECT DISTINCT n.text {told} JOIN names n ON n.id = p.model WHERE {where}"
        values = (part.since, part.until, *asked.values)
        found |= {row[0] for row in db.execute(f"{query} AND {WITHIN}{asked.where}", values)}
    return sorted(found)
