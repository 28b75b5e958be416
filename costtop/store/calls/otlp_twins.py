"""Makes calls told over OTLP one with those of logs, in whatever order they come.

Two rules. A heard call and a log's call of the same request id are one call: the log's, with the
settled cost and what else only the wire told. And a coarse telling (a span, an event, a sum that
names no request) counts only while nothing finer tells of its session: it is dropped or deleted.

The indexes that this needs are made when the first heard call comes, so that who has no receiver
does not pay for them. Until then nothing here runs.
"""

import sqlite3
from collections.abc import Iterable, Mapping

from costtop.model import Context
from costtop.named_tuples import NamedTuple
from costtop.store.calls.call_row import (
    COARSE,
    HEARD,
    YIELDS,
    CallRow,
    Rank,
    coarseness,
    fields,
    outdoes,
)
from costtop.store.calls.merge import AT_ONCE, Sight, Stored, filled, see, wire_of
from costtop.store.names import Names, read_context

_INDEXES = (
    "CREATE INDEX IF NOT EXISTS calls_request ON calls (request) WHERE request IS NOT NULL",
    f"CREATE INDEX IF NOT EXISTS calls_heard ON calls (request) WHERE flags & {HEARD}",
    f"CREATE INDEX IF NOT EXISTS calls_coarse ON calls (session) WHERE flags & {COARSE}",
    f"CREATE INDEX IF NOT EXISTS calls_hearsay ON calls (at) WHERE flags & {HEARD}",
)
_SUM = 3  # the coarsest
_BEFORE = 1 << 60  # ms: before the time of any file
_FAMILY = "session IN (SELECT id FROM sessions WHERE root = ?)"


class Joined(NamedTuple):
    """A batch with each request under one key."""

    sights: dict[bytes, Sight]
    stored: dict[bytes, Stored]  # heard rows that now go by the key of their log's call
    contexts: dict[bytes, Context]  # what only the wire told of whose a call is


class Heard:
    """Whether anything was ever heard, and how finely each session is told of, as far as known."""

    def __init__(self) -> None:
        self._ready: bool | None = None
        self._indexed = False
        self._finest: dict[int, int] = {}  # root session -> what its finest call outdoes
        self._bare: dict[int, int] = {}  # root session -> nothing coarser than this is stored

    def forget(self) -> None:
        """Empties the caches after a rollback."""
        self.__init__()  # type: ignore[misc]

    def regroup(self) -> None:
        """Forgets what was known of sessions: some have another root now."""
        self._finest.clear()
        self._bare.clear()

    def has_log(self, db: sqlite3.Connection, root: int) -> bool:
        """Whether a log tells of a root session or of one below it."""
        return self._known(db, root) == 0

    def matters(self, db: sqlite3.Connection, *, comes: bool) -> bool:
        """Whether there is anything to join; makes the indexes when the first heard call comes."""
        if self._ready is None:
            query = "SELECT 1 FROM sqlite_master WHERE name = 'calls_coarse'"
            self._ready = db.execute(query).fetchone() is not None
        if not self._indexed and comes:
            for index in _INDEXES:
                db.execute(index)
            self._ready = self._indexed = True
        return self._ready

    def outdone(
        self, db: sqlite3.Connection, names: Names, joined: Joined, roots: Mapping[bytes, int]
    ) -> tuple[set[bytes], list[Stored]]:
        """Keys of sights that are too coarse to count, and stored calls that are from now on.

        `roots` are the root sessions of the sights by key.
        """
        levels: dict[int, int] = {}
        for key, sight in joined.sights.items():
            level = outdoes(sight.row)
            _lower(levels, roots[key], level)
            if level < _SUM and (service := _service(db, names, sight)):
                _lower(levels, service, level)
        dropped = {
            key
            for key, sight in joined.sights.items()
            if (level := coarseness(sight.row))
            and level > min(levels[roots[key]], self._known(db, roots[key]))
        }
        gone = [row for root, level in levels.items() for row in self._coarser(db, root, level)]
        for root, level in levels.items():
            if not level or root in self._finest:
                _lower(self._finest, root, level)
        for key in joined.sights.keys() - dropped:
            if coarseness(joined.sights[key].row):
                self._bare.pop(roots[key], None)
        return dropped, gone

    def _known(self, db: sqlite3.Connection, root: int) -> int:
        found = self._finest.get(root)
        if found is None:
            level = f"max(flags & {HEARD} > 0, (flags & {COARSE}) >> 6)"  # as rows.outdoes
            query = f"SELECT min({level}) FROM calls WHERE {_FAMILY}"
            least = db.execute(query, (root,)).fetchone()[0]
            found = self._finest[root] = _SUM if least is None else int(least)
        return found

    def _coarser(self, db: sqlite3.Connection, root: int, level: int) -> list[Stored]:
        """Stored calls of this family that are coarser than `level`."""
        if self._bare.get(root, _SUM + 1) <= level:
            return []
        self._bare[root] = level
        query = f"SELECT id, {fields()} FROM calls WHERE flags & {COARSE} AND {_FAMILY}"
        rows = (Stored(row[0], CallRow._make(row[1:])) for row in db.execute(query, (root,)))
        return [row for row in rows if coarseness(row.row) > level]


def _lower(levels: dict[int, int], root: int, level: int) -> None:
    levels[root] = min(level, levels.get(root, _SUM))


def _service(db: sqlite3.Connection, names: Names, sight: Sight) -> int | None:
    """The session in which the sums of this call's service stand, if there are any."""
    call = sight.priced.call
    if not call.service:
        return None
    row = db.execute(
        "SELECT root FROM sessions WHERE source = ? AND session = ? AND agent = ''",
        (names.name(db, call.source), call.service),
    ).fetchone()
    return int(row[0]) if row else None


def join(db: sqlite3.Connection, sights: dict[bytes, Sight]) -> Joined:
    """Gives every heard sight the key of the log's call of the same request, here or stored."""
    asked: dict[int, list[bytes]] = {}
    for key, sight in sights.items():
        if sight.row.request is not None and not sight.row.flags & YIELDS:
            asked.setdefault(sight.row.request, []).append(key)
    heard = {r for r, keys in asked.items() if any(sights[key].row.flags & HEARD for key in keys)}
    known = _by_request(db, list(heard), "request IS NOT NULL")
    known |= _by_request(db, list(asked.keys() - heard), f"flags & {HEARD}")
    joined = Joined({}, {}, {})
    homes = {
        key: home
        for request, keys in asked.items()
        if request in heard or request in known
        for key, home in _homes(sights, keys, known.get(request, []), joined, db)
    }
    for key, sight in sights.items():
        home = homes.get(key, key)
        if home != key:
            joined.contexts[home] = filled(joined.contexts.get(home, Context()), wire_of(sight))
        see(joined.sights, sight._replace(row=sight.row._replace(key=home)))
    return joined


def is_named(session: str, service: str) -> bool:
    """Whether the wire names the session itself, not only the trace or the service."""
    return session != service and not session.startswith(f"{service} ")


def heard_rank(rank: Rank, session: str, service: str) -> Rank:
    """Of several tellers of one request, who names its session has it; of those the first."""
    return (rank[0] - _BEFORE, *rank[1:]) if is_named(session, service) else rank


def _homes(
    sights: dict[bytes, Sight],
    keys: list[bytes],
    known: list[Stored],
    joined: Joined,
    db: sqlite3.Connection,
) -> Iterable[tuple[bytes, bytes]]:
    """(key, key it is to have) for the heard sights of one request; adopts a heard row."""
    logged = sorted(row.row.key for row in known if not row.row.flags & HEARD)
    told = sorted(row.row.key for row in known if row.row.flags & HEARD)
    mine = sorted(key for key in keys if not sights[key].row.flags & HEARD)
    rest = sorted(key for key in keys if sights[key].row.flags & HEARD)
    home = (logged or mine or told or rest)[0]
    for row in known:
        if row.row.flags & HEARD and row.row.key != home:
            joined.stored[home] = row
            joined.contexts[home] = read_context(db, row.row.context)
    return [(key, home) for key in rest]


def _by_request(db: sqlite3.Connection, requests: list[int], where: str) -> dict[int, list[Stored]]:
    found: dict[int, list[Stored]] = {}
    for start in range(0, len(requests), AT_ONCE):
        part = requests[start : start + AT_ONCE]
        marks = ",".join("?" * len(part))
        query = f"SELECT id, {fields()} FROM calls WHERE request IN ({marks}) AND {where}"
        for row in db.execute(query, part):
            stored = Stored(row[0], CallRow._make(row[1:]))
            if stored.row.request is not None and not stored.row.flags & YIELDS:
                found.setdefault(stored.row.request, []).append(stored)
    return found
