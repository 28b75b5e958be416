"""The dearest sessions as cards: what each is, its cost curve, where its dollars went."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from costtop import durations
from costtop.analysis import ledger, why
from costtop.analysis.ledger import Books
from costtop.cli.reports.page import page_table
from costtop.cli.reports.page.markup import Html, Part, element
from costtop.cli.reports.page.page_table import Grid
from costtop.queries.sessions.described_roots import About
from costtop.queries.sessions.span_curves import SpanCurve
from costtop.shown import currency

_WIDE, _HIGH = 300, 84  # of a curve's own coordinates
_POINTS = 90  # of a curve


def drawn(curves: Sequence[SpanCurve], about: dict[str, About], tz: ZoneInfo) -> Html:
    """A card each."""
    cards = (_card(one, about[one.key], tz) for one in curves if one.key in about)
    return element("ul", *cards, class_="cards")


def _card(one: SpanCurve, about: About, tz: ZoneInfo) -> Html:
    first, last = one.points[0][0], one.points[-1][0]
    whose = " · ".join(name for name in (about.source, about.model) if name)
    lasted = durations.short(last - first)
    named = named_for(about)
    return element(
        "li",
        element(
            "div",
            element("h3", named),
            element("span", f"{currency.amount(one.cost)}", class_="cost"),
            class_="head",
        ),
        element(
            "p", element("code", about.short_id or about.session), " · ", element("bdi", whose)
        ),
        _curve(one, named),
        element(
            "div",
            element("span", when(first, tz)),
            element("span", f"{lasted}, {len(one.points):,} calls"),
            class_="ends",
        ),
        element("p", f"Mostly {mostly(one.books)}"),
        class_="card",
    )


def named_for(about: About) -> str:
    """What a session was about."""
    return about.title or about.feature or about.project or about.session


def when(at: int, tz: ZoneInfo) -> str:
    """A moment: "23 Nov 14:05"."""
    return datetime.fromtimestamp(at // 1000, tz).strftime("%-d %b %H:%M")


def mostly(books: Books) -> str:
    """The two largest of its causes: "context carried on 48 %, output 22 %"."""
    whole = sum(books)
    if not whole:
        return "of unknown price"
    names = tuple(why.LINES.values())
    order = sorted(range(len(books)), key=lambda nth: -books[nth])[:2]
    return ", ".join(
        f"{names[nth]} {100 * books[nth] / whole:.0f} %" for nth in order if books[nth] > 0
    )


def _curve(one: SpanCurve, named: str) -> Html:
    points = thinned(one.points)
    first, length = points[0][0], max(points[-1][0] - points[0][0], 1)
    whole = max(one.cost, 1)
    places = [
        (_WIDE * (at - first) / length, _HIGH - (_HIGH - 4) * cost / whole) for at, cost in points
    ]
    if len(places) == 1:
        places = [(0.0, places[0][1]), (float(_WIDE), places[0][1])]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    said = f"Cost curve of {named}: {currency.amount(one.cost)} in {len(one.points):,} calls"
    return element(
        "svg",
        element("title", said),
        element("path", d=f"M0,{_HIGH}L{line}L{_WIDE},{_HIGH}Z", class_="area"),
        element("line", x1=0, x2=_WIDE, y1=_HIGH, y2=_HIGH, class_="floor"),
        element("polyline", points=line, class_="line"),
        viewBox=f"0 0 {_WIDE} {_HIGH}",
        preserveAspectRatio="none",
        class_="curve",
        role="img",
        aria_label=said,
    )


def thinned(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """So many of the points that a curve looks the same: first and last are always there."""
    if len(points) <= _POINTS:
        return list(points)
    last = len(points) - 1
    return [points[round(nth * last / (_POINTS - 1))] for nth in range(_POINTS)]


def causes(books: Books, caption: str) -> Html:
    """Where the dollars went, as a table with bars; what could have been avoided says so."""
    whole, top = sum(books), max(books)
    rows: list[tuple[Part, ...]] = []
    order = sorted(range(len(books)), key=lambda nth: -books[nth])
    for nth in (nth for nth in order if books[nth]):
        name, words = tuple(why.LINES.items())[nth]
        spare = name in why.AVOIDABLE
        tag = element("span", "avoidable", class_="tag") if spare else None
        bar = page_table.share(books[nth], whole, top, "waste" if spare else "part")
        rows.append((element("span", words, tag), bar, currency.figure(books[nth], places=4)))
    foot = (
        ("of it avoidable", "", currency.figure(ledger.avoidable(books), places=4)),
        ("total", "", currency.figure(whole, places=4)),
    )
    head = ("CAUSE", page_table.SHARE, currency.headed("COST $"))
    order_said = (2, "descending") if len(rows) > 1 else None
    return page_table.drawn(Grid(caption, head, rows, foot, right=frozenset({2}), order=order_said))
