"""Stored calls as spends again: what detectors and replay learn from. It judges nothing."""

import sqlite3
from collections.abc import Iterator

from costtop.model import Call, Context, Rates, Spend, ToolUse
from costtop.store.calls.call_row import (
    ERROR,
    ESTIMATED,
    HEARD,
    PLACEHOLDER,
    SETTLED,
    UNREADABLE,
    YIELDS,
    CallRow,
    coarseness,
    fields,
    has_key,
    media_of,
    tokens_of,
)
from costtop.store.names import rates_of, read_context
from costtop.store.sessions.tasks import told

_QUERY = (
    f"SELECT c.id, {fields('c')}, s.source, s.session, s.agent, r.source, r.session, r.label"
    f" FROM calls c JOIN sessions s ON s.id = c.session AND NOT c.flags & {UNREADABLE}"
    " JOIN sessions r ON r.id = s.root"
)

_ARRIVAL = "ORDER BY c.seen > ?, CASE WHEN c.seen <= ? THEN c.at END, c.id"


class History:
    """Reads spends of one database, remembering names, contexts and cards."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._names: dict[int, str] = {}
        self._contexts: dict[int, Context] = {}
        self._cards: dict[int | None, Rates | None] = {None: None}

    def upto(self, since: int, last: int, imported: int = 0) -> Iterator[Spend]:
        """Every call since `since` (ms UTC) up to the row `last`, in the order of `of_roots`."""
        where = " WHERE c.session IN (SELECT id FROM sessions WHERE last >= ?) AND c.at >= ?"
        values = (since, since, last, imported, imported)
        yield from self._spends(f"{where} AND c.id <= ? {_ARRIVAL}", values)

    def between(self, since: int, until: int) -> Iterator[Spend]:
        """Every call of [since, until), ms UTC, by event time."""
        where = (
            " WHERE c.session IN"
            " (SELECT id FROM sessions WHERE last >= ? AND coalesce(started, 0) < ?)"
        )
        values = (since, until, since, until)
        yield from self._spends(f"{where} AND c.at >= ? AND c.at < ? ORDER BY c.at, c.id", values)

    def after(self, row: int) -> Iterator[Spend]:
        """Every call that arrived after the row `row`, in order of arrival."""
        yield from self._spends(" WHERE c.id > ? ORDER BY c.id", (row,))

    def numbered(self, first: int, last: int) -> Iterator[tuple[int, Spend]]:
        """(row, call) of the rows `first` to `last`, in order."""
        yield from self._rows(" WHERE c.id >= ? AND c.id <= ? ORDER BY c.id", (first, last))

    def of_roots(self, roots: list[int], last: int = 1 << 62, imported: int = 0) -> Iterator[Spend]:
        """Every call of these root session rows and their subagents up to the row `last`.

        In order of arrival; but what had arrived by `imported` (ms UTC) was an import, in which
        files come in any order: that comes first, by event time.
        """
        marks = ",".join("?" * len(roots))
        where = f" WHERE c.session IN (SELECT id FROM sessions WHERE root IN ({marks}))"
        yield from self._spends(
            f"{where} AND c.id <= ? {_ARRIVAL}", (*roots, last, *[imported] * 2)
        )

    def of_keys(self, keys: list[bytes]) -> Iterator[Spend]:
        """The calls with these keys; marked as seen before, at their stored cost."""
        for key in keys:
            for spend in self._spends(f" WHERE {has_key('c.', '?1')}", (key,)):
                yield spend._replace(new=False, previous=spend.cost)

    def newest(self) -> int:
        """The row of the call that arrived last; 0 in an empty store."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM calls").fetchone()[0])

    def root_id(self, key: str) -> int | None:
        """The row of the root session "source/session"."""
        source, _, session = key.partition("/")
        row = self._db.execute(
            "SELECT s.root FROM sessions s JOIN names n ON n.id = s.source"
            " WHERE n.text = ? AND s.session = ? AND s.agent = ''",
            (source, session),
        ).fetchone()
        return int(row[0]) if row else None

    def _spends(self, where: str, values: tuple[object, ...]) -> Iterator[Spend]:
        return (spend for _, spend in self._rows(where, values))

    def _rows(self, where: str, values: tuple[object, ...]) -> Iterator[tuple[int, Spend]]:
        for call_id, *rest in self._db.execute(_QUERY + where, values):
            row = CallRow._make(rest[: len(CallRow._fields)])
            source, session, agent, root_source, root, label = rest[len(CallRow._fields) :]
            yield (
                call_id,
                Spend(
                    call=self._call(call_id, row, self._name(source), session, agent),
                    root=f"{self._name(root_source)}/{root}",
                    cost=row.cost,
                    rates=self._card(row.card),
                    seen=row.seen,
                    feature=self._name(row.feature),
                    label=self._name(label),
                ),
            )

    def _call(self, call_id: int, row: CallRow, source: str, session: str, agent: str) -> Call:
        tier, speed, geo = (self._name(row.variant) or "||").split("|")
        return Call(
            key=row.key,
            source=source,
            session=session,
            model=self._name(row.model),
            tokens=tokens_of(row),
            at=row.at,
            context=self._context(row.context),
            agent=agent,
            provider=self._name(row.provider),
            tier=tier,
            speed=speed,
            geo=geo,
            searches=row.searches,
            reported=row.reported,
            status="error" if row.flags & ERROR else "ok",
            attempt=row.attempt,
            placeholder=bool(row.flags & PLACEHOLDER),
            estimated=bool(row.flags & ESTIMATED),
            yields=bool(row.flags & YIELDS),
            tools=self._tools(call_id),
            offset=row.offset,
            heard=bool(row.flags & HEARD),
            coarse=coarseness(row),
            settled=bool(row.flags & SETTLED),
            unreadable=bool(row.flags & UNREADABLE),
            media=media_of(row),
        )

    def _tools(self, call_id: int) -> tuple[ToolUse, ...]:
        rows = self._db.execute(
            "SELECT name, key, error, result FROM tools WHERE call = ? ORDER BY nth", (call_id,)
        )
        return tuple(
            ToolUse(
                self._name(name),
                told(key) or "",
                None if error is None else bool(error),
                told(result),
            )
            for name, key, error, result in rows
        )

    def _name(self, number: int) -> str:
        found = self._names.get(number)
        if found is None:
            row = self._db.execute("SELECT text FROM names WHERE id = ?", (number,)).fetchone()
            found = self._names[number] = str(row[0]) if row else ""
        return found

    def _context(self, number: int) -> Context:
        found = self._contexts.get(number)
        if found is None:
            found = self._contexts[number] = read_context(self._db, number)
        return found

    def _card(self, number: int | None) -> Rates | None:
        if number not in self._cards:
            row = self._db.execute("SELECT rates FROM cards WHERE id = ?", (number,)).fetchone()
            self._cards[number] = rates_of(row[0]) if row else None
        return self._cards[number]
