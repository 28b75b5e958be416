"""Draws the screenshots of the README: the real screen over a made-up fleet, clock and data fixed.

It needs no terminal and no network; the same code gives the same files, byte for byte.
"""

import asyncio
import html
import os
import re
import tempfile
from pathlib import Path

from rich.cells import cell_len

from . import fleet

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
SHOTS: dict[str, tuple[tuple[int, int], str, tuple[str, ...]]] = {
    "top": ((120, 40), "costtop-dark", ()),
    "top-light": ((100, 30), "costtop-light", ()),
    "session": ((120, 46), "costtop-dark", ("enter",)),
    "kill": ((100, 30), "costtop-dark", ("k",)),
    "features": ((120, 18), "costtop-dark", ("2",)),
    "models": ((120, 18), "costtop-dark", ("3",)),
    "days": ((120, 40), "costtop-dark", ("5", "right")),
    "alerts": ((120, 18), "costtop-dark", ("6",)),
    "budgets": ((120, 18), "costtop-dark", ("7",)),
}
_TEXT = re.compile(
    r'<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"([^>]*)>([^<]*)</text>'
)
_SPACE = "\N{NO-BREAK SPACE}"
_WORD = re.compile(f"[^{_SPACE}]+(?:{_SPACE}[^{_SPACE}]+)*")  # single spaces hold words together
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # they would be fetched from elsewhere


async def shot(folder: Path, size: tuple[int, int], theme: str, keys: tuple[str, ...]) -> str:
    """The SVG of the screen after these keys."""
    from costtop.tui import backend
    from costtop.tui.app import CosttopApp
    from costtop.tui.preferences import Preferences

    paths = fleet.instance(folder)
    app = CosttopApp(backend.real(paths, lambda: fleet.AT), Preferences(theme=theme, delay=10.0))
    async with app.run_test(size=size, notifications=True) as pilot:
        for key in ("", *keys):
            if key:
                await pilot.press(key)
            await pilot.pause(0.6)
            await app.workers.wait_for_complete()
            await pilot.pause()
        svg = app.export_screenshot(title="costtop")
    return plain_svg(svg)


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


def main(arguments: list[str]) -> None:
    """Draws the named ones, or all."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="costtop-pictures-") as folder:
        fleet.build(fleet.instance(Path(folder)), days=120)
        for name in arguments or SHOTS:
            (DOCS / f"{name}.svg").write_text(asyncio.run(shot(Path(folder), *SHOTS[name])))
            print(DOCS / f"{name}.svg")
