"""Value and billed in words and as JSON: the one owner of both, for heads, frames, status bars."""

from costtop import money
from costtop.plans import billing
from costtop.queries.plans.billed_now import BilledNow
from costtop.queries.plans.billed_span import BilledSpan
from costtop.shown import currency


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
    return f"billed {beyond(billed)}"


def beyond(billed: BilledNow) -> str:
    """Today's amount beyond the price of plans: "$0.00"."""
    return currency.amount(billed.today)


def span(billed: BilledSpan) -> str:
    """A note: "$12.30 is value, at API prices; billed $0.00 + plan $6.67 (Claude Max $200/mo)"."""
    plans = f" ({', '.join(billed.plans)})" if billed.plans else ""
    value = currency.amount(billed.value)
    return f"{value} is value, at API prices; billed {_with(billed.beyond, billed.share)}{plans}"


def beside(beyond: int, share: int) -> str:
    """Behind an amount that is value: "value, billed $0.00 + plan $6.67"."""
    return f"value, billed {_with(beyond, share)}"


def span_tree(billed: BilledSpan | None) -> dict[str, object]:
    """The same as JSON; nothing without a plan."""
    if billed is None:
        return {}
    return {
        "value_usd": money.exact(billed.value),
        "billed_usd": money.exact(billed.beyond + billed.share),
        "plan_share_usd": money.exact(billed.share),
    }


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
        f"{currency.amount(beyond)} + plan {currency.amount(share)}"
        if share
        else (f"{currency.amount(beyond)}")
    )
