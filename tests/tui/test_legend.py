"""The legend leaves no sign of any screen and no title of any column unexplained."""

import re
from itertools import chain
from pathlib import Path

from rich.cells import cell_len

from costtop.tui.draw.ink import width_of
from costtop.tui.list.columns import COLUMNS
from costtop.tui.screens import alerts, budgets, days, plans, setup, tasks
from costtop.tui.screens.legend import LEGEND, legend
from costtop.tui.widgets.cause_table import TIMELINE
from costtop.tui.widgets.spending_table import FEATURE_COLUMNS, MODEL_COLUMNS

FRAMES = set("─│╭╮╰╯▏▎▍▌▋▊▉–")  # lines of frames, eighths of a bar, a dash
SNAPSHOTS = sorted((Path(__file__).parent / "snapshots").glob("*.txt"))


def test_every_sign_that_a_screen_shows_is_explained():
    shown = set(chain.from_iterable(path.read_text() for path in SNAPSHOTS))
    signs = {s for s in shown if not s.isascii() and not "\u2800" <= s <= "\u28ff"} - FRAMES
    assert len(signs) > 20
    told = "".join(f"{one.sign} {one.says}" for one in LEGEND)
    assert {sign for sign in signs | set("!*?+-") if sign not in told} == set()


def test_every_column_is_explained():
    lists = (
        *(COLUMNS, FEATURE_COLUMNS, MODEL_COLUMNS, TIMELINE, tasks.COLUMNS, days.COLUMNS),
        *(alerts.COLUMNS, budgets.COLUMNS, plans.COLUMNS, setup.LINES),
    )
    titles = {column.title.format(30) for columns in lists for column in columns if column.title}
    told = " ".join(f"{one.sign} {one.says}" for one in LEGEND)
    words = set(re.split(r"[ ,;:]+", told))
    assert {title for title in titles if title not in words and title not in told} == set()


def test_nothing_of_it_is_cut_off():
    for width in (60, 72, 100):
        assert all(width_of(one) <= width for one in legend("", width))
    assert all(cell_len(one.sign) <= 16 for one in LEGEND)
    assert [one for one in LEGEND if not one.says] == []
    assert legend("no such word in it", 72) == []
