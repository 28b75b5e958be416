"""Spend by hour or day with the use beside it, as bars in lanes above one axis of time.

Places are per cents of the width, so that a lane fits every window and its words stay as large as
they are. All that it shows stands in a table too.
"""

from collections.abc import Callable, Sequence

from costtop.cli.reports.page.markup import Html, Part, element
from costtop.cli.tables import count
from costtop.money import NANO, dollars
from costtop.named_tuples import NamedTuple
from costtop.shown import currency

_TALL, _LOW = 190, 54  # pixels
_LABELS = 7  # on the axis
_EASY = (10, 12, 14, 16, 18, 20, 24, 28, 32, 36, 40, 50, 60, 70, 80, 90, 100)
_GAP = 0.18  # of a bar's room


class ChartMoment(NamedTuple):
    """One bar's room: nano-dollars, tokens, completed tasks."""

    name: str  # "Mon 23 Nov"
    tick: str  # "23 Nov"
    cost: int
    floor: bool
    billed: int | None  # None: there is no plan
    tokens: int
    tasks: int | None
    said: str  # all of it in words


def drawn(moments: Sequence[ChartMoment], named: str) -> Html:
    """The lanes and their axis; `named` says what they are of."""
    paid = any(one.billed is not None for one in moments)
    parts: list[Part] = [_spend(moments, named, paid=paid)]
    if any(one.tokens for one in moments):
        tokens = [one.tokens for one in moments]
        parts.append(_low("tokens", "Tokens", f"Tokens {named}", tokens, count))
    if any(one.tasks for one in moments):
        tasks = [one.tasks or 0 for one in moments]
        parts.append(_low("tasks", "Completed tasks", f"Completed tasks {named}", tasks, str))
    return element("div", *parts, element("div", element("span"), _axis(moments), class_="lane"))


def _spend(moments: Sequence[ChartMoment], named: str, *, paid: bool) -> Html:
    most, shown = max(max(one.cost, one.billed or 0) for one in moments), currency.shown()
    highest = _rounded(shown.converted(most))
    top = highest * NANO / shown.rate
    bars = []
    for nth, one in enumerate(moments):
        bars += _bar(nth, len(moments), one.cost / top, _TALL, "bar")
        if one.floor:
            bars += _bar(nth, len(moments), one.cost / top, _TALL, "short")
        if one.billed is not None:
            bars.append(_mark(nth, len(moments), one.billed / top))
    hits = [_hit(nth, len(moments), one) for nth, one in enumerate(moments)]
    said = [element("strong", "Value" if paid else "Spend"), *_keys(moments, paid=paid)]
    label = f"Spend {named}: at most {shown.amount(most)}; the table below has every figure"
    plot = _plot([*_lines(_TALL), *bars, *hits], _TALL, label)
    ticks = _ticks([f"{shown.sign}{_short(part)}" for part in (highest, highest // 2, 0)])
    kind = "lane tall value" if paid else "lane tall spend"
    return element("div", element("div", *said, class_="name"), ticks, plot, class_=kind)


def _keys(moments: Sequence[ChartMoment], *, paid: bool) -> list[Html]:
    """What the looks mean, where there is more than one."""
    keys = []
    if paid:
        keys.append(_key("bar", "what the API would cost"))
        keys.append(_key("billed", "billed, with the plans' price"))
    if any(one.floor for one in moments):
        keys.append(_key("short", "hatched: at least that much"))
    return keys


def _key(look: str, said: str) -> Html:
    height, y = (3, 5) if look == "billed" else (12, 0)
    square = [element("rect", y=y, width=14, height=height, class_=look)]
    if look == "short":
        square.insert(0, element("rect", width=14, height=12, class_="bar"))
    return element("span", element("svg", *square, aria_hidden="true"), said, class_="key")


def _low(
    look: str, name: str, label: str, numbers: Sequence[int], said: Callable[[int], str]
) -> Html:
    most = max(numbers)
    bars = []
    for nth, number in enumerate(numbers):
        bars += _bar(nth, len(numbers), number / most, _LOW, "bar")
    head = element("div", element("strong", name), class_="name")
    plot = _plot([*_lines(_LOW, 1), *bars], _LOW, f"{label}: at most {said(most)}")
    return element("div", head, _ticks([said(most), "0"]), plot, class_=f"lane low {look}")


def _plot(parts: Sequence[Part], height: int, label: str) -> Html:
    return element(
        "svg",
        element("title", label),
        *parts,
        class_="plot",
        role="img",
        aria_label=label,
        height=height,
    )


def _ticks(said: Sequence[str]) -> Html:
    return element(
        "div", *(element("span", one) for one in said), class_="ticks", aria_hidden="true"
    )


def _lines(height: int, parts: int = 2) -> list[Html]:
    rows = (height * nth / parts for nth in range(parts + 1))
    return [element("line", x1=0, x2="100%", y1=y, y2=y, class_="grid") for y in rows]


def _bar(nth: int, many: int, share: float, height: int, look: str) -> list[Html]:
    if share <= 0:
        return []
    tall = max(1.0, share * height)
    room = 100 / many
    gap = _GAP * room
    return [
        element(
            "rect",
            x=f"{nth * room + gap / 2:.3f}%",
            y=height - tall,
            width=f"{room - gap:.3f}%",
            height=tall,
            class_=look,
        )
    ]


def _mark(nth: int, many: int, share: float) -> Html:
    room, y = 100 / many, _TALL * (1 - share)
    return element(
        "rect",
        x=f"{nth * room:.3f}%",
        y=min(y, _TALL - 3.0),
        width=f"{room:.3f}%",
        height=3,
        class_="billed",
    )


def _hit(nth: int, many: int, one: ChartMoment) -> Html:
    """What a pointer finds: words for the whole height of a bar's room."""
    return element(
        "rect",
        element("title", one.said),
        x=f"{100 * nth / many:.3f}%",
        y=0,
        width=f"{100 / many:.3f}%",
        height=_TALL,
        class_="hit",
    )


def _axis(moments: Sequence[ChartMoment]) -> Html:
    many = len(moments)
    step = max(1, -(-many // _LABELS))
    texts = []
    for order, nth in enumerate(range(step // 2 if step > 1 else 0, many, step)):
        place = f"{100 * (nth + 0.5) / many:.2f}%"
        roomy = "roomy" if order % 2 and many > 3 else None
        texts.append(
            element("text", moments[nth].tick, x=place, y=16, text_anchor="middle", class_=roomy)
        )
    return element("svg", *texts, class_="axis", aria_hidden="true")


def _rounded(most: int) -> int:
    """The next amount that is easy to halve, a few tens of per cent above at most."""
    if most <= 0:
        return 10**9
    tenth = max(1, int("1" + "0" * (len(str(most)) - 1)) // 10)
    return next(times * tenth for times in _EASY if times * tenth >= most)


def _short(nanos: int) -> str:
    """An amount on the axis: "1,200", "20", "2.50", "0.004"."""
    if nanos >= 10**10 or not nanos:
        return f"{nanos // 10**9:,}"
    text = dollars(nanos, places=2 if nanos >= 10**8 else 4)
    return text.rstrip("0").rstrip(".") if nanos < 10**8 or text.endswith(".00") else text
