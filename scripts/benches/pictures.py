"""Draws the screenshots of the README: the real screen over a made-up fleet, clock and data fixed.

It needs a browser on this machine, no terminal and no network; the same code gives the same
pictures.
"""

import asyncio
import os
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

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
PAGE, _PAGE = "html", (1280, 1180)  # the report as a page, and its size in pixels


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


def report(folder: Path) -> str:
    """The page of the month up to the fleet's moment, dark."""
    from costtop.cli.reports.forms.answered import Answered
    from costtop.cli.reports.page import report_page
    from costtop.queries.spending import report as reports
    from costtop.span_words import parse
    from costtop.store.db import open_reader

    db, tz = open_reader(fleet.instance(folder).database), ZoneInfo("UTC")
    span = parse("30d", fleet.AT, tz)
    one = Answered(
        db=db, found=reports.read(db, "day", tz, span.start, span.end, now=fleet.AT), beside=None,
        span=span, now=fleet.AT, tz=tz, typed=("report", "30d"),
    )  # fmt: skip
    html = report_page.html(one, ("cost", "calls", "sessions", "tasks"), ())
    light, dark = 'id="look-auto" checked', 'id="look-dark"'
    return html.replace(light, 'id="look-auto"').replace(dark, f"{dark} checked")


def main(arguments: list[str]) -> None:
    """Draws the named ones, or all."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="costtop-pictures-") as folder:
        fleet.build(fleet.instance(Path(folder)), days=120, around=80)
        for name in arguments or (*SHOTS, PAGE):
            if name == PAGE:
                raster.photograph(report(Path(folder)), *_PAGE, DOCS / f"{name}.png")
                print(DOCS / f"{name}.png")
                continue
            strips, background = asyncio.run(shot(Path(folder), *SHOTS[name]))
            raster.write(strips, background, DOCS / f"{name}.png")
            print(DOCS / f"{name}.png")
