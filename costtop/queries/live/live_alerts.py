"""What is open now: alerts in the few words of a cell, and what holds sessions back."""

import sqlite3
from typing import TYPE_CHECKING

from costtop.analysis import why
from costtop.durations import DAY
from costtop.named_tuples import NamedTuple
from costtop.scope import HOME
from costtop.store import gating
from costtop.store.alerts import alert_reads, breakers, standings
from costtop.store.alerts.alert_reads import OpenAlert
from costtop.store.sessions import short_ids

if TYPE_CHECKING:
    from costtop.model import Breaker


class Held(NamedTuple):
    """One open breaker that is not overridden."""

    budget: str  # "" for the soft stop of one session
    session: str  # its key, "source/session", where it is of one session alone
    action: str  # gate | pause | stop | kill
    why: str
    opened: int  # ms UTC
    until: int | None  # it holds no longer than this
    short_id: str = ""  # of the session, as people type it
    scope: tuple[tuple[str, str], ...] = ()  # globs of the sessions that it holds
    excepted: tuple[tuple[str, str], ...] = ()  # globs of those that it does not
    within: frozenset[str] = frozenset()  # "source/session" of an account's, where it is of one


def read(db: sqlite3.Connection, now: int) -> tuple[Held, ...]:
    """The breakers that hold at `now`, oldest first, inside the caller's transaction."""
    return tuple(
        _held(db, one)
        for one in breakers.open_ones(db, now)
        if not breakers.overridden(db, one.budget, _session(one), now)
    )


def _held(db: sqlite3.Connection, one: "Breaker") -> Held:
    session = _session(one)
    return Held(
        budget=one.budget,
        session=session,
        action=one.action,
        why=one.why,
        opened=one.opened,
        until=one.until,
        short_id=short_ids.of(db, session),
        scope=one.scope,
        excepted=one.excepted,
        within=_within(db, one),
    )


def _within(db: sqlite3.Connection, one: "Breaker") -> frozenset[str]:
    """The sessions of the account whose breaker it is; none where it holds any account's."""
    home = dict(one.scope).get(HOME)
    if not home:
        return frozenset()
    rows = db.execute(
        "SELECT r.id, n.text || '/' || r.session FROM sessions r JOIN names n ON n.id = r.source"
        " WHERE r.agent = '' AND r.last >= ?",
        (one.opened - DAY,),
    )
    return frozenset(
        key for root, key in rows.fetchall() if gating.log_of(db, root).startswith(f"{home}/")
    )


def _session(one: "Breaker") -> str:
    """The key behind a soft stop's glob, which matches one session literally."""
    glob = dict(one.scope).get("session", "") if not one.budget else ""
    for char in "*?[":
        glob = glob.replace(f"[{char}]", char)
    return glob


class Unusual(NamedTuple):
    """What stands open of a session."""

    why: str
    severity: str
    driver: str = ""  # the first part of it, for a row on which more is to be said


class Open(NamedTuple):
    """All that is open: by session, how many incidents were told, and the newest in one line."""

    sessions: dict[str, Unusual]
    total: int
    newest: str


def open_alerts(db: sqlite3.Connection) -> Open:
    """The open alerts; of each session why it costs what it does now, and how severe that is."""
    found = [one for one in alert_reads.open_ones(db) if one.told is not None]
    stood = standings.of(db, (one.session for one in found))
    sessions: dict[str, Unusual] = {}
    incidents: set[str] = set()
    newest = ""
    for one in found:
        if one.pushed is not None:
            incidents.add(one.incident)
            newest = one.title
        worse = _rank(one.severity) > _rank(sessions.get(one.session, _NOTHING).severity)
        if one.session and worse:
            sessions[one.session] = _unusual(one, stood.get(one.session))
    return Open(sessions, len(incidents), newest)


def stood_alerts(db: sqlite3.Connection, at: int) -> Open:
    """The alerts of the day before a past moment, in the words of their own moment."""
    sessions: dict[str, Unusual] = {}
    incidents: set[str] = set()
    newest = ""
    for one, ratio in alert_reads.stood(db, at - DAY, at):
        if one.told is None:
            continue
        incidents.add(one.incident or one.title)
        newest = one.title
        if one.session and _rank(one.severity) >= _rank(
            sessions.get(one.session, _NOTHING).severity
        ):
            said = [why.CAUSES[one.cause]] if one.cause else []
            if ratio is not None and ratio >= why.TELLING:
                said.append(f"{why.times(ratio)} usual")
            sessions[one.session] = Unusual(" · ".join(said), one.severity, "".join(said[:1]))
    return Open(sessions, len(incidents), newest)


_NOTHING = Unusual("", "")


def _rank(severity: str) -> int:
    from costtop.model import SEVERITIES  # a list without alerts needs no nouns

    return SEVERITIES.index(severity) if severity else -1


def _unusual(one: OpenAlert, standing: str | None) -> Unusual:
    """Why, of now; of a session that stood open before standings were kept, its cause."""
    if standing is not None:
        now = why.decoded(standing)
        return Unusual(why.words(now), one.severity, why.driver(now))
    cause = why.CAUSES.get(one.cause, "") if one.cause else ""
    return Unusual(cause, one.severity, cause)
