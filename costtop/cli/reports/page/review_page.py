"""`costtop review --html`: whether work gets dearer, as a page. Its words are the command's."""

import sqlite3
from collections.abc import Iterator, Sequence

from costtop import periods
from costtop.cli.reports.forms import markdown
from costtop.cli.reports.forms.review_table import FeatureTrend, ReviewTable
from costtop.cli.reports.page import by_time, curve_cards, page_table, skeleton
from costtop.cli.reports.page.markup import Html, element, joined
from costtop.cli.reports.page.page_table import Grid
from costtop.cli.reports.page.skeleton import Section, Tile, WebPage
from costtop.queries.spending import report
from costtop.queries.spending.review import Review
from costtop.shown import currency

_VERDICTS = {
    "rising": "gets dearer",
    "falling": "gets cheaper",
    "steady": "steady",
    "cannot tell": "cannot tell",
    "too few": "not enough data",
}
_COLUMNS = ("cost", "calls", "sessions", "input", "output", "tasks", "per-task")


def html(
    db: sqlite3.Connection, found: Review, table: ReviewTable, now: int, typed: Sequence[str]
) -> str:
    """The page of a review."""
    tz = periods.zone(found.zone)
    first, last = (periods.key("day", at, tz) for at in (found.since, found.until - 1))
    page = WebPage(
        kind="Review",
        title=by_time.span_words(first, last),
        about=f"does work get dearer? · {found.zone}",
        tiles=tuple(_tiles(found)),
        sections=tuple(_sections(db, found, table, now)),
        command=markdown.command(typed),
        made_at=curve_cards.when(now, tz),
    )
    return skeleton.document(page)


def _sections(
    db: sqlite3.Connection, found: Review, table: ReviewTable, now: int
) -> Iterator[Section]:
    if table.trends:
        about = "Of a completed task, and at like length; or that it cannot be told."
        trends = element("ul", *map(_trend, table.trends), class_="said")
        yield Section("dearer", "Does work get dearer?", about, trends)
    said = element("ul", *(element("li", one) for one in table.said), class_="said")
    note = element("p", table.note, class_="note") if table.note else None
    yield Section("changed", "What has changed", "", joined((said, note)))
    yield Section("features", "Features", "", _features(found, table))
    tz = periods.zone(found.zone)
    days = report.read(db, "day", tz, found.since, found.until, now=now)
    columns = _COLUMNS if days.billing is None else ("cost", "billed", *_COLUMNS[1:])
    yield by_time.section(days, "day", columns)


def _trend(one: FeatureTrend) -> Html:
    verdict = element("span", _VERDICTS[one.verdict], class_=f"verdict {one.verdict}")
    head = element("div", element("bdi", one.feature), verdict, class_="head")
    return element("li", head, element("p", "; ".join(one.said)))


def _features(found: Review, table: ReviewTable) -> Html:
    costs = [line.spend for line in found.lines]
    whole, top = sum(costs), max(costs, default=0)
    rows: list[page_table.Cells] = [
        (row[0], page_table.share(cost, whole, top), row[1], *row[3:])
        for row, cost in zip(table.rows, costs, strict=False)
    ]
    foot = [(row[0], "", row[1], *row[3:]) for row in table.rows[len(costs) :]]
    head = (table.head[0], page_table.SHARE, table.head[1], *table.head[3:])
    right = frozenset(range(2, len(head)))
    order = (2, "descending") if len(rows) > 1 else None
    return page_table.drawn(
        Grid("Features, dearest first", head, rows, foot, right=right, order=order)
    )


def _tiles(found: Review) -> Iterator[Tile]:
    whole, step = found.whole, found.step
    known = None if whole.floor and not whole.spend else whole.spend
    yield Tile("Spend", currency.amount(known, floor=whole.floor), f"{whole.sessions:,} sessions")
    each = whole.work.each
    yield Tile(
        "Completed tasks",
        f"{whole.work.completed:,}",
        "" if each is None else f"{currency.amount(each)} each",
    )
    yield Tile("Lost tasks", f"{whole.work.lost:,}", f"{currency.amount(whole.work.lost_cost)}")
    if step is not None:
        gap = step.spend - step.before
        sign = "+" if gap >= 0 else "-"
        before = f"{currency.amount(step.spend)}, before {currency.amount(step.before)}"
        yield Tile("The recent days", f"{sign}{currency.amount(abs(gap))}", before)
    yield Tile("Saved by caches", f"{currency.amount(whole.caching.saved)}")
