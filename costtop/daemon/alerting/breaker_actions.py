"""Opens, confirms and ends the breakers of budgets, and carries out what they are set to do.

When and what is decided in `alerts.breaker`; nothing happens to a budget whose action is "notify",
which is the default. Looks are part of the transaction of the calls; deeds follow on a timer.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence
from zoneinfo import ZoneInfo

from costtop import lasting_tasks, periods
from costtop.alerts import breaker as judge
from costtop.alerts import wording
from costtop.alerts.escalation import BY_HOOK
from costtop.control.protocol import Kill, Pause, Resume
from costtop.daemon.actions.action_log import ActionLog
from costtop.daemon.actions.process_actions import ProcessActions
from costtop.daemon.alerting import escalations
from costtop.daemon.notices.post import Audience, post_notice
from costtop.durations import HOUR, now_ms
from costtop.errors import CosttopError
from costtop.model import Breaker, Budget
from costtop.named_tuples import NamedTuple
from costtop.nouns.budget_nouns import OF_FLEET
from costtop.periods import Span
from costtop.queries.plans import watched_spend
from costtop.store import gating, meta
from costtop.store.alerts import breakers
from costtop.store.calls import otlp_only
from costtop.store.sessions import gate_calls, short_ids
from costtop.store.writer import Writer

_EVERY = 0.5  # s, while a breaker is open
_LONGEST = 60.0  # s between two looks whether one is
_TURNS = 2  # calls of a held session before it is paused all the same
_RETRY = 15_000  # ms before a deed that was refused is tried again


def look(
    db: sqlite3.Connection,
    budgets: Sequence[Budget],
    spent: Callable[[str], int],
    tz: ZoneInfo,
    audience: Audience,
    now: int,
    besides: Collection[str] = (),
) -> bool:
    """Looks at every budget of dollars and keeps what changed; True where a message was posted.

    `besides` are names of budgets whose breakers are looked at elsewhere, as those of a fleet are.
    """
    breakers.expire(db, now)
    opened = breakers.open_ones(db, now)
    known = {
        one.budget: one
        for one in opened
        if one.budget and one.budget not in besides and not one.budget.startswith(OF_FLEET)
    }
    posted = False
    for budget in budgets:
        one = known.pop(budget.name, None)
        if one is None and budget.action == "notify":
            continue
        span = periods.span(budget.period, now, tz)
        end = now + (span.end - span.start) if periods.hours(budget.period) else span.end
        total = spent(budget.name)
        heard = _only_heard(db, budget, span, now) if total >= budget.limit else 0
        found = judge.look(budget, total, one, (span.key, end), now, heard)
        posted |= keep(db, found, judge.reached(budget), audience, now)
    for one in known.values():  # its budget was removed
        posted |= keep(db, judge.BreakerLook(one, "ended"), "", audience, now)
    return posted


def _only_heard(db: sqlite3.Connection, budget: Budget, span: Span, now: int) -> int:
    """What nothing but the wire says of the spend of a budget that may touch processes."""
    if budget.action == "notify":
        return 0
    rolling = periods.hours(budget.period)
    since, until = (now - (span.end - span.start), now + 1) if rolling else span[1:]
    counted = watched_spend.calls(db, budget.watch)
    return otlp_only.spent(db, dict(budget.scope), since, until, counted)


def keep(
    db: sqlite3.Connection, found: judge.BreakerLook, how: str, audience: Audience, now: int
) -> bool:
    """Keeps what a look made of a breaker, and tells of it: `how` its budget is reached."""
    one = found.breaker
    if one is None or not found.said:
        return False
    if found.said == "ended":
        breakers.end(db, [one.id], "its budget is no longer spent", now)
    else:
        breakers.put(db, one)
    told = judge.notice(one, found.said, how)
    if told is None:
        return False
    severity, words = told
    of = OF_FLEET if meta.get(db, meta.FLEET) else ""  # as the machines call it that it holds
    said = wording.breaker(of + one.budget, words, one.why + ".")
    return post_notice(db, audience, said, severity, now)


LookAgain = Callable[[sqlite3.Connection, int], bool]
"""Looks at the breakers of budgets once more."""


class Due(NamedTuple):
    """A deed that a breaker is to do now."""

    breaker: Breaker
    session: str
    deed: str  # pause | kill | resume, or that nothing holds it
    capped: bool = False


class Breakers:
    """Carries out what confirmed breakers are due to do."""

    def __init__(
        self,
        writer: Writer,
        actions: ProcessActions,
        action_log: ActionLog,
        audience: Audience,
        look_again: LookAgain,
    ) -> None:
        self._writer, self._actions, self._action_log = writer, actions, action_log
        self._audience, self._look_again = audience, look_again
        self._refused: dict[tuple[int, str, str], int] = {}
        self._unwritten: dict[tuple[int, str, str], int] = {}  # done, and when

    async def run(self, *, acting: bool = True) -> None:
        """For ever; a daemon that only looks acts on nothing."""
        while True:
            await asyncio.sleep(_EVERY)
            before, stands = self._writer.commits, False
            if acting:
                stands = await self.once(now_ms())
                lasting_tasks.well()
            if not stands:  # none opens without a commit
                await self._writer.moved(before, _LONGEST)

    async def once(self, now: int) -> bool:
        """One look at what is due, and its deeds, side by side; whether any breaker is open."""
        opened = await self._writer.read(breakers.open_ones, now)
        if not opened and not self._unwritten:
            return False
        if any(one.budget and one.confirmed is None for one in opened):
            await self._tell(self._look_again, now)
        holder = self._actions.holder
        known = [one for one in holder.sessions() if holder.confidence(one) == "exact"]
        due = await self._writer.read(find_due, known, now)
        due = [one for one in due if not await self._holds_by_hook(one)]
        self._refused = {key: at for key, at in self._refused.items() if 0 < at - now <= _RETRY}
        wanted = [
            one
            for one in due
            if (one.breaker.id, one.session, one.deed) not in {*self._refused, *self._unwritten}
        ]
        ends = await asyncio.gather(*(self._do(one, now) for one in wanted), return_exceptions=True)
        if errors := [end for end in ends if isinstance(end, Exception)]:
            raise ExceptionGroup("deeds of breakers", errors)
        await self._write_down()
        return True

    async def _holds_by_hook(self, due: Due) -> bool:
        """Whether a pause is not needed: it would leave a terminal to a shell, and the hook holds.

        It holds where it was ever heard, and few calls came since: the one under way, and one turn
        after the first denial; not where the agent argues with it.
        """
        if due.deed != "pause" or due.breaker.action != "pause" or due.capped:
            return False
        if not self._actions.actions.has_terminal(due.session):
            return False
        return await self._writer.read(_is_held, due.breaker, due.session)

    async def _do(self, due: Due, now: int) -> None:
        if due.capped:
            await self._tell(self._say_capped, due.breaker, now)
            return
        if due.deed == escalations.TOLD:
            await self._tell(self._say_slipped, due, now)
            return
        by = f"breaker {due.breaker.budget}"
        order = {"pause": Pause, "kill": Kill, "resume": Resume}[due.deed](due.session, by=by)
        try:
            await self._actions.act(order, None, self._action_log)
        except CosttopError:
            self._refused[due.breaker.id, due.session, due.deed] = now + _RETRY
            if due.breaker.action in BY_HOOK and due.deed == "pause":
                loose = due._replace(deed=escalations.TOLD)
                await self._tell(self._say_slipped, loose, now)
            return
        self._unwritten[due.breaker.id, due.session, due.deed] = now_ms()
        if due.breaker.action in BY_HOOK and due.deed != "resume":
            await self._tell(self._say_slipped, due, now)

    async def _tell(self, say: Callable[..., bool], *given: object) -> None:
        """A transaction that may post a letter; then it goes now, not with the next commit."""
        if await self._writer.transact(say, *given):
            self._action_log.posted()

    async def _write_down(self) -> None:
        """What was done is not done again, also where the store cannot keep it yet."""
        for (breaker, session, deed), at in list(self._unwritten.items()):
            await self._writer.transact(breakers.note_deed, breaker, session, deed, "done", at)
            del self._unwritten[breaker, session, deed]

    def _say_slipped(self, db: sqlite3.Connection, due: Due, now: int) -> bool:
        """Tells that a gate did not hold, and what was done; where nothing could be, once."""
        if due.deed == escalations.TOLD:
            if (due.session, due.deed) in breakers.done(db, due.breaker.id):
                return False
            breakers.note_deed(db, due.breaker.id, due.session, due.deed, "told", now)
        one, words = due.breaker, escalations.words(due.deed, short_ids.said(db, due.session))
        said = wording.breaker(one.budget, words, one.why + ".")
        return post_notice(db, self._audience, said, "critical", now)

    def _say_capped(self, db: sqlite3.Connection, one: Breaker, now: int) -> bool:
        if not breakers.say_capped(db, one.id):
            return False
        words = f"held back: costtop touches at most {judge.MOST} sessions an hour by itself"
        said = wording.breaker(one.budget, words, f"{one.why}; the gate stays closed.")
        return post_notice(db, self._audience, said, "critical", now)


def _is_held(db: sqlite3.Connection, one: Breaker, session: str) -> bool:
    if not gate_calls.is_gated(db, session) or escalations.slips(db, one, session):
        return False
    source, _, name = session.partition("/")
    about = gating.facts(db, source, name)
    return gating.calls_since(db, about["root"], one.opened) <= _TURNS


def find_due(db: sqlite3.Connection, sessions: Sequence[str], now: int) -> list[Due]:
    """What breakers are due to do to these sessions, whose processes are known."""
    found: list[Due] = []
    touched = breakers.touched_since(db, now - HOUR)
    for one in breakers.open_ones(db, now):
        if one.budget and one.confirmed is not None and one.action in {"pause", "kill"}:
            done = breakers.done(db, one.id)
            for session in sessions:
                mine = {deed for key, deed in done if key == session}
                due = _due(db, one, session, mine, now)
                capped = due in {"pause", "kill"} and judge.capped(session, touched)
                if due:
                    found.append(Due(one, session, due, capped))
                    touched |= set() if capped or due == "resume" else {session}
        if one.budget:
            found += _escalated(db, one, sessions, touched, now)
    return found


def _escalated(
    db: sqlite3.Connection, one: Breaker, sessions: Sequence[str], touched: set[str], now: int
) -> list[Due]:
    """The same of a breaker whose gate does not hold; adds to `touched` what it will touch."""
    found = []
    for session, deed in escalations.due(db, one, sessions, now):
        capped = deed in {"pause", "kill"} and judge.capped(session, touched)
        found.append(Due(one, session, deed, capped))
        touched |= {session} if deed in {"pause", "kill"} and not capped else set()
    return found


def _due(db: sqlite3.Connection, one: Breaker, session: str, done: set[str], now: int) -> str:
    if breakers.overridden(db, one.budget, session, now):
        return "resume" if "pause" in done and not done & {"kill", "resume"} else ""
    source, _, name = session.partition("/")
    about = gating.facts(db, source, name)
    if not gating.falls_under(db, one.scope, one.excepted, about):
        return ""
    if not _spends(db, about["root"], one.opened):
        return ""
    return judge.deed(one, done, now)


def _spends(db: sqlite3.Connection, root: object, opened: int) -> bool:
    seen = gating.last_seen(db, root)
    return seen is not None and seen > opened - judge.ACTIVE
