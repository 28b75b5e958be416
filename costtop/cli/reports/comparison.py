"""What `costtop report --against` adds: the amount beside each row, and how far it moved."""

from typing import TYPE_CHECKING, Any

from costtop import money, periods
from costtop.durations import iso
from costtop.queries.spending.report_line import Line
from costtop.shown import currency

if TYPE_CHECKING:
    from costtop.queries.spending.report_beside import Compared

HEADS = {"before": ("BEFORE $", "CHANGE"), "like": ("USUAL $", "CHANGE")}
_TOTAL = "total"


def cells(line: Line, beside: "Compared") -> tuple[str, str]:
    """The amount beside, and the change: "+31 %", "new", "-" where nothing is known."""
    then = of(line, beside)
    if then is None:
        return "-", "-"
    if not then:
        return currency.figure(then, places=4), "new" if line.cost else "-"
    return currency.figure(then, places=4), f"{100 * (line.cost / then - 1):+.0f} %"


def of(line: Line, beside: "Compared") -> int | None:
    """What the row cost elsewhere, nano-dollars; None where that is not known."""
    return beside.total if line.key == _TOTAL else beside.costs.get(line.key)


def said(beside: "Compared", zone: str) -> str:
    """What was compared with, in one line."""
    tz = periods.zone(zone)
    if not beside.spans:
        return f"compared with {beside.name}: nothing is known of them"
    if beside.against == "like":
        return f"USUAL is the median of {len(beside.spans)} {beside.name}"
    first, last = beside.spans[0][0], beside.spans[0][1] - 1
    names = dict.fromkeys(periods.label("day", at, tz) for at in (first, last))
    return f"BEFORE is {' to '.join(names)}"


def tree(made: dict[str, object], beside: "Compared") -> dict[str, object]:
    """The report for scripts with `against_usd` and `change_usd` in each row; null: not known."""
    rows: Any = made["rows"]
    total: Any = made["total"]
    for row in (*rows, total):
        then = beside.total if row is total else beside.costs.get(row["key"])
        row["against_usd"] = None if then is None else money.exact(then)
        now = money.parse(row["cost_usd"]) if then is not None else 0
        row["change_usd"] = None if then is None else money.exact(now - then)
    spans = [{"since_at": iso(since), "until_at": iso(until)} for since, until in beside.spans]
    return {**made, "against": {"kind": beside.against, "of": beside.name, "spans": spans}}
