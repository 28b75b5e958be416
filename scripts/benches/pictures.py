"""Draws the screenshots of the README: the real screen over a made-up fleet, clock and data fixed.

It needs no terminal and no network; the same code gives the same files, byte for byte.
"""

import asyncio
import os
import re
import tempfile
from pathlib import Path

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
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # they would be fetched from elsewhere


async def shot(folder: Path, size: tuple[int, int], theme: str, keys: tuple[str, ...]) -> str:
    """The SVG of the screen after these keys."""
    from costtop.tui import world
    from costtop.tui.app import CosttopApp
    from costtop.tui.settings import Settings

    paths = fleet.instance(folder)
    app = CosttopApp(world.real(paths, lambda: fleet.AT), Settings(theme=theme, delay=10.0))
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
    """The picture without fonts that would be fetched from elsewhere."""
    return _FONTS.sub("", svg).replace("Fira Code", "Fira Code, DejaVu Sans Mono, Menlo")


def main(names: list[str]) -> None:
    """Draws the named ones, or all."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="costtop-pictures-") as folder:
        fleet.build(fleet.instance(Path(folder)), days=120)
        for name in names or SHOTS:
            (DOCS / f"{name}.svg").write_text(asyncio.run(shot(Path(folder), *SHOTS[name])))
            print(DOCS / f"{name}.svg")
