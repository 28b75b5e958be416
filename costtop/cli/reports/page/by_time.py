"""Spend by hour or day as a section: a chart of lanes, and the table behind it."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from costtop import periods
from costtop.cli.reports.forms import report_table
from costtop.cli.reports.page import page_table, spend_chart
from costtop.cli.reports.page.markup import element, joined
from costtop.cli.reports.page.skeleton import Section
from costtop.cli.reports.page.spend_chart import ChartMoment
from costtop.cli.tables import count
from costtop.queries.spending import report
from costtop.queries.spending.report import Report
from costtop.queries.spending.report_line import Line
from costtop.shown import currency

if TYPE_CHECKING:
    from costtop.queries.spending.report_beside import Compared


def section(
    found: Report,
    unit: str,
    columns: Sequence[str],
    beside: "Compared | None" = None,
    said: Sequence[str] = (),
) -> Section:
    """The section of a report by `unit`, hour or day; `said` are notes below its table."""
    laid = report_table.laid(found, columns, beside, said)
    moments = [_moment(pair, unit) for pair in _filled(found, unit)]
    chart = spend_chart.drawn(moments, f"by {unit}") if moments else element("p", "No spend.")
    table = page_table.of_report(laid, found, f"Spend by {unit}", ranked=False)
    many = f"Table: {len(found.lines)} {unit}s"
    body = joined((chart, page_table.folded(many, table), *page_table.notes(laid)))
    return Section("time", f"By {unit}", "", body)


def _filled(found: Report, unit: str) -> list[tuple[str, Line | None]]:
    """Each hour or day of the span, those without spend too; hours where one was spent in."""
    lines = {line.key: line for line in found.lines}
    if unit == "hour" or not lines:
        return list(lines.items())
    tz = periods.zone(found.zone)
    since, until = report.counted(found.since, found.until)
    keys = list(lines)
    start = periods.bounds("day", keys[0], tz)[0] if since is None else since
    end = periods.bounds("day", keys[-1], tz)[1]
    days = periods.days(start, end if until is None else max(min(until, end), start + 1), tz)
    return [(day.key, lines.get(day.key)) for day in days]


def _moment(pair: tuple[str, Line | None], unit: str) -> ChartMoment:
    key, line = pair
    at = datetime.fromisoformat(key)
    name, tick = (
        (f"{at:%a} {at.day} {at:%b} {at:%H:%M}", f"{at:%H:%M}")
        if unit == "hour"
        else (f"{at:%a} {at.day} {at:%b}", f"{at.day} {at:%b}")
    )
    if line is None:
        return ChartMoment(
            name=name,
            tick=tick,
            cost=0,
            floor=False,
            billed=None,
            tokens=0,
            tasks=0,
            said=f"{name}: nothing",
        )
    billed = None if line.billed is None else line.paid
    cost = currency.amount(line.short.known(line.cost), floor=line.floor)
    parts = [cost, f"{count(line.input + line.output)} tokens", f"{line.sessions} sessions"]
    parts += [] if billed is None else [f"billed {currency.amount(billed)}"]
    parts += [f"{line.tasks} tasks"] if line.tasks else []
    return ChartMoment(
        name=name,
        tick=tick,
        cost=line.cost,
        floor=line.floor,
        billed=billed,
        tokens=line.input + line.output,
        tasks=line.tasks,
        said=f"{name}: {', '.join(parts)}",
    )


def span_words(first: str, last: str) -> str:
    """Local days for people: "23 – 29 November 2026"."""
    a, b = datetime.fromisoformat(first), datetime.fromisoformat(last)
    if first == last:
        return f"{a:%A}, {a.day} {a:%B} {a.year}"
    head = f"{a.day}"
    if (a.year, a.month) != (b.year, b.month):
        head += f" {a:%B}"
    if a.year != b.year:
        head += f" {a.year}"
    return f"{head} – {b.day} {b:%B} {b.year}"
