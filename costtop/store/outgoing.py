"""What a fleet's server has not heard yet: kept in the transaction that changes a call.

Triggers on `calls` write down what is new, changed or gone, so no writer can forget to; they are
there only where a fleet is joined. What was stored before that is not written down again: it is
walked from the newest day to the oldest, and the place is kept. Sessions are known by their `rev`.
It sends nothing and names nothing; what a call is told as is read here as it is stored.
"""

import json
import sqlite3
from collections.abc import Sequence

from costtop.durations import QUARTER
from costtop.named_tuples import NamedTuple

_END = 1 << 40  # a day after every other, and a row
_NEW = "INSERT INTO outgoing (call) VALUES (NEW.id);"
_OLD = "INSERT INTO outgoing (call, key) VALUES (0, OLD.key);"
# The number of the latest commit falls with the last of its sessions (`costtop forget`): all of
# them are told again, for it will be given once more.
_LATEST = (
    "AFTER DELETE ON sessions WHEN NOT EXISTS (SELECT 1 FROM sessions WHERE rev >= OLD.rev)"
    " BEGIN UPDATE shipping SET changed = '[0, 0]', turn = turn + 1; END"
)
# A call that says no user has its session's.
_WHOSE = (
    "AFTER UPDATE OF user ON sessions WHEN OLD.user <> NEW.user BEGIN"
    " INSERT INTO outgoing (call) SELECT DISTINCT {} FROM calls WHERE session = NEW.id; END"
)
_QUARTER = f"INSERT INTO outgoing (call) VALUES (-1 - {{}}.at / {QUARTER});"
_SESSION = (
    "INSERT INTO outgoing (call, key) SELECT 0, json_array(text, OLD.session, OLD.agent)"
    " FROM names WHERE id = OLD.source;"
)
# Of calls, and of sums: what tells of what is gone, and of all else.
_GONE = (
    {
        "outgoing_gone": f"AFTER DELETE ON calls BEGIN {_OLD} END",
        # A call gets another key: that of its log, where only the wire had told of it.
        "outgoing_renamed": "AFTER UPDATE OF key ON calls WHEN OLD.key <> NEW.key"
        f" BEGIN {_OLD} END",
    },
    {
        "outgoing_gone": f"AFTER DELETE ON calls BEGIN {_QUARTER.format('OLD')} END",
        "outgoing_moved": f"AFTER UPDATE OF at ON calls WHEN OLD.at <> NEW.at BEGIN"
        f" {_QUARTER.format('OLD')} END",
        "outgoing_ended": f"AFTER DELETE ON sessions BEGIN {_SESSION} END",
    },
)
_TOLD = (
    {
        "outgoing_new": f"AFTER INSERT ON calls BEGIN {_NEW} END",
        "outgoing_else": f"AFTER UPDATE ON calls BEGIN {_NEW} END",
        "outgoing_whose": _WHOSE.format("id"),
        "outgoing_latest": _LATEST,
    },
    {
        "outgoing_new": f"AFTER INSERT ON calls BEGIN {_QUARTER.format('NEW')} END",
        "outgoing_else": f"AFTER UPDATE ON calls BEGIN {_QUARTER.format('NEW')} END",
        "outgoing_whose": _WHOSE.format(f"-1 - at / {QUARTER}"),
        "outgoing_latest": _LATEST,
    },
)
_TRIGGERS = {name for each in (*_GONE, *_TOLD) for name in each}

Place = tuple[int, int, int, int]
"""How far history is sent: (day since 1970, session, at, row of the call) of the last call."""
BEGINNING: Place = (_END, 0, 0, 0)
Mark = tuple[int, int]
"""(rev, row) of the session that was told last."""


class BatchTaken(NamedTuple):
    """What a batch has taken, to be crossed out after the server's answer. It goes as JSON."""

    live: list[list[int]] = []  # [first, last] of `outgoing`
    history: list[int] | None = None  # a `Place`; [] at its end; None: nothing of it
    changed: list[int] | None = None  # a `Mark`
    upto: int = 0
    turn: int = 0  # how often all had to go again when it was read


class Shipping(NamedTuple):
    """How far all is sent."""

    joined: bool
    sums: bool
    turn: int
    acked: int
    history: Place | None  # None: all of it
    changed: Mark


class StillUnsent(NamedTuple):
    """What is still to be sent."""

    live: int  # rows, counted up to 100,000
    history: int | None  # days since 1970 of what went last; None: all has gone
    aside: int  # calls that the server refuses


# ----------------------------------------------------------------------------- joining and leaving


def begin(db: sqlite3.Connection, how: str, *, sums: bool = False) -> None:
    """What leaves from now on, as a hash of the settings; "" is nothing. Idempotent.

    Where it is told otherwise than before, all that is stored goes again. After a fleet is left
    only what is taken away is still written down: one that is joined again must hear of it.
    """
    known = db.execute("SELECT how, sums FROM shipping").fetchone()
    if known == (how, int(sums)) or (not how and (known is None or not known[0])):
        return
    if not how:
        _drop(db)
        _make(db, _GONE[known[1]])
        _clear(db, "key IS NULL AND call >= 0")
        db.execute("DELETE FROM outgoing_aside")
        db.execute("UPDATE shipping SET how = ''")
        return
    if known is None:  # the number 1 stands for what was there before
        db.execute("INSERT OR IGNORE INTO outgoing (seq, call) VALUES (1, 0)")
        db.execute("INSERT INTO shipping VALUES (1, '', 0, 0, 0, '', '')")
    elif known[1] != sums:
        _clear(db, "1")
    _drop(db)
    _make(db, _GONE[sums] | _TOLD[sums])
    db.execute("UPDATE shipping SET how = ?, sums = ?", (how, int(sums)))
    again(db)


def _drop(db: sqlite3.Connection) -> None:
    for name in sorted(_TRIGGERS):
        db.execute(f"DROP TRIGGER IF EXISTS {name}")


def _make(db: sqlite3.Connection, triggers: dict[str, str]) -> None:
    for name, what in triggers.items():
        db.execute(f"CREATE TRIGGER {name} {what}")


def _clear(db: sqlite3.Connection, which: str) -> None:
    """Takes rows out; the number of the last one stays."""
    last = db.execute("SELECT max(seq) FROM outgoing").fetchone()[0]
    db.execute(f"DELETE FROM outgoing WHERE seq < ? AND {which}", (last,))
    db.execute(f"UPDATE outgoing SET call = 0, key = NULL WHERE seq = ? AND {which}", (last,))


def again(db: sqlite3.Connection) -> None:
    """All that is stored goes once more: to a server that has forgotten it, or never had it."""
    rev = db.execute("SELECT coalesce(max(rev), 0) FROM sessions").fetchone()[0]
    db.execute(
        "UPDATE shipping SET turn = turn + 1, acked = 0, history = ?, changed = ?",
        (json.dumps(BEGINNING), json.dumps([rev, _END])),
    )
    if not shipping(db).sums:
        db.execute("INSERT INTO outgoing (call, key) SELECT 0, key FROM forgotten_calls")
    try_again(db)


def joined(db: sqlite3.Connection) -> bool:
    """Whether what changes is written down."""
    return bool(db.execute("SELECT 1 FROM shipping WHERE how <> ''").fetchone())


def acked(db: sqlite3.Connection) -> int:
    """The number up to which the server has everything, by its answers."""
    row = db.execute("SELECT acked FROM shipping").fetchone()
    return int(row[0]) if row else 0


# ------------------------------------------------------------------------------ after the answer


def sent(db: sqlite3.Connection, done: Sequence[object]) -> None:
    """Crosses out what a batch took (a `BatchTaken`); a second time changes nothing.

    A call that has changed since has a new number, and stays.
    """
    live, history, changed, upto, turn = BatchTaken(*done)  # type: ignore[arg-type]
    for first, last in live:
        db.execute(
            "DELETE FROM outgoing WHERE seq BETWEEN ? AND ?"
            " AND seq < (SELECT max(seq) FROM outgoing)",
            (first, last),
        )
        db.execute(
            "UPDATE outgoing SET call = 0, key = NULL WHERE seq BETWEEN ? AND ?", (first, last)
        )
    stands = shipping(db)
    if stands.turn != turn:  # all goes again since
        return
    db.execute("UPDATE shipping SET acked = max(acked, ?)", (upto,))
    place = stands.history
    if (
        history is not None
        and place is not None
        and (not history or progress(history) > progress(place))
    ):
        db.execute("UPDATE shipping SET history = ?", (json.dumps(history) if history else "",))
    if changed is not None and tuple(changed) > stands.changed:
        db.execute("UPDATE shipping SET changed = ?", (json.dumps(changed),))


def progress(place: Sequence[int]) -> tuple[int, ...]:
    """A place in history as what grows while it is sent: days go down, all else goes up."""
    return (-place[0], *place[1:])


def set_aside(db: sqlite3.Connection, calls: Sequence[int], now: int) -> None:
    """Calls that the server refuses for what they are; they wait for nothing but a new word."""
    db.executemany(
        "INSERT OR REPLACE INTO outgoing_aside (call, at) VALUES (?, ?)",
        [(call, now) for call in calls],
    )


def try_again(db: sqlite3.Connection) -> None:
    """What was set aside goes once more."""
    db.execute("INSERT INTO outgoing (call) SELECT call FROM outgoing_aside ORDER BY call")
    db.execute("DELETE FROM outgoing_aside")


def aside(db: sqlite3.Connection) -> int:
    """How many calls are set aside."""
    return int(db.execute("SELECT count(*) FROM outgoing_aside").fetchone()[0])


def waiting(db: sqlite3.Connection) -> StillUnsent:
    """What is still to be sent."""
    query = "SELECT count(*) FROM (SELECT 1 FROM outgoing WHERE call OR key NOTNULL LIMIT 100000)"
    live, place = int(db.execute(query).fetchone()[0]), shipping(db).history
    return StillUnsent(live, None if place is None else place[0], aside(db))


def shipping(db: sqlite3.Connection) -> Shipping:
    """How far all is sent; with no history where no fleet was ever joined."""
    row = db.execute("SELECT how, sums, turn, acked, history, changed FROM shipping").fetchone()
    if row is None:
        return Shipping(joined=False, sums=False, turn=0, acked=0, history=None, changed=(_END, 0))
    how, sums, turn, acked, history, changed = row
    place: Place | None = None
    if history:
        day, session, at, call = json.loads(history)
        place = (day, session, at, call)
    rev, session = json.loads(changed)
    return Shipping(
        joined=bool(how),
        sums=bool(sums),
        turn=turn,
        acked=acked,
        history=place,
        changed=(rev, session),
    )
