"""What the fleet's budgets hold back on this machine, told by the server or, out of its reach, not.

A budget that is spent in the fleet opens a breaker here, by which hooks and deeds go as by one of
this machine's own. Each budget leaves this machine a share: what it may spend by itself while
nobody counts it. All of it lies in the store, so neither a restart nor a cut network lifts a guard.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from costtop import lasting_tasks
from costtop.alerts import wording
from costtop.alerts.breaker import COUNTDOWN
from costtop.alerts.escalation import BY_HOOK
from costtop.daemon.notices.post import Audience, post_findings, post_notice
from costtop.durations import now_ms, words
from costtop.model import Breaker, Finding, Severity
from costtop.money import beside, exactly
from costtop.named_tuples import NamedTuple
from costtop.nouns.budget_nouns import OF_FLEET, BudgetAction, Escalation
from costtop.queries.plans import watched_spend
from costtop.store import meta
from costtop.store.alerts import alert_reads, breakers
from costtop.store.calls import scope_sums
from costtop.store.writer import Writer

PATIENCE = 90_000  # ms without a count of the fleet after which this machine counts by itself
_NOTE = 10_000  # ms between two notes that nothing has changed
_LOOK = 1.0  # s
_SHARE = "budget_share"
_OVER = "its agents may go on"


class FleetGuard(msgspec.Struct, frozen=True):
    """One budget of the fleet, as the server tells it to its hosts; times run from its telling."""

    budget: str
    period: str
    share: int  # nano-dollars
    action: BudgetAction
    scope: dict[str, str]
    excepted: dict[str, str]
    escalate: Escalation
    offline: str  # hold | pass
    why: str
    open: bool
    confirmed: bool
    until_in_ms: int | None
    age_ms: int  # since the fleet was counted


class KeptGuard(msgspec.Struct, frozen=True):
    """The same in the store, with the times of this machine's clock; ms UTC."""

    told: FleetGuard
    counted: int
    until: int | None

    @property
    def name(self) -> str:
        """What its breaker is called."""
        return f"{OF_FLEET}{self.told.budget}"


class GuardRules(NamedTuple):
    """What of a fleet's holds is carried out here: by hooks always, deeds if accepted."""

    accept: frozenset[str] = frozenset()
    patience: int = PATIENCE


class FleetGuards:
    """Takes what the pipe brings, and looks after what it said last."""

    def __init__(
        self, writer: Writer, to: Audience, rules: GuardRules, posted: Callable[[], None]
    ) -> None:
        self._writer, self._to, self._rules, self._posted = writer, to, rules, posted
        self.holds: list[dict[str, str]] = []  # budget and why, for the status file

    async def take(self, guards: Sequence[Mapping[str, Any]]) -> None:
        """All guards of this machine, as the server tells them, any number of times."""
        told = msgspec.convert(guards, list[FleetGuard])
        now = now_ms()
        if not await self._writer.read(_is_news, told, now):
            return
        if await self._writer.transact(keep, told, self._to, self._rules, now):
            self._posted()

    async def run(self) -> None:
        """For ever: what this machine spends while it is out of reach."""
        while True:
            now = now_ms()
            away = await self._writer.read(is_out_of_reach, self._rules, now)
            if away and await self._writer.transact(look, self._to, self._rules, now):
                self._posted()
            self.holds = await self._writer.read(holding, now)
            lasting_tasks.well()
            await lasting_tasks.beat(_LOOK)


def kept(db: sqlite3.Connection) -> list[KeptGuard]:
    """What the server said last."""
    return msgspec.json.decode(meta.get(db, meta.FLEET_GUARDS) or "[]", type=list[KeptGuard])


def _is_news(db: sqlite3.Connection, told: Sequence[FleetGuard], now: int) -> bool:
    known = kept(db)
    if [_lasting(one) for one in told] != [_lasting(one.told) for one in known]:
        return True
    return any(
        now - each.age_ms - one.counted >= _NOTE for each, one in zip(told, known, strict=True)
    )


def _lasting(one: FleetGuard) -> FleetGuard:
    return msgspec.structs.replace(one, age_ms=0, until_in_ms=0, share=0)


def keep(
    db: sqlite3.Connection, told: Sequence[FleetGuard], to: Audience, rules: GuardRules, now: int
) -> bool:
    """Keeps what the server says, and has it hold; True where a message was posted."""
    guards = [
        KeptGuard(one, now - one.age_ms, one.until_in_ms and now + one.until_in_ms) for one in told
    ]
    tree = msgspec.json.encode(guards).decode()
    meta.put(db, {meta.FLEET_GUARDS: tree})
    return _hold(db, guards, to, rules, now)


def holding(db: sqlite3.Connection, now: int) -> list[dict[str, str]]:
    """The fleet's budgets that hold agents here: "budget" and "why"."""
    opened = breakers.open_ones(db, now)
    mine = (one for one in opened if one.budget.startswith(OF_FLEET))
    return [{"budget": one.budget, "why": one.why} for one in mine]


def is_out_of_reach(db: sqlite3.Connection, rules: GuardRules, now: int) -> bool:
    """Whether some guard was not counted for long."""
    return any(now - one.counted > rules.patience for one in kept(db))


def look(db: sqlite3.Connection, to: Audience, rules: GuardRules, now: int) -> bool:
    """Holds by this machine's own count what is beyond its share; True where it was told."""
    return _hold(db, kept(db), to, rules, now)


def _hold(
    db: sqlite3.Connection, guards: Iterable[KeptGuard], to: Audience, rules: GuardRules, now: int
) -> bool:
    open_ones = breakers.open_ones(db, now)
    known = {one.budget: one for one in open_ones if one.budget.startswith(OF_FLEET)}
    posted = False
    for guard in guards:
        if guard.until is not None and guard.until <= now and guard.told.open:
            continue
        over = 0 if guard.told.open else _beyond(db, guard, rules, now)
        posted |= bool(_tell_share(db, guard, over, to, now))
        held = known.pop(guard.name, None)
        wanted = _breaker(guard, over, rules, now)
        if wanted is None and held is not None:
            known[guard.name] = held
        elif wanted is not None:
            posted |= _open(db, wanted, held, to, now)
    for one in known.values():
        breakers.end(db, [one.id], "the fleet holds it no longer", now)
        posted |= _notice(db, one, _OVER, to, now)
    return posted


def _beyond(db: sqlite3.Connection, guard: KeptGuard, rules: GuardRules, now: int) -> int:
    """What this machine spent since the fleet was counted, where that is more than its share."""
    if now - guard.counted <= rules.patience:
        return 0
    scope, counted = guard.told.scope, watched_spend.calls(db, "")
    spent = sum(cost for _, cost, _ in scope_sums.minutes(db, scope, guard.counted, now, counted))
    return spent if spent > guard.told.share else 0


def _breaker(guard: KeptGuard, over: int, rules: GuardRules, now: int) -> Breaker | None:
    """What is to hold here; None where nothing is."""
    told = guard.told
    if told.open:
        sure = told.confirmed
        action = told.action if told.action in BY_HOOK | rules.accept else "gate"
        escalate: Escalation = told.escalate if told.escalate in rules.accept else "none"
        why = f"the fleet's {told.why}"
    elif over and told.offline == "hold":
        sure, action, escalate = False, "gate", "none"
        away = words(now - guard.counted)
        why = f"the fleet's budget {told.budget} was not counted for {away}, and this machine has"
        why += f" spent ${beside(over, told.share)} of its share of ${exactly(told.share)}"
    else:
        return None
    due = now + (COUNTDOWN if action == "kill" else 0)
    return Breaker(
        budget=guard.name,
        period=told.period,
        action=action,
        scope=tuple(sorted(told.scope.items())),
        why=why,
        opened=now,
        confirmed=now if sure else None,
        due=due if sure else None,
        until=guard.until if told.open else None,
        escalate=escalate,
        excepted=tuple(sorted(told.excepted.items())),
    )


def _open(
    db: sqlite3.Connection, wanted: Breaker, held: Breaker | None, to: Audience, now: int
) -> bool:
    if held is None or (held.scope, held.period) != (wanted.scope, wanted.period):
        if held is not None:
            breakers.end(db, [held.id], "its budget is another one", now)
        breakers.put(db, wanted)
        return _notice(db, wanted, "spent: its agents' hooks refuse from now on", to, now)
    sure = wanted.confirmed is not None
    same = (held.action, held.escalate, held.excepted, held.confirmed is not None) == (
        *(wanted.action, wanted.escalate, wanted.excepted, sure),
    )
    if not same:
        confirmed = held.confirmed or wanted.confirmed if sure else None
        kept_since = wanted._replace(id=held.id, opened=held.opened, confirmed=confirmed)
        breakers.put(db, kept_since)
    return False


def _notice(db: sqlite3.Connection, one: Breaker, said: str, to: Audience, now: int) -> bool:
    severity: Severity = "notice" if said == _OVER else "warning"
    return post_notice(db, to, wording.breaker(one.budget, said, one.why + "."), severity, now)


def _tell_share(
    db: sqlite3.Connection, guard: KeptGuard, over: int, to: Audience, now: int
) -> bool:
    """Tells once that this machine is beyond its share, and that it is counted again."""
    told, name = guard.told, guard.name
    said = alert_reads.of_budget(db, name, told.period)
    still = any(one.rule == _SHARE and one.state in {"open", "acknowledged"} for one in said)
    if still == bool(over):
        return False
    found = Finding(
        _SHARE,
        "warning",
        now,
        f"budget {name}: beyond this machine's share" if over else f"budget {name}: counted again",
        "The fleet counts this machine again.",
        budget=name,
        period=told.period,
        cost=over or None,
        resolved=not over,
    )
    if over:
        why = f"it was not counted for {words(now - guard.counted)}; this machine has spent"
        why += f" ${beside(over, told.share)} since, of its share of ${exactly(told.share)}."
        found = found._replace(why=why, evidence=(("amount", told.share),))
    return any(one.speaks for one in post_findings(db, [found], to, now))
