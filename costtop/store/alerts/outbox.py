"""Writes the letters to endpoints and how their delivery goes. It sends none and words none.

Every function runs inside a transaction of the caller. A letter is posted with the alert it tells
of, and marked sent only after success: a crash repeats at worst what was on its way, and loses
nothing (RELIABILITY.md R9). Times are ms UTC.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from costtop.durations import HOUR
from costtop.model import Letter, Traffic

FIRST_RETRY = 5_000
LONGEST_RETRY = 15 * 60_000
GIVE_UP_AFTER = 72 * HOUR
REFUSALS = 3  # permanent errors in a row before an endpoint counts as broken

_KEPT = Letter._fields[:8]  # those of its fields that are its row's own
_LETTER = ", ".join(_KEPT)


def post(db: sqlite3.Connection, letters: Iterable[Letter], now: int) -> list[int]:
    """Puts letters into the outbox; one whose token is there already is dropped."""
    rows = []
    for letter in letters:
        state = "held" if letter.hold else _first_state(db, letter.label)
        cursor = db.execute(
            f"INSERT OR IGNORE INTO outbox"
            f" ({_LETTER}, made, released, state, hold, next_at, set_at)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                *letter[: len(_KEPT)],
                *(now, None if letter.hold else now, state, letter.hold, now, now),
            ),
        )
        if cursor.rowcount:
            rows.append(int(cursor.lastrowid or 0))
            db.executemany(
                "INSERT OR IGNORE INTO outbox_alerts (outbox, alert)"
                " SELECT ?, id FROM alerts WHERE ref = ?",
                [(rows[-1], ref) for ref in letter.alerts],
            )
    return rows


def _first_state(db: sqlite3.Connection, label: str) -> str:
    row = db.execute("SELECT state FROM endpoints WHERE label = ?", (label,)).fetchone()
    return "broken" if row and row[0] == "broken" else "pending"


def due(db: sqlite3.Connection, busy: Collection[str], now: int) -> list[Letter]:
    """For each endpoint that is not busy the letter to send next, the least tried one first."""
    rows = db.execute(
        f"SELECT {_LETTER}, id, attempts FROM outbox WHERE state = 'pending' AND next_at <= ?"
        " ORDER BY attempts, id",
        (now,),
    )
    found: dict[str, Letter] = {}
    for letter in map(_letter, rows):
        if letter.label not in busy:
            found.setdefault(letter.label, letter)
    return list(found.values())


def _letter(row: tuple[Any, ...]) -> Letter:
    *told, letter, attempts = row
    return Letter(*told)._replace(id=letter, attempts=attempts)


def next_due(db: sqlite3.Connection, busy: Collection[str]) -> int | None:
    """When the next letter to an endpoint that is not busy is to go, ms; None: there is none."""
    rows = db.execute(
        "SELECT label, min(next_at) FROM outbox WHERE state = 'pending' GROUP BY label"
    )
    return min((at for label, at in rows if label not in busy), default=None)


def sent(db: sqlite3.Connection, letter: Letter, state: str, now: int) -> None:
    """Marks a letter delivered ("sent") or left to an open screen ("screen")."""
    db.execute(
        "UPDATE outbox SET state = ?, sent_at = ?, attempts = attempts + 1, error = ''"
        " WHERE id = ?",
        (state, now, letter.id),
    )
    before = db.execute("SELECT state FROM endpoints WHERE label = ?", (letter.label,)).fetchone()
    db.execute(
        "INSERT INTO endpoints (label, state, since, sent_at) VALUES (?, 'ok', ?, ?)"
        " ON CONFLICT (label) DO UPDATE SET sent_at = excluded.sent_at, failures = 0, error = '',"
        " next_at = 0, since = CASE state WHEN 'ok' THEN since ELSE excluded.since END,"
        " state = 'ok'",
        (letter.label, now, now),
    )
    if before and before[0] != "ok":  # it is back: what waited for it goes at once
        db.execute(
            "UPDATE outbox SET next_at = ?1, set_at = ?1 WHERE label = ?2 AND state = 'pending'",
            (now, letter.label),
        )


def failed(
    db: sqlite3.Connection,
    letter: Letter,
    error: str,
    *,
    permanent: bool,
    jitter: float,
    now: int,
) -> None:
    """Keeps a failure and when to try again: 5 s x 2^n, at most 15 min, for 72 h.

    `error` is redacted by the sender; `jitter` in 0..1 spreads retries. The whole endpoint waits:
    what one letter met, its others would meet. A new letter is tried at once all the same; that it
    fails too, before the endpoint was to be tried again, makes nobody wait longer.
    """
    known = db.execute("SELECT failures, next_at FROM endpoints WHERE label = ?", (letter.label,))
    failures, next_at = known.fetchone() or (0, 0)
    early = failures and now < next_at
    _put_failing(db, letter.label, failures + (not early), error, now)
    if not early:
        wait = min(FIRST_RETRY << min(failures, 20), LONGEST_RETRY)
        next_at = now + round(wait * (0.7 + 0.3 * jitter))
    db.execute(
        "UPDATE outbox SET attempts = attempts + 1, error = ?,"
        " refusals = CASE WHEN ? THEN refusals + 1 ELSE 0 END WHERE id = ?",
        (error, permanent, letter.id),
    )
    db.execute(
        "UPDATE outbox SET next_at = ?, set_at = ? WHERE label = ? AND state = 'pending'",
        (next_at, now, letter.label),
    )
    db.execute(
        "UPDATE endpoints SET next_at = ?, set_at = ? WHERE label = ?",
        (next_at, now, letter.label),
    )
    _give_up(db, letter, now)


def _put_failing(db: sqlite3.Connection, label: str, failures: int, error: str, now: int) -> None:
    db.execute(
        "INSERT INTO endpoints (label, state, failures, since, error)"
        " VALUES (?, 'failing', ?, ?, ?)"
        " ON CONFLICT (label) DO UPDATE SET failures = excluded.failures, error = excluded.error,"
        " since = CASE state WHEN 'ok' THEN excluded.since ELSE since END,"
        " state = CASE state WHEN 'ok' THEN 'failing' ELSE state END",
        (label, failures, now, error),
    )


def _give_up(db: sqlite3.Connection, letter: Letter, now: int) -> None:
    """Ends what cannot be delivered: three refusals break the endpoint, 72 h end a letter.

    Age counts only after a failed try, so that a machine that slept for a week still tries.
    """
    refusals, released = db.execute(
        "SELECT refusals, released FROM outbox WHERE id = ?", (letter.id,)
    ).fetchone()
    if refusals >= REFUSALS:
        db.execute(
            "UPDATE outbox SET state = 'broken' WHERE label = ? AND state = 'pending'",
            (letter.label,),
        )
        db.execute(
            "UPDATE endpoints SET state = 'broken', since = ? WHERE label = ?", (now, letter.label)
        )
    elif now - released > GIVE_UP_AFTER:
        db.execute("UPDATE outbox SET state = 'undelivered' WHERE id = ?", (letter.id,))


def reopen(db: sqlite3.Connection, labels: Sequence[str], now: int) -> None:
    """At a start: endpoints may have been mended or removed. Broken ones get their letters again.

    Letters to labels that are no longer configured are dropped.
    """
    known = ",".join("?" * len(labels))
    db.execute(
        "UPDATE outbox SET state = 'dropped', error = 'the endpoint was removed'"
        f" WHERE state IN ('pending', 'held') AND label NOT IN ({known})",
        labels,
    )
    db.execute(
        "UPDATE outbox SET state = 'pending', refusals = 0, next_at = ?, set_at = ?"
        " WHERE state = 'broken' AND released > ?"
        f" AND label IN ({known})",
        (now, now, now - GIVE_UP_AFTER, *labels),
    )
    db.execute(f"DELETE FROM endpoints WHERE label NOT IN ({known})", labels)
    db.execute(
        "UPDATE endpoints SET state = 'failing', failures = 0, next_at = 0 WHERE state = 'broken'"
    )


def traffic(db: sqlite3.Connection, label: str, window: int, now: int) -> Traffic:
    """What the endpoint got lately; `window` is its digest interval, ms."""
    last, burst, hour = db.execute(
        "SELECT max(CASE WHEN kind IN ('session', 'digest') THEN released END),"
        " total(kind IN ('session', 'digest') AND released > ?), total(released > ?)"
        " FROM outbox WHERE label = ? AND released > ? AND released <= ?",
        (now - window, now - HOUR, label, now - max(window, HOUR), now),
    ).fetchone()
    (backlog,) = db.execute(
        "SELECT count(*) FROM outbox WHERE label = ? AND state = 'pending'", (label,)
    ).fetchone()
    held, since, hasty = db.execute(
        "SELECT count(*), min(made), total(hold <> 'digest') FROM outbox"
        " WHERE label = ? AND state = 'held'",
        (label,),
    ).fetchone()
    return Traffic(
        since_last=None if last is None else now - last,
        burst=int(burst),
        hour=int(hour),
        backlog=backlog,
        held=held,
        held_for=0 if since is None else max(0, now - since),
        patient=bool(held) and not hasty,
    )


def told_of(db: sqlite3.Connection, label: str, incident: str) -> tuple[int, int] | None:
    """When an endpoint's first and last letter of an incident were made; None while one waits."""
    first, last, waiting = db.execute(
        "SELECT min(o.made), max(o.made), total(o.state IN ('pending', 'held', 'broken'))"
        " FROM alerts a JOIN outbox_alerts x ON x.alert = a.id JOIN outbox o ON o.id = x.outbox"
        " WHERE a.incident = ? AND o.label = ?",
        (incident, label),
    ).fetchone()
    return None if first is None or waiting else (first, last)


def holding(db: sqlite3.Connection) -> list[str]:
    """Labels of endpoints for which letters are held back."""
    return [row[0] for row in db.execute("SELECT DISTINCT label FROM outbox WHERE state = 'held'")]


def held(db: sqlite3.Connection, label: str) -> list[Letter]:
    """The letters held back for an endpoint, oldest first."""
    rows = db.execute(
        f"SELECT {_LETTER}, id, attempts FROM outbox"
        " WHERE state = 'held' AND label = ? ORDER BY id",
        (label,),
    )
    return [_with_alerts(db, _letter(row)) for row in rows]


def _with_alerts(db: sqlite3.Connection, letter: Letter) -> Letter:
    rows = db.execute(
        "SELECT ref FROM outbox_alerts JOIN alerts ON alerts.id = alert WHERE outbox = ?"
        " ORDER BY alert",
        (letter.id,),
    )
    return letter._replace(alerts=tuple(ref for (ref,) in rows))


def release(db: sqlite3.Connection, letter: int, now: int) -> None:
    """Frees a held letter to go as it is."""
    db.execute(
        "UPDATE outbox SET state = 'pending', hold = '', released = ?1, next_at = ?1, set_at = ?1"
        " WHERE id = ?2",
        (now, letter),
    )


def digest(db: sqlite3.Connection, digest: Letter, told: Sequence[Letter], now: int) -> None:
    """Puts one letter in the place of those held back; each still knows which one told it."""
    made = post(db, [digest], now)
    if not made:
        return
    ids = [(made[0], letter.id) for letter in told]
    db.executemany("UPDATE outbox SET state = 'digested', digest = ? WHERE id = ?", ids)
    db.executemany(
        "INSERT OR IGNORE INTO outbox_alerts (outbox, alert)"
        " SELECT ?, alert FROM outbox_alerts WHERE outbox = ?",
        ids,
    )
