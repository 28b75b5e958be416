"""Whether spend is covered by a plan, and what of it is billed: the one owner of both. Arithmetic.

The value of a call is what it would cost by the lists of the API. Billed of it is nothing where a
plan of its agent covers it; what the tool itself says that it charged, where that is known to be a
charge; its value everywhere else. The price of a plan is an amount of its own, by days.
"""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.money import exactly
from costtop.nouns.paid_plan import PaidPlan

CHARGING = ("copilot", "grok", "kilo", "opencode")
"""Sources whose reported cost is what is charged: credits of GitHub, what the API of xAI bills,
what OpenCode has a provider charge."""


def label(plan: PaidPlan) -> str:
    """A plan's name with its price: "Claude Max $200/mo"."""
    return f"{plan.name} ${exactly(plan.price).removesuffix('.00')}/mo"


def covers(plan: PaidPlan, source: str, account: str, at: int) -> bool:
    """Whether the plan holds for a call of this source and account (its agent's home) then, ms."""
    return (
        source in plan.sources
        and (plan.since is None or plan.since <= at)
        and (plan.until is None or at < plan.until)
        and plan.account in ("", account)
    )


def billed(
    plans: Iterable[PaidPlan],
    source: str,
    account: str,
    at: int,
    *,
    cost: int | None,
    reported: int | None,
) -> int:
    """Nano-dollars that are billed for a call beyond the prices of plans."""
    if any(covers(plan, source, account, at) for plan in plans):
        return 0
    if source in CHARGING and reported is not None:
        return reported
    return cost or 0


def share(plan: PaidPlan, since: int, until: int, tz: ZoneInfo) -> int:
    """What of the plan's price falls on [since, until), ms UTC.

    A month's price is shared equally by its local days, and a day's by its time, so that parts of a
    span, wherever it is cut, add up to the whole to the nano-dollar.
    """
    at = max(since, plan.since) if plan.since is not None else since
    until = min(until, plan.until) if plan.until is not None else until
    total = 0
    while at < until:
        month = periods.span("month", at, tz)
        end = min(month.end, until)
        total += _passed(plan.price, month, end, tz) - _passed(plan.price, month, at, tz)
        at = end
    return total


def _passed(price: int, month: periods.Span, moment: int, tz: ZoneInfo) -> int:
    """What of a month's price falls on its time before a moment within it."""
    if moment >= month.end:
        return price
    day = periods.span("day", moment, tz)
    nth, days = int(day.key[8:]), int(periods.key("day", month.end - 1, tz)[8:])
    before, after = price * (nth - 1) // days, price * nth // days
    return before + (after - before) * (moment - day.start) // (day.end - day.start)
