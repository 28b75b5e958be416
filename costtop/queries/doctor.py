"""What costtop could not read, price or send, as stored: the facts of `costtop doctor`."""

import sqlite3
from typing import NamedTuple

from costtop.store.db import snapshot
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
    """Computed and reported cost of one source's calls that have both, in nano-dollars."""

    source: str
    calls: int
    computed: int
    reported: int


class Endpoint(NamedTuple):
    """How one endpoint does: letters by state, the last error."""

    label: str
    waiting: int
    undelivered: int
    broken: bool
    error: str


class Findings(NamedTuple):
    """All of it."""

    bad: list[BadFile]
    unpriced: list[Unpriced]
    drift: list[Drift]
    placeholders: int  # calls whose output count is a floor
    estimated: int  # calls whose model is a guess
    endpoints: list[Endpoint]
    half: list[HalfLine]
    dumb: frozenset[str]  # sources whose files were read and held not one call


def read(db: sqlite3.Connection) -> Findings:
    """The facts at one moment."""
    with snapshot(db):
        flags = db.execute(
            "SELECT coalesce(sum(flags & 2 > 0), 0), coalesce(sum(flags & 4 > 0), 0) FROM calls"
        ).fetchone()
        return Findings(
            bad=_bad(db),
            unpriced=_unpriced(db),
            drift=_drift(db),
            placeholders=flags[0],
            estimated=flags[1],
            endpoints=_endpoints(db),
            half=_half(db),
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
        " JOIN names v ON v.id = c.variant WHERE c.cost IS NULL GROUP BY 1, 2, 3 ORDER BY 5 DESC"
    )
    return [Unpriced(*row) for row in rows]


def _drift(db: sqlite3.Connection) -> list[Drift]:
    rows = db.execute(
        "SELECT n.text, count(*), sum(c.computed), sum(c.reported) FROM calls c"
        " JOIN sessions s ON s.id = c.session JOIN names n ON n.id = s.source"
        " WHERE c.computed IS NOT NULL AND c.reported IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    return [Drift(*row) for row in rows]


def _endpoints(db: sqlite3.Connection) -> list[Endpoint]:
    letters = db.execute(
        "SELECT label, sum(state = 'pending'), sum(state = 'undelivered') FROM outbox GROUP BY 1"
    ).fetchall()
    states = {
        label: (state, error)
        for label, state, error in db.execute("SELECT label, state, error FROM endpoints")
    }
    return [
        Endpoint(label, waiting, undelivered, states.get(label, ("", ""))[0] == "broken",
                 states.get(label, ("", ""))[1] or "")
        for label, waiting, undelivered in letters
    ]  # fmt: skip
