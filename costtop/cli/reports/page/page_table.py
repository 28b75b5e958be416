"""Tables of a page: with a caption, heads of columns and rows, and a bar for each row's share."""

from collections.abc import Collection, Sequence

from costtop.cli.reports.forms.report_table import Laid
from costtop.cli.reports.page.markup import Html, Part, element
from costtop.named_tuples import NamedTuple
from costtop.queries.spending.report import OTHER, Report

Cells = Sequence[Part]
SHARE = "SHARE"


class Grid(NamedTuple):
    """A table before it is drawn. Rows have a head for each of the first `heads` cells."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Cells]
    foot: Sequence[Cells] = ()  # is never sorted among the rows
    right: Collection[int] = ()
    heads: int = 1
    order: tuple[int, str] | None = None  # a column and "descending": how it is sorted already


def drawn(grid: Grid) -> Html:
    """The table, in a region that scrolls where the window is narrow."""
    sorts = "sorts" if len(grid.rows) > 1 else None
    table = element(
        "table",
        element("caption", grid.caption),
        element("thead", element("tr", *(_head(grid, nth) for nth in range(len(grid.head))))),
        element("tbody", *(_row(grid, row) for row in grid.rows)),
        element("tfoot", *(_foot(grid, row, nth) for nth, row in enumerate(grid.foot)))
        if grid.foot
        else None,
        class_=sorts,
    )
    return element(
        "div", table, class_="wrap", role="region", tabindex=0, aria_label=f"Table: {grid.caption}"
    )


def with_shares(
    laid: Laid, costs: Sequence[int], whole: int, caption: str, heads: int, *, ranked: bool
) -> Grid:
    """The table of a report: as many rows as costs, each with its share; all others below."""
    at, top = heads, max(costs, default=0)
    rows: list[Cells] = [
        (*row[:at], share(cost, whole, top), *row[at:])
        for row, cost in zip(laid.rows, costs, strict=False)
    ]
    foot = [(*row[:at], "", *row[at:]) for row in laid.rows[len(costs) :]]
    head = (*laid.head[:at], SHARE, *laid.head[at:])
    right = frozenset(nth + (nth >= at) for nth in laid.right)
    order = (at + 1, "descending") if ranked and len(rows) > 1 else None
    return Grid(caption, head, rows, foot, right=right, heads=heads, order=order)


def share(cost: int, whole: int, top: int, look: str = "part") -> Html:
    """A bar as long as the cost beside the largest, and its per cents of all."""
    room = element("rect", width="100%", height=10, class_="room")
    part = element("rect", width=f"{100 * cost / top if top else 0:.1f}%", height=10, class_=look)
    bar = element("svg", room, part, aria_hidden="true")
    said = f"{100 * cost / whole:.0f} %" if whole else "-"
    return element("div", bar, element("span", said))


def _head(grid: Grid, nth: int) -> Html:
    number = nth in grid.right or grid.head[nth] == SHARE
    order = grid.order[1] if grid.order and grid.order[0] == nth else None
    return element(
        "th", grid.head[nth], scope="col", class_="n" if number else None, aria_sort=order
    )


def _row(grid: Grid, row: Cells) -> Html:
    return element("tr", *(_cell(grid, nth, cell) for nth, cell in enumerate(row)))


def _cell(grid: Grid, nth: int, cell: Part) -> Html:
    if nth < grid.heads:
        return element("th", cell, scope="row")
    look = "share" if grid.head[nth] == SHARE else "n" if nth in grid.right else None
    return element("td", cell, class_=look)


def _foot(grid: Grid, row: Cells, nth: int) -> Html:
    cells = (
        element("th", cell, scope="row")
        if not at
        else element("td", cell, class_="n" if at in grid.right else None)
        for at, cell in enumerate(row)
    )
    return element("tr", *cells, class_="plan" if nth < len(grid.foot) - 1 else None)


def of_report(laid: Laid, found: Report, caption: str, *, ranked: bool) -> Html:
    """The table of a report, with a bar for each of its lines."""
    costs = [line.cost for line in found.lines if line.key != OTHER]
    heads, whole = len(found.by.split(",")), found.total.cost
    return drawn(with_shares(laid, costs, whole, caption, heads, ranked=ranked))


def notes(laid: Laid) -> list[Html]:
    """What stands below a report's table."""
    return [element("p", " ".join(map(str.strip, lines)), class_="note") for lines in laid.notes]


def folded(said: str, body: Html) -> Html:
    """A part that is opened by its one line."""
    return element("details", element("summary", said), body)
