"""What costtop could not read, price or send, as stored: the facts of `costtop doctor`."""

import sqlite3
from typing import Any, Literal

from costtop.durations import iso
from costtop.named_tuples import NamedTuple
from costtop.queries.spending import floor_words
from costtop.store.calls import floors
from costtop.store.calls.call_row import ESTIMATED, UNREADABLE, computed_of
from costtop.store.db import snapshot
from costtop.store.git import git_facts
from costtop.store.recovery import rebuild
from costtop.store.recovery.rebuild import Recovered
from costtop.sum_floors import Floor
from costtop.tail.place import restored

_NAMED = 20  # bad records named; the counts cover all


class BadFile(NamedTuple):
    """A log with records that could not be read."""

    source: str
    file: str
    bad: int  # in all
    named: tuple[tuple[int, str], ...]  # (offset, reason) of the first ones


class HalfLine(NamedTuple):
    """A log that was quiet in the middle of a record: what stands from `offset` on waits."""

    source: str
    file: str
    offset: int


class Unpriced(NamedTuple):
    """A model without a known price, with what was used of it."""

    model: str
    provider: str
    variant: str
    calls: int
    input: int
    output: int
    last: int  # ms


class Drift(NamedTuple):
    """Computed and reported cost of what has both, in nano-dollars."""

    source: str
    teller: Literal["log", "status line"]  # who reports
    size: int  # calls of a log, sessions of a status line
    computed: int
    reported: int


class EndpointHealth(NamedTuple):
    """How one endpoint does: letters by state, the last error."""

    label: str
    waiting: int
    undelivered: int
    broken: bool
    error: str
    delivered: int | None  # ms of the latest success; None: never yet


class Findings(NamedTuple):
    """All of it."""

    bad: list[BadFile]
    unpriced: list[Unpriced]
    drift: list[Drift]
    short: Floor  # what the sum of everything is short of
    likely: int | None  # nano-dollars of outputs that logs do not finish, about
    estimated: int  # calls whose model is a guess
    endpoints: list[EndpointHealth]
    half: list[HalfLine]
    rebuilt: Recovered | None  # how the last rebuild of the database ended
    dumb: frozenset[str]  # sources whose files were read and held not one call


def read(db: sqlite3.Connection) -> Findings:
    """The facts at one moment."""
    with snapshot(db):
        (guessed,) = db.execute(f"SELECT sum(flags & {ESTIMATED} > 0) FROM calls").fetchone()
        return Findings(
            bad=_bad(db),
            unpriced=_unpriced(db),
            drift=_drift(db),
            short=floors.of(db, "1", ()),
            likely=floor_words.likely(db),
            estimated=guessed or 0,
            endpoints=_endpoints(db),
            half=_half(db),
            rebuilt=rebuild.recovered(db),
            dumb=_dumb(db),
        )


def _bad(db: sqlite3.Connection) -> list[BadFile]:
    rows = db.execute(
        "SELECT id, source, path, bad FROM places WHERE bad > 0 ORDER BY bad DESC"
    ).fetchall()
    return [
        BadFile(source, path.partition(b"\0")[0].decode("utf-8", "backslashreplace"), bad,
                _named(db, place))
        for place, source, path, bad in rows
    ]  # fmt: skip


def _half(db: sqlite3.Connection) -> list[HalfLine]:
    rows = db.execute(
        "SELECT source, path, state, born FROM places WHERE state <> '' ORDER BY path"
    )
    found = ((source, restored(path, state, born)) for source, path, state, born in rows)
    return [HalfLine(source, one.name, one.offset) for source, one in found if one.half]


def _dumb(db: sqlite3.Connection) -> frozenset[str]:
    rows = db.execute("SELECT source FROM places GROUP BY source HAVING sum(calls) = 0")
    return frozenset(source for (source,) in rows)


def _named(db: sqlite3.Connection, place: int) -> tuple[tuple[int, str], ...]:
    rows = db.execute(
        "SELECT offset, reason FROM bad_records WHERE place = ? ORDER BY offset LIMIT ?",
        (place, _NAMED),
    )
    return tuple((int(offset), str(reason)) for offset, reason in rows)


def _unpriced(db: sqlite3.Connection) -> list[Unpriced]:
    rows = db.execute(
        "SELECT m.text, p.text, v.text, count(*), sum(c.input), sum(c.output), max(c.at)"
        " FROM calls c JOIN names m ON m.id = c.model JOIN names p ON p.id = c.provider"
        f" JOIN names v ON v.id = c.variant WHERE c.cost IS NULL AND NOT c.flags & {UNREADABLE}"
        " GROUP BY 1, 2, 3 ORDER BY 5 DESC"
    )
    return [Unpriced(*row) for row in rows]


def _drift(db: sqlite3.Connection) -> list[Drift]:
    rows = db.execute(
        f"SELECT n.text, 'log', count(*), sum({computed_of('c.')}), sum(c.reported) FROM calls c"
        " JOIN sessions s ON s.id = c.session JOIN names n ON n.id = s.source"
        f" WHERE {computed_of('c.')} IS NOT NULL AND c.reported IS NOT NULL"
        " AND c.input + c.output > 0 GROUP BY 1"  # where no tokens are told nothing was computed
        " UNION ALL SELECT source, 'status line', count(*), sum(cost), sum(told) FROM"
        " (SELECT n.text AS source, sum(s.cost) AS cost, l.cost - l.base AS told FROM statuslines l"
        "  JOIN names n ON n.text = substr(l.session, 1, instr(l.session, '/') - 1)"
        "  JOIN sessions r ON r.source = n.id AND r.agent = ''"
        "   AND r.session = substr(l.session, instr(l.session, '/') + 1)"
        "  JOIN sessions s ON s.root = r.id WHERE l.cost IS NOT NULL GROUP BY l.session)"
        " GROUP BY 1 ORDER BY 1, 2"
    )
    return [Drift(*row) for row in rows]


def _endpoints(db: sqlite3.Connection) -> list[EndpointHealth]:
    rows = db.execute(
        "SELECT label, total(state = 'pending'), total(state = 'undelivered'),"
        " max(state = 'broken'), max(error), max(sent_at) FROM"
        " (SELECT label, state, '' AS error, NULL AS sent_at FROM outbox"
        "   WHERE state IN ('pending', 'undelivered')"
        "  UNION ALL SELECT label, state, error, sent_at FROM endpoints) GROUP BY 1"
    )
    return [
        EndpointHealth(label, int(waiting), int(undelivered), bool(broken), error, delivered)
        for label, waiting, undelivered, broken, error, delivered in rows
    ]


def repositories(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Each with its `folder`, `name`, `read_at` and `trouble`; the latter two may be null."""
    return [
        {
            "folder": one.folder,
            "name": one.name or None,
            "read_at": iso(one.read_at) if one.read_at else None,
            "trouble": one.trouble or None,
        }
        for one in git_facts.repositories(db)
    ]


def repository_words(tree: list[dict[str, Any]]) -> list[str]:
    """Lines for people: how many, and each that is not read whole."""
    if not tree:
        return []
    troubled = [one for one in tree if one["trouble"]]
    code = "  [repository-unread]" if troubled else ""
    lines = [f"repositories: {len(tree)}, not read whole: {len(troubled)}{code}"]
    return lines + [f"  {one['folder']}: {one['trouble']}" for one in troubled]
