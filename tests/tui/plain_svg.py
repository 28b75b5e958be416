"""A screenshot of Textual's as an SVG that every renderer draws alike, for the kept pictures."""

import html
import re

from rich.cells import cell_len

_TEXT = re.compile(
    r'<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"([^>]*)>([^<]*)</text>'
)
_SPACE = "\N{NO-BREAK SPACE}"
_WORD = re.compile(f"[^{_SPACE}]+(?:{_SPACE}[^{_SPACE}]+)*")  # single spaces hold words together
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # they would be fetched from elsewhere


def plain_svg(svg: str) -> str:
    """The picture without fonts from elsewhere, and with every word at its own place.

    Not every renderer stretches a text to its `textLength` or keeps the spaces it begins with.
    """
    svg = _FONTS.sub("", svg).replace("Fira Code", "Fira Code, DejaVu Sans Mono, Menlo")
    return _TEXT.sub(_words, svg)


def _words(found: re.Match[str]) -> str:
    kind, x, y, length, rest, escaped = found.groups()
    text = html.unescape(escaped)
    width = float(length) / max(cell_len(text), 1)
    words = []
    for word in _WORD.finditer(text):
        at = float(x) + cell_len(text[: word.start()]) * width
        words.append(f'<text class="{kind}" x="{at:.1f}" y="{y}"'
                     f' textLength="{cell_len(word[0]) * width:.1f}"{rest}>'
                     f'{html.escape(word[0]).replace(_SPACE, "&#160;")}</text>')  # fmt: skip
    return "".join(words)
