"""Only changed cells are painted, and what a terminal shows is what a whole painting shows."""

from pathlib import Path

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from costtop.tui.draw.changed_cells import ChangedPiece, written
from scripts.benches import fleet
from scripts.benches.terminal import Terminal
from tests.tui.emulated import Emulated

_OVER_A_STORE = """
import sys
from pathlib import Path
from costtop.cli.open_screen import run_screen
from costtop.tui import backend
from costtop.tui.app import CosttopApp
from costtop.tui.preferences import Preferences
from scripts.benches import fleet
real = backend.real(fleet.instance(Path(sys.argv[1])), lambda: fleet.AT)
sys.exit(run_screen(CosttopApp(real, Preferences(delay=1.0))))
"""
_DOWN, _UP, _END = b"\x1b[B", b"\x1b[A", b"\x1b[F"
_KEYS = (_DOWN * 3, b"M", _DOWN, b"t", _DOWN * 2, b"g", b"g", _UP, b"e", b"#", b"N", _END, b"#",
         b" ", b"3", _DOWN, b"1", b"/etl\r", b"\x1b", b"\r", _DOWN, b"e")  # fmt: skip


@pytest.mark.parametrize(
    ("size", "environ"),
    [
        ((200, 60), {}),
        ((80, 24), {"NO_COLOR": "1"}),
        ((120, 40), {"COLORTERM": "", "TERM": "xterm"}),
    ],
)
def test_after_any_keys_the_terminal_shows_what_a_whole_painting_shows(
    tmp_path: Path, size: tuple[int, int], environ: dict[str, str]
):
    paths = fleet.instance(tmp_path)
    fleet.build(paths, days=3)
    with Terminal(_OVER_A_STORE, str(tmp_path), size=size, environ=environ) as terminal:
        terminal.says(b"SESSION")
        for keys in _KEYS:
            terminal.send(keys)
            terminal.rests()
        before = Emulated(terminal.written)
        terminal.send(b"\x0c")
        terminal.rests()
        after = Emulated(terminal.written)
        assert before.rows() == after.rows()
        assert before.cells == after.cells
        terminal.send(b"q")
        assert terminal.ended() == 0


def test_a_run_of_one_ink_costs_its_colour_once_and_blanks_none():
    red, blue = Style.parse("red"), Style.parse("blue")
    strip = Strip([Segment("a", red), Segment("  ", blue), Segment("b", red), Segment("c", blue)])
    told = "".join(written([ChangedPiece(0, 0, strip, 0, 5)], ColorSystem.STANDARD))
    assert told == "\x1b[1;1H\x1b[31ma  b\x1b[34mc\x1b[0m"


def test_half_of_a_wide_letter_is_a_blank():
    strip = Strip([Segment("漢字", Style.parse("red"))])
    shown = Emulated(
        "".join(written([ChangedPiece(0, 1, strip, 1, 4)], ColorSystem.STANDARD)).encode()
    )
    assert shown.rows() == [" 字"]
