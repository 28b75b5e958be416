"""Takes the snapshot that a live screen shows: one short read transaction. It draws nothing.

The caller keeps one `Live`: it remembers names, and sums that change slowly, between two snapshots.
"""

import sqlite3
from collections.abc import Iterable
from operator import mul
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import DAY, HOUR, MINUTE, QUARTER
from costtop.floor import EXACT, Sum, together
from costtop.queries.live import deeds_first, live_alerts, live_processes
from costtop.queries.live.session_state import RUNNING_FOR, state
from costtop.queries.live.view import (
    TREND_BUCKETS,
    BudgetMeter,
    Pulse,
    SessionRow,
    Snapshot,
    SourceSeen,
)
from costtop.queries.sessions import dearest
from costtop.store import meta
from costtop.store.calls import floors, scope_sums
from costtop.store.db import snapshot
from costtop.store.sessions import gate_calls, session_names

if TYPE_CHECKING:
    from costtop.model import Budget

_HALF_LIFE = 10  # minutes: how long a burst stays visible in the rate
_WEIGHTS: list[float] = [
    0.5 ** ((TREND_BUCKETS - 1 - n) / _HALF_LIFE) for n in range(TREND_BUCKETS)
]
_WEIGHED: list[float] = [
    sum(_WEIGHTS[-known:]) for known in range(TREND_BUCKETS + 1)
]  # [0] is not asked for

_COLUMNS = (
    "s.id, s.root, s.source, s.session, s.agent, s.agent_type, s.feature, s.model, s.started,"
    " s.last, s.ended, s.prompt, s.calls, s.errors, s.unpriced, s.cost, s.input, s.cache_read,"
    " s.output, s.label, s.context,"
    " CASE s.agent WHEN '' THEN s.short ELSE (SELECT short FROM sessions WHERE id = s.parent) END,"
    " (SELECT title FROM titles WHERE session = s.id)"
)


class Live:
    """Reads snapshots of one database, `mode=ro`, from any one thread."""

    def __init__(self, db: sqlite3.Connection, ahead: int = DAY) -> None:
        """`ahead` is how far, in ms, writers' clocks may go before ours; 0 for a past moment."""
        self._db, self._ahead = db, ahead
        self._voided = ""
        self._names: dict[int, str] = {0: ""}
        self._whose: dict[int, tuple[str, ...]] = {}  # contexts, as `whose` says them
        self._rested: dict[int, tuple[tuple[object, ...], SessionRow]] = {}  # ended: told, shown
        self._basis: tuple[dict[str, str], int] | None = None
        self._models: tuple[int, int, dict[int, str], dict[int, str]] | None = None
        self._past: tuple[int, str] = (0, "")  # of what the sums below are: today, settled
        self._month_before_today = Sum()
        self._usual: int | None = None
        self._usual_of = -1  # the hour in which it was looked up

    def changed(self) -> int:
        """A number that moves when another process has committed (10 µs)."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def take(self, now: int, pulse: Pulse, sources: tuple[SourceSeen, ...] = (),
             window: int = DAY) -> Snapshot:  # fmt: skip
        """The snapshot at `now` with the sessions active in the last `window` ms."""
        with snapshot(self._db):
            return self._take(now, pulse, sources, window)

    def glance(self, now: int, pulse: Pulse) -> tuple[Sum, int, tuple[BudgetMeter, ...]]:
        """(today, burn, budgets): what fits into one line; the burn is that of `take`."""
        with snapshot(self._db):
            told = meta.shared(self._db)
            rows = self._sessions(
                now, now - RUNNING_FOR, self._trends(now), {}, told.finished_after, -now
            )
            rows = live_processes.shown(rows, pulse.processes, pulse.exited)
            return (
                scope_sums.spent(self._db, {}, *self._today(now, told.zone)),
                sum(row.rate for row in rows),
                tuple(self._meters(told.budgets, now, told.zone)),
            )

    def budgets(self, now: int) -> tuple[BudgetMeter, ...]:
        """How the budgets stand."""
        with snapshot(self._db):
            told = meta.shared(self._db)
            return tuple(self._meters(told.budgets, now, told.zone))

    def _take(
        self, now: int, pulse: Pulse, sources: tuple[SourceSeen, ...], window: int
    ) -> Snapshot:
        told = meta.shared(self._db)
        tz, finished_after = told.zone, told.finished_after
        if self._voided != told.voided:  # sessions were forgotten, and what named them
            self._voided, self._names, self._whose, self._rested = told.voided, {0: ""}, {}, {}
        trends = self._trends(now)
        marks = dict(self._db.execute("SELECT session, kind FROM marks").fetchall())
        opened = (
            live_alerts.open_alerts(self._db)
            if self._ahead
            else live_alerts.stood_alerts(self._db, now)  # a past moment
        )
        rev = int(self._db.execute("SELECT coalesce(max(rev), 0) FROM sessions").fetchone()[0])
        sessions = self._sessions(now, now - window, trends, marks, finished_after, rev)
        if opened.sessions:
            sessions = tuple(_judged(row, opened.sessions.get(row.key)) for row in sessions)
        sessions = live_processes.shown(sessions, pulse.processes, pulse.exited)
        hands = self._hands(now)
        if hands.held or hands.killed or pulse.processes:
            sessions = deeds_first.shown(sessions, opened.sessions, hands, now)
        today, month = self._spent(now, told)
        burn_trend = _summed(cost for cost, _ in trends.values())
        day_start = periods.start_of("day", now, tz)
        alive = [row for row in sessions if row.state != "ended"]
        return Snapshot(
            at=now,
            rev=rev,
            zone=tz.key,
            sessions=sessions,
            running=sum(row.state == "running" for row in alive),
            today_sessions=sum((row.last or 0) >= day_start for row in sessions),
            today=today.cost,
            today_floor=today.floor,
            today_short=today.short,
            month=month.cost,
            month_floor=month.floor,
            month_short=month.short,
            burn=sum(row.rate for row in alive),
            burn_trend=burn_trend,
            usual_burn=self._usual,
            unpriced=today.short.unpriced,
            budgets=tuple(self._meters(told.budgets, now, tz)),
            pulse=pulse,
            sources=sources,
            alerts_open=opened.total,
            last_alert=opened.newest,
            held=tuple(hands.held),
        )

    def _hands(self, now: int) -> deeds_first.Hands:
        held = live_alerts.read(self._db, now)
        gated = gate_calls.gated(self._db) if held else frozenset[str]()
        return deeds_first.Hands(deeds_first.kills(self._db, now), held, gated)

    def name(self, number: int | None) -> str:
        """The interned text with this id."""
        if number is None:
            return ""
        found = self._names.get(number)
        if found is None:
            row = self._db.execute("SELECT text FROM names WHERE id = ?", (number,)).fetchone()
            found = self._names[number] = str(row[0]) if row else ""
        return found

    def whose(self, number: int) -> tuple[str, ...]:
        """(project, branch, cwd, user, host) of the context with this id, which never change."""
        found = self._whose.get(number)
        if found is None:
            query = "SELECT project, branch, cwd, user, host FROM contexts WHERE id = ?"
            row = self._db.execute(query, (number,)).fetchone() or (0,) * 5
            found = self._whose[number] = tuple(self.name(part) for part in row)
        return found

    def _trends(self, now: int) -> dict[int, tuple[tuple[int, ...], int]]:
        """Cost by minute and tokens of the last minutes, of each session row with any."""
        first = now // MINUTE - TREND_BUCKETS + 1
        costs: dict[int, list[int]] = {}
        tokens: dict[int, int] = {}
        rows = self._db.execute(
            "SELECT minute, session, cost, tokens FROM minutes WHERE minute >= ? AND minute <= ?",
            (first, (now + self._ahead) // MINUTE),
        )
        for minute, session, cost, used in rows:
            bucket = min(minute - first, TREND_BUCKETS - 1)  # clocks ahead of ours: now
            costs.setdefault(session, [0] * TREND_BUCKETS)[bucket] += cost
            if bucket >= TREND_BUCKETS - 5:
                tokens[session] = tokens.get(session, 0) + used
        return {key: (tuple(value), tokens.get(key, 0) // 5) for key, value in costs.items()}

    def _sessions(
        self,
        now: int,
        since: int,
        trends: dict[int, tuple[tuple[int, ...], int]],
        marks: dict[str, str],
        finished_after: int,
        rev: int,
    ) -> tuple[SessionRow, ...]:
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM sessions s"
            " WHERE s.root IN (SELECT root FROM sessions WHERE last >= ?)",
            (since,),
        ).fetchall()
        families: dict[int, list[SessionRow]] = {}
        if self._basis != (marks, finished_after):
            self._basis, self._rested = (marks, finished_after), {}
        kept: dict[int, tuple[tuple[object, ...], SessionRow]] = {}
        active = "s.root IN (SELECT root FROM sessions WHERE last >= ?)"
        shorts = floors.by(self._db, "p.session", active, (since,))
        models, of_roots = self._dearest(rev, since)
        for row in rows:
            session, root = row[:2]
            trend = trends.get(session)
            told = (row, shorts.get(session, EXACT), models.get(session, ""))
            rested = self._rested.get(session)
            if rested is None or trend is not None or rested[0] != told:
                made = self._row((*row, *told[1:]), now, trend, marks, finished_after)
                rested = (told, made)
            if trend is None and rested[1].state == "ended":
                kept[session] = rested  # it looks like this until something of it changes
            family = families.setdefault(root, [])
            family.insert(0, rested[1]) if session == root else family.append(rested[1])
        self._rested = kept
        return tuple(
            folded
            for root, family in families.items()
            if (folded := _folded(family, now, finished_after, of_roots.get(root, ""))).calls
        )

    def _dearest(self, rev: int, since: int) -> tuple[dict[int, str], dict[int, str]]:
        """As `dearest.of_active`, asked again of what changed, or of all where more is wanted."""
        known = self._models
        if known is None or known[1] > since or known[0] > rev:
            known = self._models = (rev, since, *dearest.of_active(self._db, since))
        elif known[0] != rev:
            own, of_roots = dearest.of_active(self._db, since, known[0])
            known[2].update(own)
            known[3].update(of_roots)
            known = self._models = (rev, *known[1:])
        return known[2:]

    def _row(
        self,
        row: tuple[Any, ...],
        now: int,
        trend: tuple[tuple[int, ...], int] | None,
        marks: dict[str, str],
        finished_after: int,
    ) -> SessionRow:
        (_, _, source, session, agent, agent_type, feature, latest, started, last, ended, prompt,
         calls, errors, unpriced, cost, used, cache_read, output, label, context, short_id,
         title, short, model) = row  # fmt: skip
        project, branch, cwd, user, host = self.whose(context)
        costs, tokens_minute = trend or ((0,) * TREND_BUCKETS, 0)
        key = f"{self.name(source)}/{session}"
        status = state(now, last, ended, finished_after)
        return SessionRow(
            key=f"{key}#{agent}" if agent else key,
            source=self.name(source),
            session=session,
            agent=agent,
            agent_type=self.name(agent_type),
            project=project,
            branch=branch,
            cwd=cwd,
            feature=self.name(feature),
            user=user,
            host=host,
            label=self.name(label),
            model=model,
            model_now=self.name(latest),
            short_id=short_id,
            title=title or "",
            state=status,
            mark="" if agent else marks.get(key, ""),
            cost=cost,
            floor=short.shows(cost, calls),
            short=short,
            calls=calls,
            errors=errors,
            unpriced=unpriced,
            rate=_rate(costs, now, started) if status == "running" else 0,
            trend=costs,
            tokens=used + output,
            tokens_minute=tokens_minute,
            context=prompt,
            cache=cache_read / used if used else None,
            started=started,
            last=last,
        )

    def _today(self, now: int, tz: ZoneInfo) -> tuple[int, int]:
        """[since, until) of today; writers' clocks may be ahead."""
        today = periods.start_of("day", now, tz)
        return today, today + 2 * DAY

    def _spent(self, now: int, told: meta.Shared) -> tuple[Sum, Sum]:
        """(today, the month). Older days are summed again when one of them has changed."""
        today, until = self._today(now, told.zone)
        if self._past != (today, told.settled):
            self._past = today, told.settled
            month = periods.start_of("month", now, told.zone)
            self._month_before_today = scope_sums.spent(self._db, {}, month, today)
        if self._usual_of != now // HOUR:
            self._usual_of, self._usual = now // HOUR, self._usual_burn(now)
        spent = scope_sums.spent(self._db, {}, today, until)
        before = self._month_before_today
        short = together([spent.short, before.short])
        return spent, Sum(spent.cost + before.cost, spent.calls + before.calls, short)

    def _usual_burn(self, now: int) -> int | None:
        """Median cost of the hours with any spend in the last 28 days; None under ten of them."""
        rows = self._db.execute(
            "SELECT sum(cost) FROM spend WHERE quarter >= ? AND quarter < ?"
            " GROUP BY quarter / 4 HAVING sum(cost) > 0 ORDER BY 1",
            ((now - 28 * DAY) // QUARTER, (now - 3_600_000) // QUARTER),
        ).fetchall()
        return int(rows[len(rows) // 2][0]) if len(rows) >= 10 else None

    def _meters(self, budgets: "Iterable[Budget]", now: int, tz: ZoneInfo) -> Iterable[BudgetMeter]:
        for budget in budgets:
            since = periods.reach(budget.period, now, tz)
            ends = periods.end_of(budget.period, now, tz)
            spent = scope_sums.spent(self._db, dict(budget.scope), since, ends)
            yield BudgetMeter(
                name=budget.name,
                period=budget.period,
                spent=spent.cost,
                floor=spent.floor,
                short=spent.short,
                amount=budget.amount,
                tiers=budget.tiers,
                resets=ends,
                scope=budget.scope,
                short_id=session_names.scope_short(self._db, budget.scope),
            )


def _judged(row: SessionRow, found: live_alerts.Unusual | None) -> SessionRow:
    return row._replace(why=found.why, severity=found.severity) if found else row


def _summed(trends: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*trends, strict=True))) or (0,) * TREND_BUCKETS


def _rate(trend: tuple[int, ...], now: int, started: int | None) -> int:
    """Nano-dollars an hour: an exponentially weighted mean of the last half hour.

    A session younger than that is averaged over its own life, at least one minute.
    """
    known = TREND_BUCKETS
    if started is not None:
        known = min(TREND_BUCKETS, max(1, now // MINUTE - started // MINUTE + 1))
    spent: float = sum(map(mul, trend[-known:], _WEIGHTS[-known:]))
    return round(spent / _WEIGHED[known] * 60)


def _folded(family: list[SessionRow], now: int, finished_after: int, model: str) -> SessionRow:
    """The root with its subagents summed into it; they stay as children."""
    root = family[0]
    if len(family) == 1 or not (children := tuple(row for row in family[1:] if row.calls)):
        return root
    started = min((row.started for row in family if row.started is not None), default=None)
    last = max((row.last for row in family if row.last is not None), default=None)
    trend = _summed(row.trend for row in family)
    running = any(row.state == "running" for row in family)
    status = "running" if running else state(now, last, None, finished_after)
    inputs = sum(row.tokens for row in family)
    told = root if root.calls else max(children, key=lambda row: row.last or 0)
    short = together(row.short for row in family)
    cost, calls = sum(row.cost for row in family), sum(row.calls for row in family)
    caches = [(row.cache, row.tokens) for row in family if row.cache is not None]
    return root._replace(
        state=root.state if root.state == "ended" and not running else status,
        cost=cost,
        floor=short.shows(cost, calls),
        short=short,
        calls=calls,
        errors=sum(row.errors for row in family),
        unpriced=sum(row.unpriced for row in family),
        rate=_rate(trend, now, started) if running else 0,
        trend=trend,
        tokens=inputs,
        tokens_minute=sum(row.tokens_minute for row in family),
        cache=sum(c * n for c, n in caches) / sum(n for _, n in caches) if inputs else None,
        started=started,
        last=last,
        project=told.project,
        branch=told.branch,
        cwd=told.cwd,
        feature=told.feature,
        user=told.user,
        host=told.host,
        model=model,
        model_now=told.model_now,
        children=children,
    )
