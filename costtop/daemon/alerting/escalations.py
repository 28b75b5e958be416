"""What is due where a breaker does not hold a session: a pause, a kill, or to say so."""

import sqlite3
from collections.abc import Collection, Mapping

from costtop.alerts import breaker as judge
from costtop.alerts import escalation
from costtop.alerts.escalation import HeldSpending
from costtop.model import Breaker
from costtop.processes.evidence.agents import AGENTS
from costtop.store import gating, meta
from costtop.store.alerts import breakers

TOLD = "said that nothing holds it"
"""The deed that touches nothing."""
_TOUCHES = {"pause", "kill"}  # actions that need a process


def due(
    db: sqlite3.Connection, one: Breaker, known: Collection[str], now: int
) -> list[tuple[str, str]]:
    """(session, deed) of all that is due for a breaker; `known` have a process that is known.

    A session that nothing holds and whose process is not known is told of once.
    """
    if not escalation.may(one):
        return _loose(db, one, known, now) if one.action in _TOUCHES else []
    done = breakers.done(db, one.id)
    found = []
    for session in {*breakers.spending_since(db, one.opened), *_paused(done)}:
        mine = {deed: at for (key, deed), at in done.items() if key == session}
        deed = _deed(db, one, session, mine, now)
        if deed and session not in known:
            deed = "" if TOLD in mine or _is_early(one, now) else TOLD
        if deed:
            found.append((session, deed))
    return found


def _loose(
    db: sqlite3.Connection, one: Breaker, known: Collection[str], now: int
) -> list[tuple[str, str]]:
    """What a pause or a kill does not reach: sessions that spend on, whose process is not known."""
    if _is_early(one, now):
        return []
    done = breakers.done(db, one.id)
    return [
        (session, TOLD)
        for session in breakers.spending_since(db, one.opened)
        if session not in known
        and (session, TOLD) not in done
        and not breakers.overridden(db, one.budget, session, now)
        and slips(db, one, session)
    ]


def _is_early(one: Breaker, now: int) -> bool:
    """Whether a process that is not known may still be found."""
    return one.confirmed is None or now - one.confirmed < escalation.FOUND


def words(deed: str, session: str) -> str:
    """What is told of a deed to a session, named as people type it."""
    if deed == TOLD:
        return f"nothing holds {session}: no hook does, and its process is not known for sure"
    return f"its gate does not hold {session}: {'paused' if deed == 'pause' else 'killed'} now"


def _deed(
    db: sqlite3.Connection, one: Breaker, session: str, done: Mapping[str, int], now: int
) -> str:
    if breakers.overridden(db, one.budget, session, now):
        return "resume" if "pause" in done and not done.keys() & {"kill", "resume"} else ""
    if "pause" in done:
        late = now - done["pause"] >= judge.COUNTDOWN
        return "kill" if one.escalate == "kill" and late and "kill" not in done else ""
    if session.partition("/")[0] not in AGENTS:
        return ""
    return "pause" if slips(db, one, session) else ""


def slips(db: sqlite3.Connection, one: Breaker, session: str) -> bool:
    """Whether a session under a breaker spends on as if no hook held it."""
    source, _, name = session.partition("/")
    about = gating.facts(db, source, name)
    if not gating.falls_under(db, one.scope, one.excepted, about):
        return False
    return escalation.slips(one, _spending(db, one, session, about["root"]))


def _spending(db: sqlite3.Connection, one: Breaker, session: str, root: object) -> HeldSpending:
    asked = breakers.gate_asked(db, session, one.opened)
    count, last = breakers.calls_since(db, root, max(one.opened, asked.gate))
    if not asked.denials:
        return HeldSpending(asked.gate, count, last, 0, 0)
    argued, later = (breakers.calls_since(db, root, at)[0] for at in (asked.since, asked.latest))
    over = breakers.calls_since(db, root, one.opened)[0] if _is_small(db, one, root) else 0
    return HeldSpending(
        asked.gate, count, last, asked.denials, argued, apart=argued - later, over=over
    )


def _is_small(db: sqlite3.Connection, one: Breaker, root: object) -> bool:
    """Whether a budget's amount is worth few of the session's own mean calls."""
    amount = next((x.amount for x in meta.budgets(db) if x.name == one.budget and not x.of_plan), 0)
    return 0 < amount < escalation.SMALL * breakers.mean_call(db, root)


def _paused(done: Mapping[tuple[str, str], int]) -> set[str]:
    return {session for session, deed in done if deed == "pause"}
