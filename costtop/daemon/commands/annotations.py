"""What users say of sessions, alerts and budgets, kept in one transaction."""

import sqlite3
from collections.abc import Iterable

from costtop import config_mistakes
from costtop.control.protocol import (
    Acknowledge,
    BeginSilence,
    EndSilence,
    MarkSession,
    Override,
    Pause,
    StopSession,
    UnmarkSession,
)
from costtop.daemon.actions.action_log import ActionLog
from costtop.detect.rules.registry import DETECTORS
from costtop.durations import DAY, MINUTE, words
from costtop.errors import NothingFound, UsageError
from costtop.model import Mark, Silence
from costtop.queries.sessions import lookup
from costtop.store import gating
from costtop.store.alerts import alerts, breakers, silences
from costtop.store.sessions import gate_calls, marks, session_names
from costtop.text import clean

Noted = (
    MarkSession
    | UnmarkSession
    | Acknowledge
    | BeginSilence
    | EndSilence
    | StopSession
    | Override
    | Pause
)
_NAMED = ("rule", "feature", "budget")  # what a silence may be of besides a session
_RULES = (
    *(rule.name for rule in DETECTORS),
    *("budget_tier", "budget_burn", "budget_forecast", "blind", "common_cause"),
    *("fleet_away", "host_quiet", "host_unpriced", "budget_share"),
)
_LONGEST = 7 * DAY  # of an override


def keep(
    db: sqlite3.Connection, command: Noted, by: str, action_log: ActionLog, now: int
) -> tuple[str, bool]:
    """(what was done, whether a letter was posted); raises where there is nothing to do it to."""
    _look_up(db, command)
    match command:
        case MarkSession(session):
            before, mark = marks.of(db, session), _marked(db, command, by, now)
            marks.put(db, mark)
            told = action_log.announce(db, by, f"mark {mark.kind}", session, mark.note, now)
            said = f"{session_names.said(db, session)} is marked {_words(mark)}"
            was = _words(before) if before else ""
            return said + (f" (before: {was})" if was not in ("", _words(mark)) else ""), told
        case UnmarkSession(session):
            gone = marks.take_back(db, session, by, now)
            told = gone and action_log.announce(db, by, "unmark", session, "", now)
            said = session_names.said(db, session)
            return f"{said} {'is unmarked' if gone else 'had no mark'}", told
        case _:
            deed, about, said = _done(db, command, by, now)
            return said, action_log.keep(db, by, deed, about, said, now)


def _marked(db: sqlite3.Connection, command: MarkSession, by: str, now: int) -> Mark:
    """The mark as it is to be: what a command does not give stays."""
    before = marks.of(db, command.session)
    kind = command.kind or (before.kind if before else "watch")
    note = clean(command.note) if command.note is not None else before.note if before else ""
    return Mark(command.session, kind, by, now, note)


def _words(mark: Mark) -> str:
    return f"{mark.kind}: {mark.note}" if mark.note else mark.kind


def _look_up(db: sqlite3.Connection, command: Noted) -> None:
    """Raises NothingFound for a session that no call has told of: a mark would wait for it.

    Likewise for a budget or rule that is none. What was said before can be taken back all the same.
    """
    match command:
        case UnmarkSession() | Override(span=0) | Acknowledge() | EndSilence():
            return
        case _:
            if isinstance(command, Override | BeginSilence):
                _known("budget", command.budget, sorted(lookup.budgets(db)))
                _known("rule", getattr(command, "rule", ""), _RULES)
                if not command.session:
                    return
            source, _, name = command.session.partition("/")
            if gating.facts(db, source, name)["root"] is None:
                raise NothingFound(f"no session is {clean(command.session)!r}; see: costtop --once")


def _known(what: str, given: str, names: Iterable[str]) -> None:
    names = tuple(names)
    if given and given not in names:
        close = config_mistakes.one_word_of(given, names)
        known = f"; there are {', '.join(names)}" if names and not close else close
        raise NothingFound(f"no {what} {clean(given)!r}{known}")


def _done(
    db: sqlite3.Connection,
    command: Acknowledge | BeginSilence | EndSilence | StopSession | Override | Pause,
    by: str,
    now: int,
) -> tuple[str, str, str]:
    """(deed, session or "", what was done)."""
    match command:
        case StopSession(session, note):
            why = f"the user stops this session{f': {clean(note)}' if note else ''}"
            breakers.stop_session(db, session, why, now)
            told = "is told to stop at its next tool; nothing is signalled"
            said = f"{session_names.said(db, session)} {told}"
            return "stop", session, said
        case Pause(session):
            breakers.hold_session(db, session, "the user holds this session", now)
            hooked = gate_calls.is_gated(db, session)
            called = session_names.said(db, session)
            said = f"{called} is held: its hook refuses tools and prompts until resume"
            return "hold", session, said + ("" if hooked else "; no hook of it was heard yet")
        case Override(session=session):
            return "override", session, _overridden(db, by, command, now)
        case Acknowledge(alert):
            ref, session, title = alerts.acknowledge(db, alert, by, now)
            about = f"session {session_names.said(db, session)}" if session else clean(title)
            return "ack", session, f"alert {ref} is acknowledged: {about}"
        case EndSilence(silence):
            silences.end(db, silence, by, now)
            return "silence ended", "", f"silence {silence} is ended"
        case BeginSilence(session):
            begun = _silence(command, by, now)
            number = silences.begin(db, begun)
            return "silence", session, f"silence {number} has begun: {_silent(db, begun, now)}"


def _silence(command: BeginSilence, by: str, now: int) -> Silence:
    if command.span is None and command.grows is None and not command.ever:
        raise UsageError("say for how long: --for 2h, --until-grows 50, or --for ever")
    if command.grows is not None and command.grows <= 0:
        raise UsageError(f"--until-grows {command.grows}: per cent over 0, such as 50")
    return Silence(
        id=0,  # the store gives it one
        by=by,
        at=now,
        session=command.session,
        rule=command.rule,
        feature=command.feature,
        budget=command.budget,
        until=None if command.span is None else now + command.span,
        grows=command.grows,
        note=clean(command.note),
    )


def _silent(db: sqlite3.Connection, silence: Silence, now: int) -> str:
    """What is not told of, and until when."""
    called = silence.session and session_names.said(db, silence.session)
    named = (("session", called), *((name, getattr(silence, name)) for name in _NAMED))
    what = ", ".join(f"{name} {clean(value)}" for name, value in named if value)
    ends = [] if silence.until is None else [f"for {words(silence.until - now)}"]
    ends += [] if silence.grows is None else [f"until it costs {silence.grows} % more"]
    return f"{what} {' or '.join(ends) or 'until it is ended'}"


def _overridden(db: sqlite3.Connection, by: str, command: Override, now: int) -> str:
    budget, session, span = command.budget, command.session, command.span
    if not 0 <= span <= _LONGEST:
        raise UsageError("an override lasts up to 7 days")
    if span and not (budget or session or command.everything):
        raise UsageError("say what may pass: a budget, a session, or --all for everything")
    called = session and session_names.said(db, session)
    named = " and ".join(part for part in (budget and f"budget {clean(budget)}", called) if part)
    what = named or "everything"
    if not span:
        gone = breakers.end_overrides(db, budget, session, now)
        return f"{what}: {gone} override{'s' * (gone != 1)} taken back"
    breakers.override(db, by, budget, session, span, now)
    return f"{what} may pass for {max(1, span // MINUTE)} min"
