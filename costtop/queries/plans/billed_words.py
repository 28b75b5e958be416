"""Value and billed in words and as JSON: the one owner of both, for heads, frames, status bars."""

from costtop import money
from costtop.plans import billing
from costtop.queries.plans.billed_now import BilledNow


def line(billed: BilledNow) -> str:
    """What is billed beside the value: "billed today $0.00 + plan $6.67 · month …"."""
    said = f"billed today {today(billed)} · month {month(billed)}"
    return " · ".join([said, *names(billed)])


def today(billed: BilledNow) -> str:
    """As "$0.00 + plan $6.67": beyond the price of plans, and the day's part of that."""
    return _with(billed.today, billed.today_share)


def month(billed: BilledNow) -> str:
    """The same of the month so far."""
    return _with(billed.month, billed.month_share)


def names(billed: BilledNow) -> list[str]:
    """The plans that hold today with their prices."""
    return [billing.label(plan) for plan in billed.plans]


def status(billed: BilledNow) -> str:
    """In a status bar."""
    return f"billed ${money.dollars(billed.today)}"


def tree(billed: BilledNow, today: int, month: int) -> dict[str, object]:
    """The same as JSON; `today` and `month` are the values, nano-dollars."""
    return {
        "today_value_usd": money.exact(today),
        "today_billed_usd": money.exact(billed.today + billed.today_share),
        "today_plan_share_usd": money.exact(billed.today_share),
        "month_value_usd": money.exact(month),
        "month_billed_usd": money.exact(billed.month + billed.month_share),
        "month_plan_share_usd": money.exact(billed.month_share),
        "paid_plans": [
            {
                "name": plan.name,
                "agent": plan.agent,
                "account": plan.account or None,
                "price_usd": money.exact(plan.price),
            }
            for plan in billed.plans
        ],
    }


def _with(beyond: int, share: int) -> str:
    return (
        f"${money.dollars(beyond)} + plan ${money.dollars(share)}"
        if share
        else (f"${money.dollars(beyond)}")
    )
