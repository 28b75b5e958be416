"""Draws the screenshots of the README: the real screen over a made-up fleet, clock and data fixed.

It needs a browser on this machine, no terminal and no network; the same code gives the same
pictures.
"""

import asyncio
import os
import tempfile
from pathlib import Path

from textual.strip import Strip

from . import fleet, raster

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
SHOTS: dict[str, tuple[tuple[int, int], str, tuple[str, ...]]] = {
    "top": ((120, 40), "costtop-dark", ()),
    "top-light": ((120, 40), "costtop-light", ()),
    "wide": ((200, 60), "costtop-dark", ()),
    "session": ((120, 46), "costtop-dark", ("enter",)),
    "kill": ((100, 30), "costtop-dark", ("k",)),
    "features": ((120, 18), "costtop-dark", ("2",)),
    "models": ((120, 18), "costtop-dark", ("3",)),
    "days": ((120, 40), "costtop-dark", ("5", "right")),
    "alerts": ((120, 18), "costtop-dark", ("6",)),
    "budgets": ((120, 18), "costtop-dark", ("7",)),
}


async def shot(
    folder: Path, size: tuple[int, int], theme: str, keys: tuple[str, ...]
) -> tuple[list[Strip], str]:
    """(lines, background) of the screen after these keys."""
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
            while not app.is_idle:
                await pilot.pause(0.01)
            await pilot.pause(0.2)
        strips = app.screen._compositor.render_strips()  # noqa: SLF001  Textual has no other way
        return strips, app.theme_variables["background"]


def main(arguments: list[str]) -> None:
    """Draws the named ones, or all."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="costtop-pictures-") as folder:
        fleet.build(fleet.instance(Path(folder)), days=120, around=80)
        for name in arguments or SHOTS:
            strips, background = asyncio.run(shot(Path(folder), *SHOTS[name]))
            raster.write(strips, background, DOCS / f"{name}.png")
            print(DOCS / f"{name}.png")
