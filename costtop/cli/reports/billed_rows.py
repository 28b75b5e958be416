"""What `costtop report` says of plans: value beside billed, the plans' lines, a word on both."""

from collections.abc import Sequence

from costtop import money
from costtop.cli.reports.columns_of_sums import COLUMNS
from costtop.named_tuples import NamedTuple
from costtop.plans import billing
from costtop.queries.plans.billed_report import Billing
from costtop.queries.spending.report import Report
from costtop.shown import currency

VALUE = COLUMNS["value"][0]
BILLED = COLUMNS["billed"][0]


class PlanLine(NamedTuple):
    """A plan beside the rows of a report."""

    label: str
    left: int  # nano-dollars of its share that no row carries


def headed(head: tuple[str, ...]) -> tuple[str, ...]:
    """The heads of a table that names its costs as what they are."""
    return tuple(VALUE if one == COLUMNS["cost"][0] else one for one in head)


def with_plans(
    found: Report, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """The rows with one for each plan of which they do not carry all, before the total."""
    if BILLED not in head:
        return list(rows)
    at = head.index(BILLED)
    plans = [
        (one.label, *[""] * (at - 1), currency.figure(one.left, places=4), *[""] * (len(head) - at))
        for one in lines(found)
        if one.left
    ]
    return [*rows[:-1], *(row[: len(head)] for row in plans), rows[-1]]


def lines(found: Report) -> list[PlanLine]:
    """The plans of the span; their lines and the rows together are the total."""
    if found.billing is None:
        return []
    left = _left(found, found.billing)
    return [
        PlanLine(f"plan {billing.label(one.plan)}", left.get(one.plan.name, 0))
        for one in found.billing.prices
    ]


def tree(found: Report) -> dict[str, object]:
    """The plans as a report's JSON names them; nothing without one."""
    if found.billing is None:
        return {}
    left = _left(found, found.billing)
    return {
        "paid_plans": [
            {
                "name": one.plan.name,
                "agent": one.plan.agent,
                "account": one.plan.account or None,
                "price_usd": money.exact(one.plan.price),
                "share_usd": money.exact(one.share),
                "beside_rows_usd": money.exact(left[one.plan.name]),
            }
            for one in found.billing.prices
        ]
    }


def flat(found: Report, row: dict[str, object]) -> list[dict[str, object]]:
    """A row for each plan of which the others do not carry all, in the fields of `row`."""
    none: dict[str, object] = dict.fromkeys(row, "")
    return [
        none
        | {"key": one.label, "cost_usd": money.exact(0), "value_usd": money.exact(0)}
        | {"billed_usd": money.exact(one.left), "plan_share_usd": money.exact(one.left)}
        for one in lines(found)
        if one.left
    ]


def said(found: Report) -> str:
    """What value and billed mean here, and what of the plans' prices is in it."""
    if found.billing is None:
        return ""
    text = "VALUE is what the API would cost; BILLED what is charged beyond a plan's price"
    if not found.billing.prices:
        return text + "; no plan holds here."
    shares = ", ".join(
        f"{billing.label(one.plan)}: {currency.amount(one.share)}" for one in found.billing.prices
    )
    return f"{text},\nand of that price what falls on these days ({shares})."


def _left(found: Report, known: Billing) -> dict[str, int]:
    """What of each plan's share no row carries, by the plan's name."""
    carried = dict.fromkeys((one.plan.name for one in known.prices), 0)
    for line in found.lines:
        for name, share in line.plan_shares:
            carried[name] += share
    return {one.plan.name: one.share - carried[one.plan.name] for one in known.prices}
