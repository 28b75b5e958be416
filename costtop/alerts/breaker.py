"""When a budget's breaker opens, is confirmed and ends, and what it may do then. It does nothing.

Pure: a look at what is spent against what was known. Money is int nano-dollars, times are ms UTC.
The gate holds from the first look on, for that is harmless; processes are touched only after a
second look has confirmed it, a kill only after a countdown, and few of them an hour.
"""

from collections.abc import Collection
from typing import Literal

from costtop.alerts.escalation import BY_HOOK
from costtop.model import Breaker, Budget, Escalation, Severity
from costtop.money import beside, exactly
from costtop.named_tuples import NamedTuple

CONFIRM = 1_000  # ms between the two looks
COUNTDOWN = 30_000  # ms between the notice and a kill
MOST = 3  # sessions an hour whose processes breakers may touch
HYSTERESIS = 95  # per cent of the amount below which an open one ends
ACTIVE = 300_000  # ms: a session that made no call since so long before is not spending


Said = Literal["", "opened", "again", "confirmed", "ended"]


class BreakerLook(NamedTuple):
    """What a look made of a breaker: `said` is "" for no change, "again" for a second look due."""

    breaker: Breaker | None
    said: Said = ""


def look(
    budget: Budget,
    spent: int,
    known: Breaker | None,
    span: tuple[str, int],
    now: int,
    heard: int = 0,
    why: str = "",
) -> BreakerLook:
    """One look at a budget; `span` is (key, end) of its present period.

    `heard` of what is spent was only heard over a wire: it opens a gate, and no more. `why` says it
    for a budget that is no amount of dollars.
    """
    wanted = budget.action != "notify"
    if wanted and spent - heard < budget.limit <= spent:
        budget = budget._replace(action="gate")
    if known is None:
        over = wanted and spent >= budget.limit
        return _first(budget, spent, span, now, heard, why) if over else BreakerLook(None)
    low = budget.limit if known.confirmed is None else budget.limit * HYSTERESIS // 100
    if not wanted or spent < low:
        return BreakerLook(known, "ended")
    if known.confirmed is None and now - known.opened >= CONFIRM:
        due = now + (COUNTDOWN if budget.action == "kill" else 0)
        sure = known._replace(confirmed=now, due=due, action=budget.action)
        return BreakerLook(sure, "confirmed")
    if known.confirmed is not None and known.action == "gate" != budget.action:
        # What was only heard until now is known by a log, or the budget is tighter.
        why = why or _why(budget, spent, heard)
        return BreakerLook(known._replace(confirmed=None, action=budget.action, why=why), "again")
    if known.escalate != (escalate := _escalation(budget, spent, heard)):
        return BreakerLook(known._replace(escalate=escalate), "again")
    if known.excepted != budget.excepted:
        return BreakerLook(known._replace(excepted=budget.excepted), "again")
    return BreakerLook(known)


def _escalation(budget: Budget, spent: int, heard: int) -> Escalation:
    """What may follow where its gate does not hold: nothing by what was only heard."""
    by_hook = budget.action in BY_HOOK and spent - heard >= budget.limit
    return budget.escalate if by_hook else "none"


def _first(
    budget: Budget, spent: int, span: tuple[str, int], now: int, heard: int, why: str
) -> BreakerLook:
    key, end = span
    made = Breaker(
        budget=budget.name,
        period=key,
        action=budget.action,
        scope=budget.scope,
        why=why or _why(budget, spent, heard),
        opened=now,
        until=end,
        escalate=_escalation(budget, spent, heard),
        excepted=budget.excepted,
    )
    return BreakerLook(made, "opened")


def _why(budget: Budget, spent: int, heard: int) -> str:
    of = f"${beside(spent, budget.amount)}{budget.watched} of ${exactly(budget.amount)}"
    why = f"budget {budget.name} is {reached(budget)}: {of}"
    if spent - heard < budget.limit:
        why += f", ${exactly(heard)} of it only heard over OTLP, which ends and pauses nothing"
    return why


def reached(budget: Budget) -> str:
    """How a budget whose action is due is called: "spent", or "90 % spent" before all of it is."""
    return "spent" if budget.act_at == 100 else f"{budget.act_at} % spent"


def deed(one: Breaker, done: Collection[str], now: int) -> Literal["", "pause", "kill"]:
    """What is to be done to a session's process now: pause, kill or "".

    What is to be killed is paused first, so that it spends nothing while the countdown runs.
    """
    if one.confirmed is None or one.action not in {"pause", "kill"}:
        return ""
    if "pause" not in done and "kill" not in done:
        return "pause"
    late = one.action == "kill" and "kill" not in done and now >= (one.due or now)
    return "kill" if late else ""


def capped(session: str, touched: Collection[str]) -> bool:
    """Whether the hourly cap holds it back; `touched` are the sessions of the last hour."""
    return session not in touched and len(touched) >= MOST


def notice(one: Breaker, said: Said, how: str = "spent") -> tuple[Severity, str] | None:
    """(severity, words) of what is told of a look; None where nothing is. `how` it is reached."""
    match said, one.action:
        case "opened", "gate" | "pause" | "stop" | "kill":
            excepted = " and ".join(f"{field}={glob}" for field, glob in one.excepted)
            besides = f", but for {excepted}" if excepted else ""
            return "warning", f"{how}: its agents' hooks refuse from now on{besides}"
        case "confirmed", "pause":
            return "critical", "its running sessions are paused now"
        case "confirmed", "kill":
            seconds = COUNTDOWN // 1000
            return "critical", f"its running sessions are paused now and killed in {seconds} s"
        case "ended", _:
            return "notice", "its agents may go on"
    return None
