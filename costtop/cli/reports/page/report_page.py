"""`costtop report --html`: which sections its page has, and what stands in each.

Each table is a report of its own, read and worded as the command does it; so the sums are those of
`report --json`, and those of one page are each other's.
"""

from collections.abc import Iterator, Sequence

from costtop.cli.reports import billed_rows
from costtop.cli.reports.columns_of_sums import COLUMNS
from costtop.cli.reports.forms import markdown, report_table
from costtop.cli.reports.forms.answered import Answered
from costtop.cli.reports.page import by_time, curve_cards, meter_cards, page_table, skeleton
from costtop.cli.reports.page.markup import Part, element, joined
from costtop.cli.reports.page.page_table import Grid
from costtop.cli.reports.page.skeleton import Section, Tile, WebPage
from costtop.cli.tables import count
from costtop.durations import DAY
from costtop.queries.plans import plan_history
from costtop.queries.sessions import span_curves
from costtop.queries.sessions.span_curves import SpanCurve
from costtop.queries.spending import budget_periods, report, sum_keys
from costtop.queries.spending.report import Report
from costtop.queries.spending.report_line import Line
from costtop.shown import currency

_SHORT = 2 * DAY + DAY // 24  # up to which hours are told apart, with one that a clock set back
_NAMES, _SESSIONS, _CARDS = 40, 60, 6  # rows of features and models, of sessions; cards
_COLUMNS = {
    "day": ("cost", "calls", "sessions", "input", "output", "tasks", "per-task"),
    "feature": ("cost", "sessions", "calls", "input", "cached", "output", "tasks", "per-task"),
    "model": ("cost", "sessions", "calls", "input", "cached", "output", "reasoning"),
    "session": ("cost", "calls", "input", "cached", "output", "tasks"),
}


def html(one: Answered, shown: Sequence[str], said: Sequence[str]) -> str:
    """The page of an answered report; `shown` are its columns, `said` what stands below it."""
    first, last = one.dates()
    parts = tuple(_sections(one, shown, said))
    page = WebPage(
        kind="Spend report",
        title=by_time.span_words(first, last),
        about=_about(one),
        tiles=tuple(_tiles(one)),
        sections=parts,
        command=markdown.command(one.typed),
        made_at=curve_cards.when(one.now, one.tz),
    )
    return skeleton.document(page)


def _sections(one: Answered, shown: Sequence[str], said: Sequence[str]) -> Iterator[Section]:
    by = one.found.by
    unit = _unit(one)
    asked = by not in (unit, "day", "feature", "model", "session", "total")
    if asked:
        yield _asked(one, shown, said)
    own = by == unit
    columns = tuple(shown) if own else _columns(one, "day")
    said = () if asked else said
    yield by_time.section(_read(one, unit), unit, columns, one.beside if own else None, said)
    yield _named(one, "feature", "Features", "What the money was for.", shown)
    yield _named(one, "model", "Models", "Which models it went to.", shown)
    sessions = _read(one, "session", _SESSIONS)
    counted = report.counted(one.found.since, one.found.until)
    lines = [line for line in sessions.lines if line.key in sessions.about]
    curves = span_curves.read(one.db, lines, *counted)
    yield _sessions(one, sessions, lines, curves)
    if any(curve.cost for curve in curves):
        yield _causes(one, curves)
    yield from _present(one)


def _present(one: Answered) -> Iterator[Section]:
    """What stands now, whatever the span: of a page about everything up to now."""
    if one.found.filters or (one.found.until or one.now) < one.now:
        return
    runs = plan_history.read(one.db, one.now, one.tz)
    if runs:
        about = "How full they are now, and what those before came to."
        yield Section("plans", "Plan windows", about, meter_cards.of_plans(runs, one.now, one.tz))
    budgets = budget_periods.read(one.db, one.now, one.tz)
    if budgets:
        about = "How they stand now; the marks on a meter are where somebody is told."
        yield Section("budgets", "Budgets", about, meter_cards.of_budgets(budgets, one.now, one.tz))


def _read(one: Answered, by: str, top: int | None = None) -> Report:
    found = one.found
    if by == found.by and (top is None or len(found.lines) <= top + 1):
        return found
    return report.read(
        one.db, by, one.tz, found.since, found.until, now=one.now, filters=found.filters, top=top
    )


def _unit(one: Answered) -> str:
    """What time is told apart by: hours of up to two days."""
    since, until = one.found.since, one.found.until or one.now
    return "hour" if since is not None and until - since <= _SHORT else "day"


def _asked(one: Answered, shown: Sequence[str], said: Sequence[str]) -> Section:
    """The table that the command was asked for, where it is none of the usual ones."""
    keys = one.found.by.split(",")
    laid = report_table.laid(one.found, tuple(shown), one.beside, tuple(said))
    ranked = keys[0] not in sum_keys.TIMES and len(keys) == 1 and shown[:1] == ("cost",)
    body = page_table.of_report(laid, one.found, f"Spend by {', '.join(keys)}", ranked=ranked)
    return Section("asked", f"By {', '.join(keys)}", "", joined((body, *page_table.notes(laid))))


def _named(one: Answered, by: str, title: str, about: str, shown: Sequence[str]) -> Section:
    found, own = _read(one, by, _NAMES), by == one.found.by
    columns = tuple(shown) if own else _columns(one, by)
    laid = report_table.laid(found, columns, one.beside if own else None)
    table = page_table.of_report(laid, found, f"Spend by {by}", ranked=columns[:1] == ("cost",))
    return Section(f"{by}s", title, about, table)


def _sessions(
    one: Answered, found: Report, lines: Sequence[Line], curves: Sequence[SpanCurve]
) -> Section:
    cards = curve_cards.drawn(curves[:_CARDS], found.about, one.tz)
    table = page_table.drawn(_listed(one, found, lines))
    said = f"Table: {len(lines)} sessions" + (", the dearest" if len(lines) == _SESSIONS else "")
    about = "The dearest ones, each with its cost over time."
    body = joined((cards, page_table.folded(said, table)) if curves else (table,))
    return Section("sessions", "Sessions", about, body)


def _listed(one: Answered, found: Report, lines: Sequence[Line]) -> Grid:
    names = _columns(one, "session")
    whole, top = found.total.cost, max((line.cost for line in lines), default=0)
    rows: list[Sequence[Part]] = []
    for line in lines:
        about = found.about[line.key]
        started = "-" if about.started is None else curve_cards.when(about.started, one.tz)
        rows.append(
            (
                element("code", about.short_id or about.session),
                curve_cards.named_for(about),
                about.source,
                about.model,
                started,
                page_table.share(line.cost, whole, top),
                *(COLUMNS[name][1](line) for name in names),
            )
        )
    rest = [line for line in found.lines if line.key not in found.about]
    foot = [
        (line.key, *[""] * 5, *(COLUMNS[name][1](line) for name in names))
        for line in (*rest, found.total)
    ]
    sums = tuple(COLUMNS[name][0] for name in names)
    if found.billing is not None:
        sums = billed_rows.headed(sums)
    sums = tuple(map(currency.headed, sums))
    head = ("SESSION", "FOR", "AGENT", "MODEL", "STARTED", page_table.SHARE, *sums)
    right = frozenset(range(6, len(head)))
    order = (6, "descending") if len(rows) > 1 else None
    return Grid("Spend by session", head, rows, foot, right=right, order=order)


def _causes(one: Answered, curves: Sequence[SpanCurve]) -> Section:
    books = span_curves.together(curves)
    whole = one.found.total.cost
    share = f" ({100 * sum(books) / whole:.0f} % of it all)" if whole else ""
    many = "the dearest session" if len(curves) == 1 else f"the {len(curves)} dearest sessions"
    about = (
        f"Where the dollars of {many} went{'' if one.found.filters else share}: every token once."
    )
    return Section(
        "causes", "Causes", about, curve_cards.causes(books, f"Causes of the cost of {many}")
    )


def _columns(one: Answered, by: str) -> tuple[str, ...]:
    first, *rest = _COLUMNS[by]
    return (first, "billed", *rest) if one.found.billing is not None else (first, *rest)


def _tiles(one: Answered) -> Iterator[Tile]:
    total = one.found.total
    paid = total.billed is not None
    spent = currency.amount(total.short.known(total.cost), floor=total.floor)
    yield Tile("Value at API prices" if paid else "Spend", spent, _moved(one))
    if paid:
        of_plans = f"{currency.amount(total.plan_share)} of it plans' prices"
        yield Tile("Billed", currency.amount(total.paid), of_plans)
    yield Tile("Sessions", f"{total.sessions:,}", f"{total.calls:,} calls" if total.counted else "")
    if total.tasks:
        each = total.cost_per_task
        yield Tile(
            "Completed tasks", f"{total.tasks:,}", f"{currency.amount(each)} each" if each else ""
        )
    cached = f" ({100 * total.cache_read / total.input:.0f} % cached)" if total.input else ""
    parts = f"{count(total.input)} in{cached}, {count(total.output)} out"
    yield Tile("Tokens", count(total.input + total.output), parts)


def _moved(one: Answered) -> str:
    """How far it moved from what it was compared with."""
    beside, cost = one.beside, one.found.total.cost
    if beside is None or beside.total is None:
        return ""
    if not beside.total:
        return f"nothing in {beside.name}"
    change = 100 * (cost / beside.total - 1)
    return f"{change:+.0f} % against {currency.amount(beside.total)} in {beside.name}"


def _about(one: Answered) -> str:
    filters = ", ".join(f"{each.field} {' or '.join(each.globs)}" for each in one.found.filters)
    return f"{one.found.zone}{f', only {filters}' if filters else ''}"
