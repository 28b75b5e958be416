"""The rows of the live list, kept between two readings: within a minute only what changed is read.

A row's rate and trend stand on whole minutes, so that until the next one a session looks alike
unless it changed in the store (its `rev`) or is silent for long enough to idle or end.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from costtop.attribution import tickets
from costtop.durations import MINUTE
from costtop.queries.live import burn_rate
from costtop.queries.live.session_state import RUNNING_FOR, state
from costtop.queries.live.view import TREND_BUCKETS, SessionRow
from costtop.queries.sessions import dearest_model
from costtop.store.calls import floors
from costtop.store.meta import Shared
from costtop.sum_floors import EXACT, Floor, together

if TYPE_CHECKING:  # who pays no plan needs none of it
    from costtop.nouns.paid_plan import PaidPlan
    from costtop.queries.plans.session_billing import SessionBilling

_COLUMNS = (
    "s.id, s.root, s.source, s.session, s.agent, s.agent_type, s.feature, s.model, s.started,"
    " s.last, s.ended, s.prompt, s.calls, s.errors, s.unpriced, s.cost, s.input, s.cache_read,"
    " s.output, s.label, s.context, s.user, s.host,"
    " CASE s.agent WHEN '' THEN s.short ELSE (SELECT short FROM sessions WHERE id = s.parent) END,"
    " (SELECT title FROM titles WHERE session = s.id),"
    " (SELECT repository || sign || number FROM pull_links WHERE session = s.id"
    " ORDER BY at DESC LIMIT 1)"
)
_ACTIVE = "s.root IN (SELECT root FROM sessions WHERE last >= ?)"
_OF_ROOTS = "s.root IN (SELECT value FROM json_each(?))"
_Told = tuple[tuple[Any, ...], Floor, str]  # of a session row: its columns, floor, dearest model
_Trend = tuple[tuple[int, ...], int]  # cost by minute; tokens a minute


class SessionRows:
    """Reads the sessions active since some moment; `places` is where each key stands in them."""

    def __init__(self, db: sqlite3.Connection, ahead: int) -> None:
        """`ahead` is how far, in ms, writers' clocks may go before ours."""
        self._db, self._ahead = db, ahead
        self._voided = ""
        self._pattern, self._ticket = "", tickets.finder("")
        self._names: dict[int, str] = {0: ""}
        self._whose: dict[int, tuple[str, ...]] = {}  # contexts, as `whose` says them
        self._models: tuple[int, int, dict[int, str], dict[int, str]] | None = None
        self._marks: Mapping[str, str] = {}
        self._finished_after = 0
        self._plans: tuple[PaidPlan, ...] = ()
        self._billing: SessionBilling | None = None  # None: the user pays no plan
        self._now, self._window, self._rev = 0, 0, -1
        self._has_moved = False  # a row has another root than before
        self._told: dict[int, _Told] = {}
        self._made: dict[int, SessionRow] = {}
        self._trends: dict[int, _Trend] = {}
        self._families: dict[int, list[int]] = {}  # rows by root, the root first where it is known
        self._silent: list[tuple[int, int]] = []  # (when it will idle or end, root), a heap
        self._at: dict[int, int] = {}  # where roots stand in `rows`
        self.rows: tuple[SessionRow, ...] = ()
        self.places: dict[str, int] = {}

    def read(
        self,
        now: int,
        since: int,
        told: Shared,
        marks: Mapping[str, str],
        rev: int,
        plans: "tuple[PaidPlan, ...]" = (),
    ) -> tuple[SessionRow, ...]:
        """The rows at `now`, subagents folded into their sessions; `rev` is the store's."""
        if self._voided != told.voided:  # sessions were forgotten, and what named them
            self._voided, self._names, self._whose = told.voided, {0: ""}, {}
            self._made, self._models, self._rev = {}, None, -1
        if self._pattern != told.tickets:
            self._pattern, self._ticket = told.tickets, tickets.finder(told.tickets)
            self._made, self._rev = {}, -1
        by = (marks, told.finished_after, plans)
        if (self._marks, self._finished_after, self._plans) != by:
            self._marks, self._finished_after, self._plans = by
            self._billing = self._billing_of(plans)
            self._made, self._rev = {}, -1
        same = (now // MINUTE, now - since) == (self._now // MINUTE, self._window)
        if same and now >= self._now and 0 <= self._rev <= rev:
            self._read_changed(now, since, rev)
        else:
            self._read_all(now, since, rev)
        self._now, self._window, self._rev = now, now - since, rev
        return self.rows

    def _billing_of(self, plans: "tuple[PaidPlan, ...]") -> "SessionBilling | None":
        if not plans:
            return None
        from costtop.queries.plans.session_billing import SessionBilling

        return SessionBilling(self._db, plans)

    @property
    def same_until(self) -> int:
        """The moment, ms UTC, until which the rows are alike where nothing is written."""
        minute_ends = (self._now // MINUTE + 1) * MINUTE
        return min(minute_ends, self._silent[0][0]) if self._silent else minute_ends

    def burn_trend(self) -> tuple[int, ...]:
        """The trends of all rows together."""
        return burn_rate.summed(cost for cost, _ in self._trends.values())

    def _read_all(self, now: int, since: int, rev: int) -> None:
        before, burned = (self._told, self._made), self._trends
        self._told, self._made, self._families = {}, {}, {}
        self._silent, self._at, self._has_moved = [], {}, False
        self._trends = self._read_trends(now)
        models, of_roots = self._dearest(rev, since)
        for session in self._take_in(_ACTIVE, (since,), models):
            made = before[1].get(session)
            rests = made is not None and made.state == "ended" and session not in burned
            if rests and session not in self._trends and before[0][session] == self._told[session]:
                self._made[session] = made  # type: ignore[assignment]
            else:
                self._made[session] = self._row(session, now)
        rows = [self._folded(root, now, of_roots.get(root, "")) for root in self._families]
        self._stand(zip(self._families, rows, strict=True))

    def _read_changed(self, now: int, since: int, rev: int) -> None:
        """The families that have changed since the last reading, and those silent for long."""
        roots = self._changed(since) if rev != self._rev else set()
        models, of_roots = self._dearest(rev, since)
        if roots:
            bound = json.dumps(sorted(roots))
            for root in roots:
                self._families.pop(root, None)
            changed = list(self._take_in(_OF_ROOTS, (bound,), models))
            self._trends |= self._read_trends(now, changed)
        while self._silent and self._silent[0][0] <= now:
            roots.add(heappop(self._silent)[1])
        if not roots:
            return
        if self._has_moved or not self._put(roots & self._families.keys(), now, of_roots):
            self._made = {}  # some of them are of before
            self._read_all(now, since, rev)

    def _put(self, roots: Iterable[int], now: int, models: Mapping[int, str]) -> bool:
        """Makes these families' rows anew; False where one is not to be shown any more."""
        rows = list(self.rows)
        for root in roots:
            for session in self._families[root]:
                self._made[session] = self._row(session, now)
            row = self._folded(root, now, models.get(root, ""))
            if root in self._at and not row.calls:
                return False
            if root in self._at:
                rows[self._at[root]] = row
            elif row.calls:
                self._at[root] = self.places[row.key] = len(rows)
                rows.append(row)
        self.rows = tuple(rows)
        return True

    def _changed(self, since: int) -> set[int]:
        """Roots of what was written after the last reading, as far as they are to be shown."""
        rows = self._db.execute(
            "SELECT id, root, last FROM sessions WHERE rev > ?", (self._rev,)
        ).fetchall()
        return {
            root
            for _, root, last in rows
            if root in self._families or (last is not None and last >= since)
        }

    def _take_in(
        self, where: str, bound: Sequence[object], models: Mapping[int, str]
    ) -> Iterable[int]:
        """Reads session rows into their families; their ids."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM sessions s WHERE {where}", bound)
        shorts = floors.by(self._db, "p.session", where, bound)
        taken = []
        for row in rows.fetchall():
            session, root = row[:2]
            taken.append(session)
            before = self._told.get(session)
            self._has_moved |= before is not None and before[0][1] != root
            self._told[session] = row, shorts.get(session, EXACT), models.get(session, "")
            family = self._families.setdefault(root, [])
            family.insert(0, session) if session == root else family.append(session)
        return taken

    def _stand(self, folded: Iterable[tuple[int, SessionRow]]) -> None:
        """Lays the rows out anew."""
        shown = [(root, row) for root, row in folded if row.calls]
        self.rows = tuple(row for _, row in shown)
        self._at = {root: nth for nth, (root, _) in enumerate(shown)}
        self.places = {row.key: nth for nth, row in enumerate(self.rows)}

    def _folded(self, root: int, now: int, model: str) -> SessionRow:
        family = [self._made[session] for session in self._families[root]]
        for row in family:
            if row.last is not None and row.state != "ended":
                ends = (row.last + RUNNING_FOR, row.last + self._finished_after)
                if later := [at for at in ends if at > now]:
                    heappush(self._silent, (min(later), root))
        return _folded(family, now, self._finished_after, model)

    def _dearest(self, rev: int, since: int) -> tuple[dict[int, str], dict[int, str]]:
        """As `dearest_model.of_active`, asked again of what changed, or of all if need be."""
        known = self._models
        if known is None or known[1] > since or known[0] > rev:
            known = self._models = (rev, since, *dearest_model.of_active(self._db, since))
        elif known[0] != rev:
            own, of_roots = dearest_model.of_active(self._db, since, known[0])
            known[2].update(own)
            known[3].update(of_roots)
            known = self._models = (rev, *known[1:])
        return known[2:]

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
        """(project, branch, cwd, user, host, tags) that a context says itself, for ever."""
        found = self._whose.get(number)
        if found is None:
            query = "SELECT project, branch, cwd, user, host, tags FROM contexts WHERE id = ?"
            row = self._db.execute(query, (number,)).fetchone() or (0,) * 6
            found = self._whose[number] = tuple(self.name(part) for part in row)
        return found

    def _read_trends(self, now: int, only: Sequence[int] | None = None) -> dict[int, _Trend]:
        """Cost by minute and tokens of the last minutes, of each session row with any."""
        first = now // MINUTE - TREND_BUCKETS + 1
        costs: dict[int, list[int]] = {}
        tokens: dict[int, int] = {}
        where, bound = "", [first, (now + self._ahead) // MINUTE]
        if only is not None:
            where = " AND session IN (SELECT value FROM json_each(?))"
        rows = self._db.execute(
            "SELECT minute, session, cost, tokens FROM minutes WHERE minute >= ? AND minute <= ?"
            + where,
            bound if only is None else [*bound, json.dumps(only)],
        )
        for minute, session, cost, used in rows:
            bucket = min(minute - first, TREND_BUCKETS - 1)  # clocks ahead of ours: now
            costs.setdefault(session, [0] * TREND_BUCKETS)[bucket] += cost
            if bucket >= TREND_BUCKETS - 5:
                tokens[session] = tokens.get(session, 0) + used
        return {key: (tuple(value), tokens.get(key, 0) // 5) for key, value in costs.items()}

    def _row(self, session_row: int, now: int) -> SessionRow:
        row, short, model = self._told[session_row]
        trend = self._trends.get(session_row)
        (_, _, source, session, agent, agent_type, feature, latest, started, last, ended, prompt,
         calls, errors, unpriced, cost, used, cache_read, output, label, context, owner, site,
         short_id, title, pull) = row  # fmt: skip
        project, branch, cwd, user, host, tags = self.whose(context)
        user, host = user or self.name(owner), host or self.name(site)
        costs, tokens_minute = trend or ((0,) * TREND_BUCKETS, 0)
        key = f"{self.name(source)}/{session}"
        status = state(now, last, ended, self._finished_after)
        billing, told = self._billing, (session_row, self.name(source), started, last, cost)
        return SessionRow(
            key=f"{key}#{agent}" if agent else key,
            source=self.name(source),
            session=session,
            agent=agent,
            agent_type=self.name(agent_type),
            project=project,
            branch=branch,
            ticket=self._ticket(branch),
            tags=tags,
            pr=pull or "",
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
            mark="" if agent else self._marks.get(key, ""),
            cost=cost,
            floor=short.shows(cost, calls),
            short=short,
            calls=calls,
            errors=errors,
            unpriced=unpriced,
            rate=burn_rate.rate(costs, now, started) if status == "running" else 0,
            trend=costs,
            tokens=used + output,
            tokens_minute=tokens_minute,
            context=prompt,
            cache=cache_read / used if used else None,
            started=started,
            last=last,
            billed=None if billing is None else billing.of(*told),
        )


def _folded(family: list[SessionRow], now: int, finished_after: int, model: str) -> SessionRow:
    """The root with its subagents summed into it; they stay as children."""
    root = family[0]
    if len(family) == 1 or not (children := tuple(row for row in family[1:] if row.calls)):
        return root
    started = min((row.started for row in family if row.started is not None), default=None)
    last = max((row.last for row in family if row.last is not None), default=None)
    trend = burn_rate.summed(row.trend for row in family)
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
        billed=None if root.billed is None else sum(row.billed or 0 for row in family),
        floor=short.shows(cost, calls),
        short=short,
        calls=calls,
        errors=sum(row.errors for row in family),
        unpriced=sum(row.unpriced for row in family),
        rate=burn_rate.rate(trend, now, started) if running else 0,
        trend=trend,
        tokens=inputs,
        tokens_minute=sum(row.tokens_minute for row in family),
        cache=sum(c * n for c, n in caches) / sum(n for _, n in caches) if inputs else None,
        started=started,
        last=last,
        project=told.project,
        branch=told.branch,
        ticket=told.ticket,
        tags=told.tags,
        cwd=told.cwd,
        feature=told.feature,
        user=told.user,
        host=told.host,
        model=model,
        model_now=told.model_now,
        children=children,
    )
