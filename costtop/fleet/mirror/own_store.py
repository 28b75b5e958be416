"""A store of costtop's own schema that holds a fleet's rows, and what the server calls them.

Numbers of names and sessions are the server's, which counts them by team: here a session is (team,
id) in one number, and a name is interned as ever. A host has a carrier: a session without a call,
in which its lines of spend stand, for the server keeps those by host.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from costtop.fleet.mirror import addresses
from costtop.fleet.mirror.server_rows import HostRow
from costtop.model import Context
from costtop.store import db as stores
from costtop.store import meta
from costtop.store.names import Names

_BESIDE = """
CREATE TABLE IF NOT EXISTS fleet_names (
  team INTEGER NOT NULL, id INTEGER NOT NULL, name INTEGER NOT NULL, PRIMARY KEY (team, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fleet_hosts (
  team INTEGER NOT NULL, id INTEGER NOT NULL, team_name TEXT NOT NULL, name TEXT NOT NULL,
  version TEXT NOT NULL, seen INTEGER NOT NULL, skew_ms INTEGER NOT NULL, lag_ms INTEGER NOT NULL,
  window_ms INTEGER NOT NULL, idle_ms INTEGER NOT NULL, accepts TEXT NOT NULL,
  label TEXT NOT NULL,
  PRIMARY KEY (team, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fleet_sessions (
  id INTEGER PRIMARY KEY, team INTEGER NOT NULL, host INTEGER NOT NULL, root TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS fleet_sessions_host ON fleet_sessions (team, host);
CREATE INDEX IF NOT EXISTS fleet_sessions_root ON fleet_sessions (root) WHERE root <> '';
CREATE TABLE IF NOT EXISTS fleet_slices (
  what TEXT NOT NULL, slice INTEGER NOT NULL, rev INTEGER NOT NULL, PRIMARY KEY (what, slice)
) WITHOUT ROWID;
"""
_BITS = 47  # of a session's number; a team has the 15 above
LINE = "quarter, session, context, model, feature"
Line = tuple[int, int, int, int, int]  # where a sum stands in `spend` and `floors`


def session_id(team: int, session: int) -> int:
    """The number here of a session there."""
    return team << _BITS | session


def carrier_id(team: int, host: int) -> int:
    """The number of a host's carrier."""
    return -(team << 32 | host)


class OwnStore:
    """An open store, written by this process alone, with the numbers that it remembers."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.has_ledger = False  # whether what the fleet's steward says is brought, too
        self.noted = 0
        self.at = 0  # of its rows, ms UTC by the server's clock
        self.told: dict[tuple[int, int], tuple[int, int]] = {}  # host: its last word, since when
        self.swept = self.turned = 0  # when all hosts, and slices of the past, were asked for, ms
        self.window = 1.0  # s for which hosts gather what they ship
        self.remember()

    def remember(self) -> None:
        """Reads what it goes by; after a rollback what was remembered since is not there."""
        db = self.db
        self.interned = Names()
        self.labels: dict[tuple[int, int], str] = {}
        self.teams: dict[int, str] = {}
        self._contexts: dict[tuple[int, int, int, int], int] = {}
        names = db.execute("SELECT team, id, name FROM fleet_names")
        self._names: dict[tuple[int, int], int] = {(row[0], row[1]): row[2] for row in names}
        silence = db.execute(f"SELECT {LINE} FROM floors WHERE reason = 'silent'")
        self.silence: set[Line] = set(silence)
        slices = db.execute("SELECT what, slice, rev FROM fleet_slices")
        self.slices: dict[tuple[str, int], int] = {(row[0], row[1]): row[2] for row in slices}

    def note(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Writes what changes no sum."""
        before = self.db.total_changes
        self.db.executemany(statement, rows)
        self.noted += self.db.total_changes - before

    @property
    def changes(self) -> int:
        """How many rows have changed that readers of sums look at."""
        return self.db.total_changes - self.noted

    def drop_slices(self, gone: Iterable[tuple[str, int]]) -> None:
        """Forgets slices: they are read from their beginning when they are wanted again."""
        rows = list(gone)
        self.note("DELETE FROM fleet_slices WHERE what = ? AND slice = ?", rows)
        for one in rows:
            self.slices.pop(one, None)

    def save_slices(self) -> None:
        """Keeps since when each slice is to be asked for; older ones cost a reading, no more."""
        rows = [(*key, rev) for key, rev in self.slices.items()]
        self.note("INSERT OR REPLACE INTO fleet_slices VALUES (?, ?, ?)", rows)

    def unknown(self, wanted: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Which of these (team, number) have no name here yet."""
        return sorted({one for one in wanted if one[1] and one not in self._names})

    def learn(self, told: Iterable[tuple[int, int, str]]) -> None:
        """Takes in names as (team, number, text)."""
        rows = [(team, number, self.interned.name(self.db, text)) for team, number, text in told]
        self.db.executemany("INSERT OR REPLACE INTO fleet_names VALUES (?, ?, ?)", rows)
        self._names |= {(team, number): name for team, number, name in rows}

    def name(self, team: int, number: int) -> int:
        """The number here of a name there; 0 of none."""
        return self._names[team, number] if number else 0

    def context(self, team: int, host: int, user: int, project: int) -> int:
        """The context of what a host told of a user and a project."""
        asked = (team, host, user, project)
        found = self._contexts.get(asked)
        if found is None:
            tags = json.dumps({"team": self.teams[team]})
            text = self._text
            found = self._contexts[asked] = self.interned.context(
                self.db,
                Context(
                    project=text(team, project),
                    user=text(team, user),
                    host=self.labels[team, host],
                    tags=tags,
                ),
            )
        return found

    def _text(self, team: int, number: int) -> str:
        query = "SELECT text FROM names WHERE id = ?"
        row = self.db.execute(query, (self.name(team, number),)).fetchone()
        return str(row[0]) if row else ""

    def last_word(self) -> int:
        """The latest word of any host, ms UTC; 0 without one."""
        row = self.db.execute("SELECT max(seen) FROM fleet_hosts").fetchone()
        return int(row[0] or 0)

    def know_hosts(self, hosts: Iterable[HostRow]) -> None:
        """Remembers what hosts and teams are called."""
        rows = list(hosts)
        self.labels = addresses.labels(rows)
        self.window = min((one.window_ms for one in rows), default=1_000) / 1_000
        self.teams = {one.team: one.team_name for one in rows}


def opened(path: Path, told: dict[str, str]) -> OwnStore:
    """The store at `path`, made where there is none; `told` are values of `meta` for readers.

    Whoever opens it keeps others away by a lock. Raises StoreError where the file cannot be used.
    """
    db = stores.open_writer(path, backed_up=True)
    db.executescript(_BESIDE)
    with written(db):
        meta.put(db, told)
        # Lines stand by quarter hours here: nobody fills the roll-ups of whole days.
        db.execute("UPDATE rolled SET upto = CASE what WHEN 'days' THEN 0 ELSE 1 << 60 END")
    return OwnStore(db)


@contextmanager
def written(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction; rolled back whole where it raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.rollback()
        raise
