"""Sessions, their subagents and parents: rows and facts.

One row stands for (source, session, agent). A subagent's parent is its session; a session's parent
is the session that started it; `root` is the top of that chain and what reports fold into.
"""

import sqlite3
from collections.abc import Iterable

from costtop.model import SessionFact
from costtop.named_tuples import NamedTuple
from costtop.store.names import Names
from costtop.store.sessions import accounts, labels, short_ids, titles
from costtop.store.sessions.tasks import move_tasks
from costtop.store.sums import task_sums

_REMEMBERED = 2_000  # sessions whose ids are kept


class Ref(NamedTuple):
    """A session row: its id, its root's id and the root's public key "source/session"."""

    id: int
    root: int
    root_key: str


class Owned(NamedTuple):
    """Whose a session is, as its row holds it: rows of an owner and of two names, the commit."""

    owner: int
    user: int
    host: int
    rev: int


_NOBODYS = Owned(0, 0, 0, 0)
_Key = tuple[str, str, str]  # source, session, agent
_INSERT = (
    "INSERT INTO sessions (id, source, session, agent, parent, root, short, owner, user, host, rev,"
    " context, agent_type, version, started, last, ended, premium)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_MANY = 4  # new sessions from which they are looked for together
_ASKED = 50  # by one statement
_OF_NAMES = (
    "SELECT n.text, s.session, s.agent FROM sessions s JOIN names n ON n.id = s.source"
    f" WHERE s.session IN (?{',?' * (_ASKED - 1)})"
)
_UNTOLD = (0, 0, 0, None, None, None, None)  # of a session: context, ..., premium


class Sessions:
    """Finds and makes session rows; caches what this process has seen."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._refs: dict[_Key, Ref] = {}
        self._labels: dict[int, str] = {}  # by session row: that of its root
        self._placed: set[tuple[int, str]] = set()  # session rows whose account is written
        self._coming: dict[_Key, SessionFact] = {}  # of each session the first that a batch tells
        self._learnt: dict[int, SessionFact] = {}  # by `id`: written with their new rows
        self._lacking: set[_Key] = set()  # those of them without a row
        self._rev = 0
        self._expecting = False  # within a batch: nobody else makes rows
        self._last = 0  # the last row, as far as it is known; 0: it is to be asked for
        self.adopted = 0  # rises when roots may have changed

    def forget(self) -> None:
        """Empties the cache after a rollback or a new root."""
        self._refs.clear()
        self._labels.clear()
        self._placed.clear()
        self._coming.clear()
        self._lacking.clear()
        self._last = 0
        self.adopted += 1

    def ref(self, db: sqlite3.Connection, source: str, session: str, agent: str = "") -> Ref:
        """The row of (source, session, agent), made if it is new."""
        key = (source, session, agent)
        found = self._refs.get(key)
        if found is None:
            found = self._keep(key, self._known(db, key) or self._make(db, *key))
        return found

    def taken(self, db: sqlite3.Connection, key: _Key, owned: Owned) -> tuple[int, bool]:
        """The row of `key`, and whether it was made now and is owned so from its beginning."""
        found = self._refs.get(key) or self._known(db, key)
        made = found is None
        return self._keep(key, found or self._make(db, *key, owned)).id, made

    def _known(self, db: sqlite3.Connection, key: _Key) -> Ref | None:
        """The row of `key` that stands in the table, which is not asked for those it lacks."""
        if key not in self._lacking:
            return self._read(db, *key)
        self._lacking.discard(key)  # it is made now
        return None

    def _keep(self, key: _Key, ref: Ref) -> Ref:
        if len(self._refs) >= _REMEMBERED:
            self._refs.clear()
        self._refs[key] = ref
        return ref

    def root_key(self, db: sqlite3.Connection, session: int) -> str:
        """The public key "source/session" of the root of the session row `session`."""
        query = (
            "SELECT n.text || '/' || r.session FROM sessions s"
            " JOIN sessions r ON r.id = s.root JOIN names n ON n.id = r.source WHERE s.id = ?"
        )
        return str(db.execute(query, (session,)).fetchone()[0])

    def label(self, db: sqlite3.Connection, root: int, label: str, rev: int) -> None:
        """Labels a root session row."""
        if self._labels.get(root) != label:
            labels.put(db, self._names, root, label, rev)
            self._labels.clear()

    def place(self, db: sqlite3.Connection, session: int, account: str, rev: int) -> None:
        """Gives a session row the account that its log stands in."""
        if (session, account) not in self._placed:
            if len(self._placed) >= _REMEMBERED:
                self._placed.clear()
            accounts.put(db, self._names, session, account, rev)
            self._placed.add((session, account))

    def label_of(self, db: sqlite3.Connection, session: int) -> str:
        """The label of the session row's root, "" without one."""
        found = self._labels.get(session)
        if found is None:
            row = db.execute(
                "SELECT n.text FROM sessions s JOIN sessions r ON r.id = s.root"
                " JOIN names n ON n.id = r.label WHERE s.id = ?",
                (session,),
            ).fetchone()
            found = self._labelled(session, str(row[0]))
        return found

    def _labelled(self, session: int, label: str) -> str:
        if len(self._labels) >= _REMEMBERED:
            self._labels.clear()
        self._labels[session] = label
        return label

    def _read(self, db: sqlite3.Connection, source: str, session: str, agent: str) -> Ref | None:
        row = db.execute(
            "SELECT s.id, s.root, n.text || '/' || r.session FROM sessions s"
            " JOIN sessions r ON r.id = s.root JOIN names n ON n.id = r.source"
            " WHERE s.source = ? AND s.session = ? AND s.agent = ?",
            (self._names.name(db, source), session, agent),
        ).fetchone()
        return Ref(*row) if row else None

    def _make(
        self,
        db: sqlite3.Connection,
        source: str,
        session: str,
        agent: str,
        owned: Owned = _NOBODYS,
    ) -> Ref:
        parent = self.ref(db, source, session) if agent else None
        fact = self._coming.pop((source, session, agent), None)
        if fact:
            self._learnt[id(fact)] = fact
            owned = owned._replace(rev=self._rev)
        # Its number is asked for: a root whose root is written later is indexed twice.
        made = self._next(db)
        values = (
            made,
            self._names.name(db, source),
            session,
            agent,
            parent.id if parent else None,
            parent.root if parent else made,
            "" if agent else short_ids.free(db, source, session),
            *owned,
            *(self._told(db, fact) if fact else _UNTOLD),
        )
        db.execute(_INSERT, values)
        if parent:
            return Ref(made, parent.root, parent.root_key)
        self._labelled(made, "")
        return Ref(made, made, f"{source}/{session}")

    def _next(self, db: sqlite3.Connection) -> int:
        """The number of a row to be made."""
        last = self._last
        if not last:
            last = int(db.execute("SELECT coalesce(max(id), 0) FROM sessions").fetchone()[0])
        self._last = last + 1 if self._expecting else 0
        return last + 1

    def _told(self, db: sqlite3.Connection, fact: SessionFact) -> tuple[int | None, ...]:
        """What `learn` would write to a row that has nothing, as `_INSERT` ends."""
        return (
            self._names.context(db, fact.context) if fact.context else 0,
            self._names.name(db, fact.agent_type) if fact.agent_type else 0,
            self._names.name(db, fact.version) if fact.version else 0,
            fact.started,
            fact.at or fact.ended or fact.started,
            fact.ended,
            fact.premium,
        )

    def expect(self, db: sqlite3.Connection, facts: Iterable[SessionFact], rev: int) -> None:
        """These come next: the first of a session that is new by then is written with its row.

        All of them have to be handed to `learn` all the same; without any, none is expected.
        """
        self._coming.clear()
        self._learnt.clear()
        self._rev, self._last = rev, 0
        for fact in facts:
            self._coming.setdefault((fact.source, fact.session, fact.agent), fact)
        self._expecting = bool(self._coming)
        self._lacking = _lacking(db, self._coming) if len(self._coming) >= _MANY else set()
        plain = {key: one for key, one in self._coming.items() if not (one.title or one.parent)}
        self._coming = plain

    def learn(self, db: sqlite3.Connection, fact: SessionFact, rev: int) -> None:
        """Writes what a log says about a session besides its calls."""
        ref = self.ref(db, fact.source, fact.session, fact.agent)
        if id(fact) in self._learnt:
            return
        if fact.title:
            titles.put(db, ref.id, fact.title, fact.named, rev)
            return
        if fact.parent and fact.parent != fact.session:
            self._adopt(db, ref, self.ref(db, fact.source, fact.parent), rev)
            ref = self.ref(db, fact.source, fact.session, fact.agent)
        context = self._names.context(db, fact.context) if fact.context else None
        at = fact.at or fact.ended or fact.started
        db.execute(
            "UPDATE sessions SET"
            " context = CASE WHEN ?1 IS NOT NULL AND (calls = 0 OR ?2 >= last) THEN ?1"
            " ELSE context END,"
            " agent_type = CASE WHEN ?3 THEN ?3 ELSE agent_type END,"
            " version = CASE WHEN ?4 THEN ?4 ELSE version END,"
            " started = CASE WHEN ?5 IS NULL THEN started ELSE min(coalesce(started, ?5), ?5) END,"
            " last = CASE WHEN ?2 IS NULL THEN last ELSE max(coalesce(last, 0), ?2) END,"
            " ended = CASE WHEN ?6 >= coalesce(last, 0) THEN ?6"
            " WHEN ended < ?2 THEN NULL ELSE ended END,"
            " premium = CASE WHEN ?9 IS NULL THEN premium ELSE max(coalesce(premium, 0), ?9) END,"
            " rev = ?7 WHERE id = ?8",
            (
                context,
                at,
                self._names.name(db, fact.agent_type) if fact.agent_type else 0,
                self._names.name(db, fact.version) if fact.version else 0,
                fact.started,
                fact.ended,
                rev,
                ref.id,
                fact.premium,
            ),
        )

    def _adopt(self, db: sqlite3.Connection, child: Ref, parent: Ref, rev: int) -> None:
        """Makes `parent` the parent of `child`; a link that would close a circle is ignored."""
        if child.root == parent.root or child.id != child.root:
            return
        db.execute("UPDATE sessions SET parent = ? WHERE id = ?", (parent.id, child.id))
        query = "UPDATE sessions SET root = ?, rev = ? WHERE root = ?"
        db.execute(query, (parent.root, rev, child.root))
        move_tasks(db, child.root, parent.root)
        task_sums.move(db, child.root, parent.root)
        labels.adopt(db, child.root, parent.root)
        self.forget()


def _lacking(db: sqlite3.Connection, keys: Iterable[_Key]) -> set[_Key]:
    """Those of the keys that no row has."""
    lacking = set(keys)
    names = [session for _, session, _ in lacking]
    for start in range(0, len(names), _ASKED):
        part = names[start : start + _ASKED]
        lacking.difference_update(db.execute(_OF_NAMES, part + [None] * (_ASKED - len(part))))
    return lacking


_BEGAN_WITH = (
    "CASE WHEN EXISTS (SELECT 1 FROM names n JOIN sessions s ON s.source = n.id AND s.calls"
    " WHERE ?1 = n.text || '/' || s.session AND s.session = substr(?1, instr(?1, '/') + 1))"
    " THEN 0 WHEN EXISTS (SELECT 1 FROM statuslines l WHERE l.cost > 0 AND l.cost <= ?3"
    " AND substr(l.session, 1, instr(l.session, '/')) = substr(?1, 1, instr(?1, '/')))"
    " THEN ?3 ELSE 0 END"
)


def put_statusline(
    db: sqlite3.Connection,
    session: str,
    cost: int | None,
    now: int,
) -> None:
    """Keeps the latest word of a session ("source/session").

    Its total is the process's: a session that begins in one that has told another's total begins
    with that, and one whose total falls goes on in a process that began at nothing.
    """
    db.execute(
        f"INSERT INTO statuslines (session, at, cost, base) VALUES (?1,?2,?3, {_BEGAN_WITH})"
        " ON CONFLICT DO UPDATE SET at = excluded.at, cost = excluded.cost,"
        " base = CASE WHEN excluded.cost < cost THEN base - cost ELSE base END",
        (session, now, cost),
    )
