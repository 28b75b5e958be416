"""A page whole: head, policy, title, sections, footer. What it is about stands in its sections.

One file that loads nothing: style and script stand in it, and its policy lets nothing else run, by
their hashes. It works from `file://`, and without its script but for the sorting.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from costtop import __version__
from costtop.cli.reports.page import page_colours
from costtop.cli.reports.page.markup import Html, Part, element, joined, verbatim
from costtop.named_tuples import NamedTuple

MADE_BY = '<meta name="generator" content="costtop'
"""How costtop knows its own pages."""
_LOOKS = (("auto", "Auto"), ("light", "Light"), ("dark", "Dark"))


class Section(NamedTuple):
    """One part of a page; its `anchor` is what a link names."""

    anchor: str
    title: str
    about: str
    body: Html


class Tile(NamedTuple):
    """One figure of the head."""

    name: str
    figure: str
    more: str = ""


class WebPage(NamedTuple):
    """All that is told of a page besides its look."""

    kind: str  # "Spend report"
    title: str
    about: str
    tiles: Sequence[Tile]
    sections: Sequence[Section]
    command: str
    made_at: str


def document(page: WebPage) -> str:
    """The page as one HTML file."""
    style = page_colours.sheet() + _own("page.css")
    script = _own("page.js")
    head = joined(
        (
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
            element("meta", name="viewport", content="width=device-width,initial-scale=1"),
            element("meta", name="generator", content=f"costtop {__version__}"),
            element("meta", name="referrer", content="no-referrer"),
            element("meta", name="robots", content="noindex"),
            element("title", f"{page.kind}: {page.title}"),
            element("style", verbatim(style)),
        )
    )
    body = joined(
        (
            element("a", "Skip to the figures", href="#figures", class_="skip"),
            _HATCH,
            element("div", *_inside(page), class_="page"),
            element("script", verbatim(script)),
        )
    )
    html = element("html", element("head", head), element("body", body), lang="en")
    return f"<!doctype html>\n{html.text}\n"


def _inside(page: WebPage) -> Iterable[Part]:
    yield element(
        "header",
        element("div", element("div", _GLYPH, "costtop", class_="brand"), _looks(), class_="top"),
        element(
            "div",
            element("h1", page.title),
            element("p", page.kind, " · ", page.about),
            class_="title",
        ),
    )
    links = (element("li", element("a", one.title, href=f"#{one.anchor}")) for one in page.sections)
    yield element("nav", element("ul", *links), class_="parts", aria_label="Parts of this page")
    yield element(
        "main", _tiles(page.tiles), *map(_section, page.sections), id="figures", tabindex=-1
    )
    yield element(
        "footer",
        element("p", "Made ", page.made_at, " by ", element("code", page.command), "."),
        element(
            "p",
            f"costtop {__version__}. Costs are computed from logs and public prices; "
            "the invoice is the last word. Nothing on this page is loaded from elsewhere.",
        ),
    )


def _section(one: Section) -> Html:
    named = f"{one.anchor}-title"
    return element(
        "section",
        element("h2", one.title, id=named),
        element("p", one.about, class_="about") if one.about else None,
        one.body,
        id=one.anchor,
        aria_labelledby=named,
    )


def _tiles(tiles: Sequence[Tile]) -> Html:
    made = [
        element(
            "div",
            element("dt", one.name),
            element("dd", one.figure),
            element("dd", one.more, class_="more") if one.more else None,
            class_="tile first" if not nth else "tile",
        )
        for nth, one in enumerate(tiles)
    ]
    return element("dl", *made, class_="tiles")


def _looks() -> Html:
    """The switch: three radio buttons, which the style sheet asks without any script."""
    parts: list[Part] = [element("legend", "Colours of this page")]
    for name, said in _LOOKS:
        chosen = name == "auto"
        parts += [
            element("input", type="radio", name="look", id=f"look-{name}", checked=chosen),
            element("label", said, for_=f"look-{name}"),
        ]
    return element("fieldset", *parts, class_="looks")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hashed(style)}'; script-src '{_hashed(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _hashed(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _own(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


_GLYPH = element(
    "svg",
    element("rect", x=2, y=12, width=5, height=10, rx=1.5),
    element("rect", x=9.5, y=3, width=5, height=19, rx=1.5),
    element("rect", x=17, y=8, width=5, height=14, rx=1.5),
    viewBox="0 0 24 24",
    aria_hidden="true",
)
_HATCH = element(
    "svg",
    element(
        "defs",
        element(
            "pattern",
            element("path", d="M0 6L6 0"),
            id="hatch",
            width=6,
            height=6,
            patternUnits="userSpaceOnUse",
        ),
    ),
    width=0,
    height=0,
    class_="gone",
    aria_hidden="true",
)
