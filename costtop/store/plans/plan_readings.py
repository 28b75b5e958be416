"""Writes and reads what agents tell of plans' windows: one row a change."""

import sqlite3
from collections.abc import Iterable, Sequence

from costtop.durations import DAY, MINUTE
from costtop.plan_reading import PlanReading
from costtop.store.forgetting.tombstones import EVERYBODY, who
from costtop.store.names import Names

_EXACT = 100  # hundredths of a per cent
_SLACK = 2 * MINUTE  # an anchor that differs by no more is the same one
_THIN_AFTER = 14 * DAY
_KEPT = 20  # moments of a window that are kept of its readings when they are old

_LIMITS = (
    "SELECT l.id, s.text, h.text, p.text, m.text, l.minutes FROM plan_limits l"
    " JOIN names s ON s.id = l.source JOIN names h ON h.id = l.home"
    " JOIN names p ON p.id = l.plan JOIN names m ON m.id = l.model"
)


def put(db: sqlite3.Connection, names: Names, told: Iterable[PlanReading]) -> None:
    """Keeps readings, in whatever order they come; what says the same again moves `seen`."""
    for reading in told:
        teller = names.name(db, f"{reading.source}/{reading.session}" if reading.session else "")
        _put(db, _limit(db, names, reading), teller, reading)


def read(db: sqlite3.Connection, since: int, of: int | None = None) -> list[list[PlanReading]]:
    """The readings of each limit that was told of since then, oldest first; ms UTC.

    `of`: only of limits of so many minutes.
    """
    found = []
    for limit, known in _limits(db):
        if of not in {None, known.minutes}:
            continue
        rows = db.execute(
            "SELECT at, used, resets, seen FROM plan_readings"
            " WHERE plan_limit = ? AND at >= coalesce((SELECT max(at) FROM plan_readings"
            " WHERE plan_limit = ?1 AND at < ?2), ?2) ORDER BY at",
            (limit, since),
        ).fetchall()
        if rows and rows[-1][3] >= since:
            found.append(_readings(known, rows))
    return found


def _limits(db: sqlite3.Connection) -> list[tuple[int, PlanReading]]:
    """Every limit that was ever told of, by its row's id, as a reading of nothing yet."""
    return [
        (limit, PlanReading(source, home, plan, model, minutes, used=0.0, resets=None, at=0))
        for limit, source, home, plan, model, minutes in db.execute(_LIMITS).fetchall()
    ]


def latest(db: sqlite3.Connection, until: int) -> list[PlanReading]:
    """The latest reading of each limit up to then, ms UTC."""
    found = []
    for limit, known in _limits(db):
        row = db.execute(
            "SELECT used, resets, min(seen, ?2) FROM plan_readings"
            " WHERE plan_limit = ?1 AND at <= ?2 ORDER BY at DESC LIMIT 1",
            (limit, until),
        ).fetchone()
        if row is not None:
            found.append(known._replace(used=row[0] / _EXACT, resets=row[1], at=row[2]))
    return found


def is_retold(db: sqlite3.Connection, reading: PlanReading) -> bool:
    """Whether it says what was so before, and less than what was told since of the same window.

    An agent that rests draws its status line anew with what its last answer told.
    """
    known = (reading.source, reading.home, reading.plan, reading.limit)
    row = db.execute(
        "SELECT l.id FROM plan_limits l JOIN names s ON s.id = l.source"
        " JOIN names h ON h.id = l.home JOIN names p ON p.id = l.plan"
        " JOIN names m ON m.id = l.model"
        " WHERE s.text = ? AND h.text = ? AND p.text = ? AND m.text = ? AND l.minutes = ?",
        (*known, reading.minutes),
    ).fetchone()
    if row is None or reading.resets is None:
        return False
    used, resets = round(reading.used * _EXACT), reading.resets
    latest = db.execute(
        "SELECT used, resets FROM plan_readings WHERE plan_limit = ? ORDER BY at DESC LIMIT 1", row
    ).fetchone()
    if latest is None or latest[0] <= used or abs((latest[1] or 0) - resets) > _SLACK:
        return False
    query = (
        "SELECT 1 FROM plan_readings WHERE plan_limit = ? AND at >= ? AND used = ?"
        " AND abs(resets - ?) <= ? LIMIT 1"
    )
    since = resets - reading.minutes * MINUTE - _SLACK
    return db.execute(query, (*row, since, used, resets, _SLACK)).fetchone() is not None


def forget(db: sqlite3.Connection, rules: dict[bytes, int]) -> None:
    """Takes out what forgotten sessions told, and all that was told in forgotten times.

    What stayed the same beyond such a time is known from its end on.
    """
    every = rules.get(EVERYBODY, -1)
    db.execute("DELETE FROM plan_readings WHERE seen <= ?", (every,))
    db.execute("UPDATE OR REPLACE plan_readings SET at = seen WHERE at <= ?", (every,))
    tellers = db.execute(
        "SELECT n.id, n.text FROM names n WHERE n.id IN (SELECT session FROM plan_readings)"
    ).fetchall()
    for teller, key in tellers:
        until = rules.get(who(*key.split("/", 1))) if "/" in key else None
        if until is not None:
            db.execute("DELETE FROM plan_readings WHERE session = ? AND at <= ?", (teller, until))
    db.execute("DELETE FROM plan_limits WHERE id NOT IN (SELECT plan_limit FROM plan_readings)")


def pull_in(db: sqlite3.Connection, now: int) -> None:
    """Has what was told while the clock was ahead be told now: of each limit the latest of it."""
    ahead = db.execute(
        "SELECT plan_limit, max(at) FROM plan_readings WHERE at > ? GROUP BY 1", (now,)
    ).fetchall()
    for limit, latest in ahead:
        db.execute(
            "DELETE FROM plan_readings WHERE plan_limit = ? AND at >= ? AND at <> ?",
            (limit, now, latest),
        )
        db.execute(
            "UPDATE plan_readings SET at = ?1, seen = ?1 WHERE plan_limit = ?2 AND at = ?3",
            (now, limit, latest),
        )
    db.execute("UPDATE plan_readings SET seen = ?1 WHERE seen > ?1", (now,))


def limits(db: sqlite3.Connection) -> list[tuple[int, int]]:
    """(row, minutes) of every limit that was told of."""
    return db.execute("SELECT id, minutes FROM plan_limits").fetchall()


def thin(db: sqlite3.Connection, limit: int, minutes: int, now: int) -> int:
    """Drops what nobody asks of a limit's old readings; what a window came to stays. The rows."""
    rows = db.execute(
        "SELECT at, used FROM plan_readings WHERE plan_limit = ? AND at < ? ORDER BY at",
        (limit, now - max(_THIN_AFTER, 2 * minutes * MINUTE)),
    ).fetchall()
    needless = _needless(rows, max(1, minutes * MINUTE // _KEPT))
    db.executemany(
        "DELETE FROM plan_readings WHERE plan_limit = ? AND at = ?",
        [(limit, at) for at in needless],
    )
    return len(needless)


def _limit(db: sqlite3.Connection, names: Names, reading: PlanReading) -> int:
    texts = (reading.source, reading.home, reading.plan, reading.limit)
    key = (*(names.name(db, text) for text in texts), reading.minutes)
    query = (
        "SELECT id FROM plan_limits WHERE source = ? AND home = ? AND plan = ? AND model = ?"
        " AND minutes = ?"
    )
    found = db.execute(query, key).fetchone()
    if found is None:
        found = db.execute(
            "INSERT INTO plan_limits (source, home, plan, model, minutes) VALUES (?,?,?,?,?)"
            " RETURNING id",
            key,
        ).fetchone()
    return int(found[0])


def _put(db: sqlite3.Connection, limit: int, teller: int, reading: PlanReading) -> None:
    used = round(reading.used * _EXACT)
    before = db.execute(
        "SELECT at, used, resets, seen FROM plan_readings"
        " WHERE plan_limit = ? AND at <= ? ORDER BY at DESC LIMIT 1",
        (limit, reading.at),
    ).fetchone()
    if before is not None and _is_in(db, limit, teller, before, reading):
        return
    db.execute(
        "INSERT INTO plan_readings (plan_limit, at, used, resets, seen, session)"
        " VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET used = max(used, excluded.used),"
        " resets = max(coalesce(excluded.resets, resets), coalesce(resets, excluded.resets))",
        (limit, reading.at, used, reading.resets, reading.at, teller),
    )


def _is_in(
    db: sqlite3.Connection,
    limit: int,
    teller: int,
    before: tuple[int, int, int | None, int],
    reading: PlanReading,
) -> bool:
    """Whether the row before a reading holds it, or has taken it in: the same, told once more.

    Of one moment the fullest counts; what the row says of later ones is not lost with that.
    """
    at, level, resets, seen = before
    used = round(reading.used * _EXACT)
    if used == level and not _is_later(resets, reading):
        if reading.at >= seen:
            resets = resets if reading.resets is None else reading.resets
            db.execute(
                "UPDATE plan_readings SET seen = ?, resets = ?, session = ?"
                " WHERE plan_limit = ? AND at = ?",
                (reading.at, resets, teller, limit, at),
            )
        return True
    if used > level and reading.at == at < seen:
        db.execute(
            "UPDATE OR IGNORE plan_readings SET at = seen WHERE plan_limit = ? AND at = ?",
            (limit, at),
        )
    return used < level and reading.at in (at, seen)


def _is_later(resets: int | None, reading: PlanReading) -> bool:
    """Whether the reading is of the window after the one that was to end at `resets`."""
    if resets is None or reading.resets is None:
        return False
    return reading.at >= resets - _SLACK and reading.resets > resets + _SLACK


def _readings(
    known: PlanReading, rows: Sequence[tuple[int, int, int | None, int]]
) -> list[PlanReading]:
    found = []
    for at, used, resets, seen in rows:
        reading = known._replace(used=used / _EXACT, resets=resets, at=at)
        found.append(reading)
        if seen > at:
            found.append(reading._replace(at=seen))
    return found


def _needless(rows: Sequence[tuple[int, int]], slot: int) -> list[int]:
    """All but the last and the fullest reading of each slot."""
    kept: dict[int, tuple[int, int]] = {}
    fullest: dict[int, tuple[int, int]] = {}
    for at, used in rows:
        kept[at // slot] = (used, at)
        fullest[at // slot] = max(fullest.get(at // slot, (used, at)), (used, at))
    stay = {at for _, at in (*kept.values(), *fullest.values())}
    return [at for at, _ in rows if at not in stay]
