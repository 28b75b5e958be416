"""Interned text: names, contexts and rate cards, each written once.

The caches hold what this process has seen; `forget` empties them after a rollback, when ids handed
out inside the transaction no longer exist.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, count

from costtop.model import Context, Rates
from costtop.store import many_rows
from costtop.store.sums.context_parts import Parts, bare_row

_REMEMBERED = 4_000  # texts and contexts kept: every task of every user is one of each
_CONTEXT = "cwd, branch, project, feature, user, task, host, tags"
_TASK = Context._fields.index("task")
_NEW = f"INSERT OR IGNORE INTO contexts ({_CONTEXT}, whose) VALUES (?,?,?,?,?,?,?,?,?)"
_FIND = f"SELECT id FROM contexts WHERE {_CONTEXT.replace(',', ' = ? AND')} = ?"


class Names:
    """Ids of text, contexts and cards in one database."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {"": 0}
        self._contexts: dict[Context, int] = {}
        self.parts: dict[int, Parts] = {}  # of contexts, by their rows; `context_parts` adds to it
        self._bare: dict[tuple[int, ...], int] = {}
        self._cards: dict[Rates, int] = {}
        self._same: dict[
            int, tuple[Rates, int]
        ] = {}  # cards by what they are: no hash of all rates

    def forget(self) -> None:
        """Empties the caches; the next use reads the database again."""
        self.__init__()  # type: ignore[misc]

    def name(self, db: sqlite3.Connection, text: str) -> int:
        """The id of `text`, written if it is new."""
        found = self._names.get(text)
        if found is None:
            # Most texts that are not remembered are new: the insert is tried first.
            made = db.execute("INSERT OR IGNORE INTO names (text) VALUES (?)", (text,))
            if made.rowcount:
                found = made.lastrowid or 0
            else:
                row = db.execute("SELECT id FROM names WHERE text = ?", (text,)).fetchone()
                found = int(row[0])
            if len(self._names) >= _REMEMBERED:
                self._names = {"": 0}
            self._names[text] = found
        return found

    def context(self, db: sqlite3.Connection, context: Context) -> int:
        """The id of `context`, written if it is new."""
        found = self._contexts.get(context)
        if found is None:
            found = self._make(db, tuple([self.name(db, text) if text else 0 for text in context]))
            if len(self._contexts) >= _REMEMBERED:
                self._contexts.clear()
            self._contexts[context] = found
        return found

    def foresee(self, db: sqlite3.Connection, contexts: Iterable[Context]) -> None:
        """Writes those of the contexts that are new, with their texts, by a statement each.

        They are to be asked for next: most contexts of a backlog are a task each, and new.
        """
        new = [one for one in dict.fromkeys(contexts) if one not in self._contexts]
        texts = dict.fromkeys(chain.from_iterable(new))
        unknown = [text for text in texts if text not in self._names]
        if len(self._names) + len(unknown) > _REMEMBERED:
            self._names = {"": 0}
            unknown = list(filter(None, texts))
        rows = [(text,) for text in unknown]
        made = _put(db, "names", "text", rows)
        self._names |= {text: made[(text,)] for text in unknown if (text,) in made}
        known = self._names.get
        ids = [
            tuple([(known(text) or self.name(db, text)) if text else 0 for text in one])
            for one in new
        ]
        told = [(*one, self._whose(db, one)) for one in ids]
        made = _put(db, "contexts", f"{_CONTEXT}, whose", told)
        if len(self._contexts) + len(new) > _REMEMBERED:
            self._contexts.clear()
        for context, names, row in zip(new, ids, told, strict=True):
            if row in made:
                self._contexts[context] = made[row]
                self._part(made[row], row[-1], names[_TASK])

    def _make(self, db: sqlite3.Connection, ids: tuple[int, ...]) -> int:
        """The row of the context of these names; a new one is told at once what it is without task.

        The roll-ups of long spans ask for that, and of most contexts in the batch that makes them.
        """
        whose = self._whose(db, ids)
        made = db.execute(_NEW, (*ids, whose))
        if not made.rowcount:
            return int(db.execute(_FIND, ids).fetchone()[0])
        found = made.lastrowid or 0
        self._part(found, whose, ids[_TASK])
        return found

    def _whose(self, db: sqlite3.Connection, ids: tuple[int, ...]) -> int | None:
        """The row of the same context without folder and task; None where it has neither."""
        cwd, branch, project, feature, user, task, host, tags = ids
        bare = (branch, project, feature, user, host, tags)
        return self._bare_row(db, bare) if cwd or task else None

    def _part(self, context: int, whose: int | None, task: int) -> None:
        if whose is not None:
            if len(self.parts) >= _REMEMBERED:
                self.parts.clear()
            self.parts[context] = (whose, task)

    def _bare_row(self, db: sqlite3.Connection, names: tuple[int, ...]) -> int:
        found = self._bare.get(names)
        if found is None:
            if len(self._bare) >= _REMEMBERED:
                self._bare.clear()
            found = self._bare[names] = bare_row(db, names)
        return found

    def card(self, db: sqlite3.Connection, rates: Rates) -> int:
        """The id of the rate card, written if it is new."""
        same = self._same.get(id(rates))  # which is kept there, so that no other gets its id
        if same is not None:
            return same[1]
        found = self._cards.get(rates)
        if found is None:
            values = (rates.card, json.dumps(rates))
            db.execute("INSERT OR IGNORE INTO cards (label, rates) VALUES (?, ?)", values)
            query = "SELECT id FROM cards WHERE label = ? AND rates = ?"
            found = self._cards[rates] = int(db.execute(query, values).fetchone()[0])
        if len(self._same) >= _REMEMBERED:
            self._same.clear()
        self._same[id(rates)] = (rates, found)
        return found


def _put(
    db: sqlite3.Connection, table: str, columns: str, rows: Sequence[tuple[object, ...]]
) -> dict[tuple[object, ...], int]:
    """Writes those of the rows that are new; their numbers."""
    if not rows:
        return {}
    first = 1 + int(db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])
    made = many_rows.insert(
        db,
        f"INSERT OR IGNORE INTO {table} (id, {columns}) VALUES (?{',?' * len(rows[0])})",
        [(number, *row) for number, row in enumerate(rows, first)],
    )
    if made == len(rows):  # as in nearly every batch of a first import
        return dict(zip(rows, count(first)))
    found = db.execute(f"SELECT id FROM {table} WHERE id >= ?", (first,))
    return {rows[number - first]: number for (number,) in found}


def rates_of(text: str) -> Rates:
    """The rates whose JSON a card holds; cards of older versions have fewer fields."""
    rates = Rates(*json.loads(text))
    return rates._replace(media=tuple((str(kind), int(rate)) for kind, rate in rates.media))


def read_context(
    db: sqlite3.Connection, context: int, text: Callable[[int], str] | None = None
) -> Context:
    """The context with this id, as text; `text` is asked for its names by who remembers some."""
    row = db.execute(f"SELECT {_CONTEXT} FROM contexts WHERE id = ?", (context,)).fetchone()
    if row is None:
        return Context()
    return Context(*map(text or partial(read_name, db), row))


def read_name(db: sqlite3.Connection, name: int) -> str:
    """The text with this id."""
    row = db.execute("SELECT text FROM names WHERE id = ?", (name,)).fetchone()
    return str(row[0]) if row else ""
