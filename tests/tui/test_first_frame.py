"""The frame that is drawn by hand before Textual is there, and how Textual takes over its cells."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from costtop.errors import CosttopError
from costtop.paths import Paths
from costtop.tui import backend, taking_over
from costtop.tui.app import CosttopApp
from costtop.tui.draw import pens
from costtop.tui.draw.pens import Pen
from costtop.tui.early_terminal import EarlyTerminal
from costtop.tui.first_frame import FirstFrame, Room, drawn
from costtop.tui.taking_over import Opening
from costtop.tui.widgets import pane
from costtop.tui.widgets.table import Table
from scripts.benches import fleet
from scripts.benches.terminal import Terminal
from tests.patience import PATIENCE
from tests.tui.emulated import Emulated
from tests.tui.stage import STILL, Stage

_LOOKS = {
    "dark": {},
    "light": {"theme": "costtop-light"},
    "ansi": {"theme": "ansi-dark"},
    "of Textual": {"theme": "nord"},
    "grouped": {"group": "project"},
    "tree": {"tree": True, "sort": "cost"},
    "no meters": {"meters": False},
}
_SIZES = [(80, 24), (120, 40), (200, 60), (79, 31), (100, 36), (60, 14), (45, 10), (180, 20)]


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


async def both(
    paths: Paths, gate: threading.Event, size: tuple[int, int], ascii_only: bool = False,
    **liked: object,
) -> tuple[Emulated, Emulated]:  # fmt: skip
    """What is drawn by hand, and what Textual shows first, while nothing else can be read."""

    def never(*asked: object) -> None:
        gate.wait(PATIENCE)
        raise CosttopError("the test has ended")

    real = backend.real(paths, lambda: fleet.AT)
    snapshot, settings = real.frame(None), STILL._replace(**liked)
    waits = dict.fromkeys(("day_chart", "lit", "session", "alerts", "bells"), never)
    opening = Opening(snapshot, EarlyTerminal(), lambda: "", threading.Event())
    world = real._replace(**waits)
    app = CosttopApp(world, settings, ascii_only=ascii_only, opening=opening)
    async with app.run_test(size=size) as pilot:
        while not opening.is_seen.is_set():
            await pilot.pause(0.01)
        shown = taking_over.full(app.screen).render_segments(app.console)
        known = taking_over._pens(app, app.screen.query_one(Table))
        by_hand = drawn(FirstFrame(snapshot, settings, app.mood, Room(*size), ascii_only), known)
        gate.set()
    return Emulated(by_hand.encode()), Emulated(shown.encode())


def assert_same(by_hand: Emulated, shown: Emulated) -> None:
    assert "\n".join(by_hand.rows()) == "\n".join(shown.rows())
    assert by_hand.cells == shown.cells


@pytest.mark.parametrize("size", _SIZES, ids=str)
async def test_textual_finds_its_own_cells(fleet_paths, gate, size):
    assert_same(*await both(fleet_paths, gate, size))


@pytest.mark.parametrize("how", _LOOKS)
async def test_in_every_theme_and_view(fleet_paths, gate, how):
    assert_same(*await both(fleet_paths, gate, (120, 40), **_LOOKS[how]))


async def test_without_colours(fleet_paths, gate, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert_same(*await both(fleet_paths, gate, (100, 30)))


async def test_in_ascii(fleet_paths, gate):
    by_hand, shown = await both(fleet_paths, gate, (120, 40), ascii_only=True)
    assert_same(by_hand, shown)
    assert "".join(by_hand.rows()).isascii()


def test_pens_come_back_for_their_own_look_alone(tmp_path):
    file = tmp_path / "pens"
    assert pens.kept(file, "dark") == {}
    made = {"text": Pen("1", "38;2;1;2;3", "49")}
    for n in range(9):
        pens.keep(file, f"look {n}", made)
    pens.keep(file, "dark", made)
    assert pens.kept(file, "dark") == pens.kept(file, "look 8") == made
    assert pens.kept(file, "light") == pens.kept(file, "look 0") == {}


async def test_colours_that_the_last_screen_did_not_show_are_known_too(tmp_path, monkeypatch):
    monkeypatch.setattr(pane, "_INKS", {})  # as in a process of its own
    stage, file = Stage(), tmp_path / "pens"
    app = CosttopApp(stage.backend, STILL)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "lamp" not in pane.inks_of(app.screen.query_one(Table))
        taking_over.keep_pens(app, file)
    known = pens.kept(file, pens.look(app.theme, mono=False))
    stopped = stage.now._replace(pulse=stage.now.pulse._replace(running=False))
    assert "daemon not running" in drawn(FirstFrame(stopped, STILL, app.mood, Room(120, 40)), known)


_NO_PENS = ("", "[]", '{"dark": []}', '{"dark": {"text": ["1"]}, "x',
            '{"dark": {"text": ["\\u001b[2J", "", ""]}}', '{"dark": {"text": 5}}')  # fmt: skip


@pytest.mark.parametrize("text", _NO_PENS)
def test_a_file_of_pens_that_is_none_costs_the_first_frame_alone(tmp_path, text):
    file = tmp_path / "pens"
    file.write_text(text)
    assert pens.kept(file, "dark") == {}


_EARLY = """
import sys, threading, time
from costtop.tui import early_terminal
with early_terminal.taken() as terminal:
    early_terminal.put("by hand")
    {then}
"""
_TEXTUAL = """
    from costtop.cli.open_screen import run_screen
    from costtop.tui.app import CosttopApp
    from costtop.tui.preferences import Preferences
    from costtop.tui.taking_over import Opening
    from tests.tui.stage import Stage
    stage = Stage()
    opening = Opening(stage.now, terminal, lambda: "started a daemon", threading.Event())
    code = run_screen(CosttopApp(stage.backend, Preferences(delay=9.0), opening=opening))
sys.exit(code)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_before_textual_leaves_a_clean_terminal(number):
    with Terminal(_EARLY.format(then="time.sleep(600)")) as terminal:
        terminal.says(b"by hand")
        assert terminal.end(number) == (-number if number == signal.SIGINT else 128 + number)
        assert terminal.is_clean


def test_so_does_a_bug():
    with Terminal(_EARLY.format(then="raise RuntimeError")) as terminal:
        terminal.says(b"by hand")
        assert terminal.ended() == 1
        assert terminal.is_clean


def test_keys_typed_meanwhile_are_not_lost_and_the_screen_is_entered_once():
    with Terminal(_EARLY.format(then=_TEXTUAL.lstrip())) as terminal:
        terminal.says(b"by hand")
        terminal.send(b"z")
        terminal.says(b"started a daemon")
        terminal.says(b"PAUSED")
        terminal.send(b"q")
        assert terminal.ended() == 0
        assert terminal.is_clean
        assert terminal.written.count(b"\x1b[?1049h") == terminal.written.count(b"\x1b[?1049l") == 1
        assert b"handz" not in terminal.written  # no echo


_DRAWN = """
import sys
from collections import defaultdict
import costtop.cli.open_screen, costtop.tui.early_terminal
from costtop import paths
from costtop.queries.connection import Door
from costtop.tui import first_frame, preferences
from costtop.tui.draw.pens import Pen
from costtop.tui.host import Mood

snapshot = Door(paths.find(), lambda: {at}).frame(early=True)
frame = first_frame.FirstFrame(
    snapshot, preferences.Preferences(), Mood(), first_frame.Room(120, 40)
)
print(first_frame.drawn(frame, defaultdict(Pen)), "loaded:", *sys.modules)
"""


def test_what_is_drawn_by_hand_loads_nothing_of_textual(fleet_paths):
    code = _DRAWN.format(at=fleet.AT)
    place = {**os.environ, "COSTTOP_HOME": str(fleet_paths.database.parent)}
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=place)
    text, _, names = ran.stdout.rpartition("loaded: ")
    assert "SESSION" in text
    loaded = set(names.split())
    assert not loaded & {"textual", "rich", "asyncio", "msgspec", "tomllib", "subprocess"}
    assert not loaded & {"decimal", "locale"}  # a millisecond each
    assert not [name for name in loaded if f"{name}.".startswith("costtop.daemon.")]
