"""Stored calls as spends again: what detectors and replay learn from."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, TypeVar

from costtop.model import Call, Context, Media, Rates, Spend, Tokens, ToolUse
from costtop.store.calls.call_row import (
    COARSE,
    ERROR,
    ESTIMATED,
    HEARD,
    PLACEHOLDER,
    SETTLED,
    UNREADABLE,
    YIELDS,
    has_key,
    key_of,
)
from costtop.store.names import rates_of, read_context
from costtop.store.sessions.tasks import told

_QUERY = (
    f"SELECT c.id, {key_of('c.')}, c.session, c.model, c.input, c.cache_read, c.cache_write,"
    " c.cache_write_1h, c.output, c.reasoning, c.at, c.context, c.provider, c.variant, c.searches,"
    " c.reported, c.attempt, c.offset, c.flags, c.media, c.cost, c.card, c.seen, c.feature"
)
_USED, _TIMED, _TRIED, _BOOKED = 4, 10, 16, 20  # columns in which the parts of a row begin
_CALLS = f" FROM calls c WHERE NOT c.flags & {UNREADABLE}"
_AT_ONCE = 256  # rows whose tools are asked for together
_REMEMBERED = 4_000  # of a kind: every task is a name and a context
K = TypeVar("K")
V = TypeVar("V")


class _Known(dict[K, V]):
    """What was read lately is known; what was not is read by its number."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[K], V]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, number: K) -> V:
        found = self._read(number)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[number] = found
        return found


_ARRIVAL = "ORDER BY c.seen > ?, CASE WHEN c.seen <= ? THEN c.at END, c.id"


class History:
    """Reads spends of one database, remembering names, contexts and cards."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._names = _Known(self._name)
        self._contexts = _Known(self._context)
        self._cards = _Known(self._card)
        self._variants = _Known(self._variant)
        self._sessions = _Known(self._session)

    def upto(self, since: int, last: int, imported: int = 0) -> Iterator[Spend]:
        """Every call since `since` (ms UTC) up to the row `last`, in the order of `of_roots`."""
        where = " AND c.session IN (SELECT id FROM sessions WHERE last >= ?) AND c.at >= ?"
        values = (since, since, last, imported, imported)
        yield from self._spends(f"{where} AND c.id <= ? {_ARRIVAL}", values)

    def between(
        self, since: int, until: int, watch: Callable[[int, int], None] | None = None
    ) -> Iterator[Spend]:
        """Every call of [since, until), ms UTC, by event time.

        `watch` hears how many calls were given, and of how many.
        """
        where = (
            " AND c.session IN"
            " (SELECT id FROM sessions WHERE last >= ? AND coalesce(started, 0) < ?)"
        )
        values = (since, until, since, until)
        where += " AND c.at >= ? AND c.at < ?"
        spends = self._spends(f"{where} ORDER BY c.at, c.id", values)
        if watch is None:
            yield from spends
            return
        many = self._db.execute(f"SELECT count(*){_CALLS}{where}", values).fetchone()[0]
        for count, spend in enumerate(spends):
            if not count % _AT_ONCE:
                watch(count, many)
            yield spend

    def roots(self, since: int, until: int) -> set[int]:
        """Rows of the root sessions that may have calls in [since, until), ms UTC."""
        query = "SELECT root FROM sessions WHERE last >= ? AND coalesce(started, 0) < ?"
        return {root for (root,) in self._db.execute(query, (since, until))}

    def family(self, root: int, since: int, until: int) -> list[tuple[int, Spend]]:
        """(row, call) of a root session's calls of [since, until), ms UTC, by event time."""
        where = (
            " AND c.session IN (SELECT id FROM sessions WHERE root = ?)"
            " AND c.at >= ? AND c.at < ? ORDER BY c.at, c.id"
        )
        return list(self._rows(where, (root, since, until)))

    def after(self, row: int) -> Iterator[Spend]:
        """Every call that arrived after the row `row`, in order of arrival."""
        yield from self._spends(" AND c.id > ? ORDER BY c.id", (row,))

    def numbered(self, first: int, last: int) -> Iterator[tuple[int, Spend]]:
        """(row, call) of the rows `first` to `last`, in order."""
        yield from self._rows(" AND c.id >= ? AND c.id <= ? ORDER BY c.id", (first, last))

    def of_roots(self, roots: list[int], last: int = 1 << 62, imported: int = 0) -> Iterator[Spend]:
        """Every call of these root session rows and their subagents up to the row `last`.

        In order of arrival; but what had arrived by `imported` (ms UTC) was an import, in which
        files come in any order: that comes first, by event time.
        """
        marks = ",".join("?" * len(roots))
        where = f" AND c.session IN (SELECT id FROM sessions WHERE root IN ({marks}))"
        yield from self._spends(
            f"{where} AND c.id <= ? {_ARRIVAL}", (*roots, last, *[imported] * 2)
        )

    def of_keys(self, keys: list[bytes]) -> Iterator[Spend]:
        """The calls with these keys; marked as seen before, at their stored cost."""
        for key in keys:
            for spend in self._spends(f" AND {has_key('c.', '?1')}", (key,)):
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
        return map(itemgetter(1), self._rows(where, values))

    def _rows(self, where: str, values: tuple[object, ...]) -> Iterator[tuple[int, Spend]]:
        cursor = self._db.execute(_QUERY + _CALLS + where, values)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from self._made(rows)

    def _made(self, rows: list[tuple[Any, ...]]) -> list[tuple[int, Spend]]:
        """By position and without a look at the database: whoever learns asks for millions."""
        names, contexts, variants = self._names, self._contexts, self._variants
        sessions, cards, new = self._sessions, self._cards, tuple.__new__
        tools, made = self._tools([row[0] for row in rows]), []
        for row in rows:
            number, key, session, model = row[:_USED]
            at, context, provider, variant, searches, reported = row[_TIMED:_TRIED]
            attempt, offset, flags, media = row[_TRIED:_BOOKED]
            cost, card, seen, feature = row[_BOOKED:]
            source, own, agent, root, label, owner = sessions[session]
            used = new(Tokens, row[_USED:_TIMED])
            who = key, source, own, names[model], used, at, contexts[context], agent
            told_as: tuple[Any, ...] = names[provider], *variants[variant], searches, reported, ""
            status, doubts, kind = _FLAGS[flags]
            asked, parts = tools.get(number, ()), Media(*json.loads(media)) if media else None
            rest: tuple[Any, ...] = status, attempt, None, *doubts, asked, offset, *kind, parts
            call = new(Call, (*who, *told_as, *rest))
            booked = call, root, cost, cards[card], seen, names[feature], True, None, label, owner
            made.append((number, new(Spend, booked)))
        return made

    def _tools(self, calls: list[int]) -> dict[int, tuple[ToolUse, ...]]:
        names = self._names
        found: dict[int, tuple[ToolUse, ...]] = {}
        for call, name, key, error, result in self._db.execute(
            "SELECT call, name, key, error, result FROM tools"
            f" WHERE call IN ({','.join(map(str, calls))}) ORDER BY call, nth"
        ):
            failed = None if error is None else bool(error)
            use = tuple.__new__(ToolUse, (names[name], told(key) or "", failed, told(result)))
            found[call] = (*found[call], use) if call in found else (use,)
        return found

    def _session(self, number: int) -> tuple[str, str, str, str, str, str]:
        """Source, session, agent, its root's key and label, whose it is."""
        source, session, agent, owner, root_source, root, label = self._db.execute(
            "SELECT s.source, s.session, s.agent, s.user, r.source, r.session, r.label"
            " FROM sessions s JOIN sessions r ON r.id = s.root WHERE s.id = ?",
            (number,),
        ).fetchone()
        names = self._names
        whose = f"{names[root_source]}/{root}"
        return names[source], session, agent, whose, names[label], names[owner]

    def _name(self, number: int) -> str:
        row = self._db.execute("SELECT text FROM names WHERE id = ?", (number,)).fetchone()
        return str(row[0]) if row else ""

    def _context(self, number: int) -> Context:
        return read_context(self._db, number, self._names.__getitem__)

    def _card(self, number: int | None) -> Rates | None:
        row = self._db.execute("SELECT rates FROM cards WHERE id = ?", (number,)).fetchone()
        return rates_of(row[0]) if row else None

    def _variant(self, number: int) -> tuple[str, str, str]:
        tier, speed, geo = (self._name(number) or "||").split("|")
        return tier, speed, geo


_Flags = tuple[str, tuple[bool, bool, bool], tuple[Any, ...]]


def _flags(flags: int) -> _Flags:
    """What a row's bits say, as the fields of `Call` stand together."""
    doubts = bool(flags & PLACEHOLDER), bool(flags & ESTIMATED), bool(flags & YIELDS)
    kind = bool(flags & HEARD), (flags & COARSE) >> 6, "", bool(flags & SETTLED), False
    return "error" if flags & ERROR else "ok", doubts, kind


_FLAGS = _Known(_flags)
