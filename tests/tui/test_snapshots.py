"""What the screens look like, kept as text and as pictures beside this file.

COSTTOP_UPDATE_SNAPSHOTS=1 writes them anew; look at the difference before it is committed.
"""

import os
from pathlib import Path

import pytest

from costtop.paths import Paths
from costtop.tui import backend
from costtop.tui.app import CosttopApp
from scripts.benches import fleet
from tests.tui.plain_svg import plain_svg
from tests.tui.stage import STILL, Played, Stage

UPDATES = bool(os.environ.get("COSTTOP_UPDATE_SNAPSHOTS"))  # read before a test empties it
HERE = Path(__file__).parent / "snapshots"
VIEWS = {
    "top-80x24": ((80, 24), "", {}),
    "top-120x40": ((120, 40), "", {}),
    "top-200x60": ((200, 60), "", {}),
    "top-40x10": ((40, 10), "", {}),
    "top-light": ((100, 20), "", {"theme": "costtop-light"}),
    "top-ansi": ((100, 20), "", {"theme": "ansi-dark"}),
    "top-mono": ((100, 20), "", {"mono": True}),
    "top-ascii": ((100, 34), "", {"ascii": True}),
    "session-120x50": ((120, 50), "enter", {}),
    "features-120x24": ((120, 24), "2", {}),
    "models-80x24": ((80, 24), "3", {}),
    "tasks-80x24": ((80, 24), "4", {}),
    "days-120x40": ((120, 40), "5", {}),
    "days-mono": ((100, 40), "5", {"mono": True}),
    "alerts-80x24": ((80, 24), "6", {}),
    "budgets-80x24": ((80, 24), "7", {}),
    "kill-80x24": ((80, 24), "k", {}),
    "help-80x24": ((80, 24), "f1", {}),
    "legend-80x24": ((80, 24), "f1 f1", {}),
    "setup-100x40": ((100, 40), "f2", {}),
}
PICTURES = ("top-80x24", "top-120x40", "top-light", "top-mono", "top-ansi", "days-120x40")


async def drawn(paths: Paths, name: str) -> tuple[str, str]:
    """(text, SVG) of a view."""
    size, key, how = VIEWS[name]
    real = backend.real(paths, lambda: fleet.AT)._replace(act=Stage().act)
    settings = STILL._replace(theme=str(how.get("theme", STILL.theme)))
    app = CosttopApp(real, settings, ascii_only="ascii" in how)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        play = Played(Stage(), app, pilot)
        await play.until(lambda: app.snapshot.at)
        for press in ("", *key.split()):
            if press:
                await play.press(press)
            await play.settle()
            await play.settle()
        return play.text + "\n", plain_svg(app.export_screenshot(title="costtop"))


def compare(name: str, kind: str, found: str) -> None:
    path = HERE / f"{name}.{kind}"
    if UPDATES:
        HERE.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == found, f"{path.name} has changed"


@pytest.mark.parametrize("name", VIEWS)
async def test_a_view_is_as_it_was(
    fleet_paths: Paths, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "mono" in VIEWS[name][2]:
        monkeypatch.setenv("NO_COLOR", "1")
    text, svg = await drawn(fleet_paths, name)
    compare(name, "txt", text)
    if name in PICTURES:
        compare(name, "svg", svg)


async def test_without_colour_or_beyond_ascii_every_sign_is_still_there(
    fleet_paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, _ = await drawn(fleet_paths, "top-ascii")
    assert text.isascii()
    runaway = next(line for line in text.splitlines() if "9f767c4" in line)
    assert runaway.startswith("!>*")  # alarm, running, watched
    monkeypatch.setenv("NO_COLOR", "1")
    _, svg = await drawn(fleet_paths, "top-mono")
    colours = {c for c in _colours(svg) if len({c[1:3], c[3:5], c[5:7]}) > 1}
    assert not colours - {"#ff5f57", "#febc2e", "#28c840", "#c5c8c6"}  # of the window itself


def _colours(svg: str) -> set[str]:
    import re

    return set(re.findall(r"#[0-9a-f]{6}\b", svg.lower()))
