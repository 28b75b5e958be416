"""The screen as a PNG: drawn cell by cell, rasterized by a browser that is on this machine.

Blocks, bars and braille are shapes of our own, everything else is the text of a monospaced font at
the place of its cell: so the picture looks alike in every viewer, whatever fonts that has.
"""

import html
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual.strip import Strip

WIDTH, HEIGHT, SIZE = 8.4, 17, 14  # of a cell and of its text, in pixels
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"
_DOTS = ((0, 0, 0x01), (0, 1, 0x02), (0, 2, 0x04), (1, 0, 0x08), (1, 1, 0x10), (1, 2, 0x20),
         (0, 3, 0x40), (1, 3, 0x80))  # fmt: skip
# Parts of a cell as x, y, width, height, of 1.
_SHAPES = {
    **{chr(0x2580 + n): ((0, 1 - n / 8, 1, n / 8),) for n in range(1, 9)},
    **{chr(0x2590 - n): ((0, 0, n / 8, 1),) for n in range(1, 8)},
    "■": ((0.06, 0.28, 0.88, 0.5),),
    "━": ((0, 0.44, 1, 0.13),),
    "╸": ((0, 0.44, 0.5, 0.13),),
    "╺": ((0.5, 0.44, 0.5, 0.13),),
    "─": ((0, 0.47, 1, 0.06),),
    "│": ((0.44, 0, 0.12, 1),),
    "┼": ((0, 0.47, 1, 0.06), (0.44, 0.1, 0.12, 0.8)),
    "┿": ((0, 0.44, 1, 0.13), (0.44, 0.1, 0.12, 0.8)),
    "┤": ((0, 0.47, 0.5, 0.06), (0.44, 0, 0.12, 1)),
    "├": ((0.44, 0.47, 0.56, 0.06), (0.44, 0, 0.12, 1)),
    "┴": ((0, 0.47, 1, 0.06), (0.44, 0, 0.12, 0.5)),
    "┬": ((0, 0.47, 1, 0.06), (0.44, 0.5, 0.12, 0.5)),
    "└": ((0.44, 0.47, 0.56, 0.06), (0.44, 0, 0.12, 0.5)),
    "┊": tuple((0.44, n / 4 + 0.05, 0.12, 0.14) for n in range(4)),
    "┈": tuple((n / 4 + 0.05, 0.47, 0.14, 0.06) for n in range(4)),
}


def browser() -> str:
    """The browser to rasterize with; raises FileNotFoundError with what to do."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        raise FileNotFoundError(f"no browser found: install one of {', '.join(_BROWSERS)}")
    return found


def page(strips: Sequence[Strip], background: str) -> tuple[str, int, int]:
    """(HTML, width, height in pixels) of a screen."""
    columns = max((strip.cell_length for strip in strips), default=1)
    width, height = round(columns * WIDTH) + 16, len(strips) * HEIGHT + 16
    shapes = "".join(_line(strip, y * HEIGHT, background) for y, strip in enumerate(strips))
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' font-family="{_FONT}" font-size="{SIZE}" shape-rendering="crispEdges">'
        f'<rect width="100%" height="100%" fill="{background}"/>'
        f'<g transform="translate(8 8)">{shapes}</g></svg>'
    )
    return f"<!doctype html><style>*{{margin:0}}</style>{drawing}", width, height


def _line(strip: Strip, top: int, background: str) -> str:
    drawn, cell = [], 0
    for text, style, _ in strip:
        ink, ground = _colours(style or Style(), background)
        left, wide = cell * WIDTH, cell_len(text) * WIDTH
        if ground != background:
            drawn.append(_rect(left, top, wide + 0.2, HEIGHT, ground))
        drawn += _text(text, cell, top, ink, style or Style())
        cell += cell_len(text)
    return "".join(drawn)


def _text(text: str, cell: int, top: int, ink: str, style: Style) -> Iterator[str]:
    """Shapes where there are any, else words, each at its own place."""
    word, at = "", cell
    for char in (*text, " "):
        shapes = _braille(char) or _SHAPES.get(char, ())
        if char == " " or shapes:
            if word:
                yield _word(word, at, top, ink, style)
            word = ""
            for x, y, wide, high in shapes:
                left = (cell + x) * WIDTH
                yield _rect(left, top + y * HEIGHT, wide * WIDTH, high * HEIGHT, ink)
        elif not word:
            word, at = char, cell
        else:
            word += char
        cell += cell_len(char)


def _braille(char: str) -> Sequence[tuple[float, float, float, float]]:
    if not "\u2800" <= char <= "\u28ff":
        return ()
    code = ord(char) - 0x2800
    dots = [(x, y) for x, y, bit in _DOTS if code & bit]
    return [(0.12 + x * 0.5, 0.06 + y * 0.25, 0.3, 0.15) for x, y in dots] or [(0, 0, 0, 0)]


def _word(word: str, cell: int, top: int, ink: str, style: Style) -> str:
    weight = ' font-weight="bold"' if style.bold else ""
    faint = ' opacity=".6"' if style.dim else ""
    line = ' text-decoration="underline"' if style.underline else ""
    length = f' textLength="{cell_len(word) * WIDTH:.1f}" lengthAdjust="spacingAndGlyphs"'
    return (
        f'<text x="{cell * WIDTH:.1f}" y="{top + 13}" fill="{ink}"{weight}{faint}{line}{length}>'
        f"{html.escape(word)}</text>"
    )


def _rect(x: float, y: float, width: float, height: float, ink: str) -> str:
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{ink}"/>'


def _colours(style: Style, background: str) -> tuple[str, str]:
    pair = _hex(style.color, "#d3dce4"), _hex(style.bgcolor, background)
    return pair[::-1] if style.reverse else pair


def _hex(colour: Color | None, otherwise: str) -> str:
    if colour is None or colour.is_default:
        return otherwise
    return "#{:02x}{:02x}{:02x}".format(*colour.get_truecolor())


def write(strips: Iterable[Strip], background: str, file: Path) -> None:
    """Writes the PNG."""
    photograph(*page(list(strips), background), file)


def photograph(made: str, width: int, height: int, file: Path) -> None:
    """Writes the PNG of so much of a document, in pixels, as a browser shows it."""
    with tempfile.TemporaryDirectory(prefix="costtop-raster-") as folder:
        source = Path(folder, "screen.html")
        source.write_text(made, encoding="utf-8")
        subprocess.run(
            [
                browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--hide-scrollbars", f"--user-data-dir={folder}/profile",
                f"--window-size={width},{height}", f"--screenshot={file}", source.as_uri(),
            ],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
