"""Writes and reads breakers, overrides, denials, what was done by itself, and what was spent since.

Every function runs inside a transaction of the caller. Times are ms UTC.
"""

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from costtop.named_tuples import NamedTuple
from costtop.scope import FIELDS, HOME, literal
from costtop.store.gating import HOLD, LATELY, packed, unpacked
from costtop.store.sessions import gate_calls

_SINCE = (
    "SELECT count(*), coalesce(max(p.at), 0) FROM calls p JOIN sessions s ON s.id = p.session"
    " WHERE s.root = ? AND p.at > ? AND NOT p.flags & ?"
)
if TYPE_CHECKING:  # where none is open, no nouns are loaded
    from costtop.model import Breaker

_COLUMNS = (
    "budget, period, action, feature, user, project, model, source, session, home, why, opened,"
    " confirmed, due, until, escalate, excepted"
)
OWN = 600_000  # ms that a soft stop of a session holds at most


def open_ones(db: sqlite3.Connection, now: int) -> "list[Breaker]":
    """The breakers that are open and still hold, oldest first."""
    rows = db.execute(
        f"SELECT id, {_COLUMNS} FROM breakers WHERE ended IS NULL"
        " AND (until IS NULL OR until > ?) ORDER BY id",
        (now,),
    )
    return [_breaker(row) for row in rows]


def _breaker(row: tuple[Any, ...]) -> "Breaker":
    from costtop.model import Breaker

    number, budget, period, action, *globs = row[: 5 + len(FIELDS)]
    why, opened, confirmed, due, until, escalate, excepted = row[5 + len(FIELDS) :]
    scope = tuple((name, glob) for name, glob in zip((*FIELDS, HOME), globs, strict=True) if glob)
    return Breaker(
        budget=budget,
        period=period,
        action=action,
        scope=scope,
        why=why,
        opened=opened,
        confirmed=confirmed,
        due=due,
        until=until,
        escalate=escalate or "none",
        excepted=unpacked(excepted),
        id=number,
    )


def put(db: sqlite3.Connection, one: "Breaker") -> None:
    """Opens a breaker, or writes what has become of an open one."""
    if one.id:
        db.execute(
            "UPDATE breakers SET period = ?, action = ?, why = ?, confirmed = ?, due = ?,"
            " until = ?, escalate = ?, excepted = ? WHERE id = ?",
            (
                *(one.period, one.action, one.why, one.confirmed, one.due, one.until),
                *(one.escalate, packed(one.excepted), one.id),
            ),
        )
        return
    scope = dict(one.scope)
    db.execute(
        f"INSERT INTO breakers ({_COLUMNS}) VALUES ({','.join('?' * 17)})"
        " ON CONFLICT (budget, session, source, home) WHERE ended IS NULL DO UPDATE SET"
        " period = excluded.period, action = excluded.action, why = excluded.why,"
        " opened = excluded.opened, until = excluded.until, escalate = excluded.escalate,"
        " excepted = excluded.excepted",
        (
            *(one.budget, one.period, one.action),
            *(scope.get(name, "") for name in (*FIELDS, HOME)),
            *(one.why, one.opened, one.confirmed, one.due, one.until, one.escalate),
            packed(one.excepted),
        ),
    )


def end(db: sqlite3.Connection, breakers: Iterable[int], by: str, now: int) -> None:
    """Ends breakers."""
    db.executemany(
        "UPDATE breakers SET ended = ?, ended_by = ? WHERE id = ? AND ended IS NULL",
        [(now, by, number) for number in breakers],
    )


def end_named(db: sqlite3.Connection, begins: str, now: int) -> None:
    """Ends those of a fleet, whose names begin so: this machine belongs to none any more."""
    db.execute(
        "UPDATE breakers SET ended = ?, ended_by = 'no fleet is configured'"
        " WHERE ended IS NULL AND budget GLOB ?",
        (now, f"{begins}*"),
    )


def expire(db: sqlite3.Connection, now: int) -> None:
    """Ends what holds no longer: its period is over."""
    db.execute(
        "UPDATE breakers SET ended = until, ended_by = 'its period ended'"
        " WHERE ended IS NULL AND until <= ?",
        (now,),
    )


def stop_session(db: sqlite3.Connection, session: str, why: str, now: int) -> None:
    """A soft stop of one session ("source/session"), until its user speaks to it again."""
    from costtop.model import Breaker

    put(
        db,
        Breaker(
            budget="",
            period="",
            action="stop",
            scope=(("session", literal(session)),),
            why=why,
            opened=now,
            until=now + OWN,
        ),
    )


def hold_session(db: sqlite3.Connection, session: str, why: str, now: int) -> None:
    """Its hook refuses tools and prompts of one session until `end_hold`."""
    from costtop.model import Breaker

    put(
        db,
        Breaker(
            budget="",
            period=HOLD,
            action="stop",
            scope=(("session", literal(session)),),
            why=why,
            opened=now,
        ),
    )


def end_hold(db: sqlite3.Connection, session: str, now: int) -> bool:
    """Ends the hold of a session; False where there was none."""
    done = db.execute(
        "UPDATE breakers SET ended = ?, ended_by = 'resume'"
        " WHERE budget = '' AND period = ? AND session = ? AND ended IS NULL",
        (now, HOLD, literal(session)),
    )
    return done.rowcount > 0


def spoke(db: sqlite3.Connection, session: str, now: int) -> None:
    """The user spoke to the session: a soft stop of it is over, and what it argued forgotten."""
    db.execute(
        "UPDATE breakers SET ended = ?, ended_by = 'the next prompt'"
        " WHERE budget = '' AND session = ? AND period <> ? AND ended IS NULL",
        (now, literal(session), HOLD),
    )
    db.execute("DELETE FROM denials WHERE session = ?", (session,))


def denied(db: sqlite3.Connection, session: str, now: int) -> None:
    """Counts that the session's gate said no."""
    db.execute(
        "INSERT INTO denials (session, at, times, since) VALUES (?1, ?2, 1, ?2) ON CONFLICT"
        " DO UPDATE SET since = CASE WHEN at > ?2 - ?3 THEN since ELSE ?2 END,"
        " times = CASE WHEN at > ?2 - ?3 THEN times + 1 ELSE 1 END, at = ?2",
        (session, now, LATELY),
    )


def spared(db: sqlite3.Connection, session: str, since: int, kind: str) -> None:
    """Counts what passed all the same in the hold that stands since then."""
    db.execute(
        "INSERT INTO spared (session, kind, since, times) VALUES (?1, ?2, ?3, 1) ON CONFLICT"
        " DO UPDATE SET times = CASE WHEN since = ?3 THEN times + 1 ELSE 1 END, since = ?3",
        (session, kind, since),
    )


def override(
    db: sqlite3.Connection, by: str, budget: str, session: str, span: int, now: int
) -> int:
    """Lets a budget, a session ("source/session") or, with neither, everything pass; until when."""
    db.execute(
        "INSERT INTO overrides (by, at, budget, session, until) VALUES (?,?,?,?,?)",
        (by, now, budget, session, now + span),
    )
    db.execute("DELETE FROM denials WHERE ? IN ('', session)", (session,))
    return now + span


def end_overrides(db: sqlite3.Connection, budget: str, session: str, now: int) -> int:
    """Ends the overrides of exactly that; how many there were."""
    done = db.execute(
        "UPDATE overrides SET ended = ? WHERE budget = ? AND session = ? AND ended IS NULL"
        " AND until > ?",
        (now, budget, session, now),
    )
    return done.rowcount


def overridden(db: sqlite3.Connection, budget: str, session: str, now: int) -> bool:
    """Whether that budget's breaker is lifted for that session."""
    row = db.execute(
        "SELECT 1 FROM overrides WHERE ended IS NULL AND until > ? AND budget IN ('', ?)"
        " AND session IN ('', ?)",
        (now, budget, session),
    ).fetchone()
    return row is not None


def done(db: sqlite3.Connection, breaker: int) -> dict[tuple[str, str], int]:
    """(session, deed) of what a breaker has done already, and when."""
    rows = db.execute("SELECT session, deed, at FROM breaker_deeds WHERE breaker = ?", (breaker,))
    return {(str(session), str(deed)): int(at) for session, deed, at in rows}


def note_deed(
    db: sqlite3.Connection, breaker: int, session: str, deed: str, outcome: str, now: int
) -> None:
    """Keeps what a breaker did to a session."""
    db.execute(
        "INSERT OR REPLACE INTO breaker_deeds (breaker, session, at, deed, outcome)"
        " VALUES (?,?,?,?,?)",
        (breaker, session, now, deed, outcome),
    )


def touched_since(db: sqlite3.Connection, moment: int) -> set[str]:
    """The sessions whose processes breakers have touched since then: the cap per hour."""
    rows = db.execute(
        "SELECT DISTINCT session FROM breaker_deeds WHERE at > ? AND deed IN ('pause', 'kill')",
        (moment,),
    )
    return {str(row[0]) for row in rows}


def say_capped(db: sqlite3.Connection, breaker: int) -> bool:
    """Whether this is the first time that the hourly cap holds this breaker back."""
    return (
        db.execute(
            "UPDATE breakers SET capped = 1 WHERE id = ? AND capped = 0", (breaker,)
        ).rowcount
        > 0
    )


class Asked(NamedTuple):
    """When a session's gate was last called (0: never); its denials, the first and the latest."""

    gate: int
    denials: int
    since: int
    latest: int


def gate_asked(db: sqlite3.Connection, session: str, opened: int) -> Asked:
    """How the gate of "source/session" was asked; denials count from a breaker's opening on."""
    said = db.execute(
        "SELECT times, since, at FROM denials WHERE session = ? AND at >= ?", (session, opened)
    ).fetchone()
    return Asked(gate_calls.last(db, session) or 0, *(said or (0, 0, 0)))


def mean_call(db: sqlite3.Connection, root: object) -> int:
    """Nano-dollars of a call of a root session row and its subagents; 0 where none has a price."""
    (mean,) = db.execute(
        "SELECT sum(cost) / max(1, sum(calls) - sum(unpriced)) FROM sessions WHERE root = ?",
        (root,),
    ).fetchone()
    return int(mean or 0)


def calls_since(db: sqlite3.Connection, root: object, since: int) -> tuple[int, int]:
    """(how many, the latest) calls of a root session row and its subagents that a log tells."""
    from costtop.store.calls.call_row import HEARD  # loads the nouns, too much for a first frame

    count, last = db.execute(_SINCE, (root, since, HEARD)).fetchone()
    return int(count), int(last)


def spending_since(db: sqlite3.Connection, since: int) -> list[str]:
    """The root sessions ("source/session") with calls since then."""
    rows = db.execute(
        "SELECT n.text || '/' || r.session FROM sessions r JOIN names n ON n.id = r.source"
        " WHERE r.id IN (SELECT root FROM sessions WHERE last > ?)",
        (since,),
    )
    return [key for (key,) in rows]
