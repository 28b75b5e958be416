"""HTML and SVG as values: whatever is text is escaped, so that no name can become markup.

What may stand in a document as it is has the type `Html`, which only this module makes of text.
"""

from collections.abc import Iterable

from costtop.named_tuples import NamedTuple
from costtop.text import clean

_LONGEST = 2_000  # characters of one text
_ESCAPED = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "`": "&#96;"}
)
_EMPTY = frozenset({"meta", "link", "input", "br", "rect", "line", "path", "polyline", "circle"})


class Html(NamedTuple):
    """Markup that may stand in a document as it is."""

    text: str


Part = Html | str | None
"""What an element holds: markup, text to be escaped, or nothing."""


def element(name: str, /, *parts: Part, **attributes: str | float | bool | None) -> Html:
    """<name attributes>parts</name>; `class_` is class, `aria_label` is aria-label.

    An attribute that is None or False is left out, True stands without a value.
    """
    head = name + "".join(_attribute(*one) for one in attributes.items())
    if name in _EMPTY and not parts:
        return Html(f"<{head}>" if name in ("meta", "link", "input", "br") else f"<{head}/>")
    return Html(f"<{head}>{joined(parts).text}</{name}>")


def joined(parts: Iterable[Part]) -> Html:
    """Parts one after the other."""
    return Html("".join(_safe(part) for part in parts if part is not None))


def verbatim(source: str) -> Html:
    """A style sheet or script of costtop's own, which no text of a log ever enters."""
    return Html(source)


def _safe(part: Html | str) -> str:
    return part.text if isinstance(part, Html) else _escaped(part)


def _attribute(name: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f' {name}="{_escaped(text)}"'


def _escaped(text: str) -> str:
    return clean(text, _LONGEST).translate(_ESCAPED)
