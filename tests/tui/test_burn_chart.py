"""The picture of the day: what is drawn stands where and as high as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.durations import DAY, HOUR, MINUTE
from costtop.money import NANO
from costtop.queries.live.day_chart import MINUTES, ChartMark, DayChart, Reached
from costtop.tui.draw.ink import plain, width_of
from costtop.tui.widgets import burn_chart
from costtop.tui.widgets.burn_chart import Look
from costtop.tui.widgets.burn_pane import BurnPane
from tests.tui.values import AT, snapshot

MIDNIGHT = AT // DAY * DAY
LOOK = Look("UTC", MIDNIGHT)


def day(*spent: tuple[int, float, float], marks: tuple[ChartMark, ...] = ()) -> DayChart:
    """(minutes ago, dollars, dollars of them flagged)."""
    costs, flagged = [0] * MINUTES, [0] * MINUTES
    for ago, cost, red in spent:
        costs[-1 - ago] += round(cost * NANO)
        flagged[-1 - ago] += round(red * NANO)
    return DayChart(AT, tuple(costs), tuple(flagged), marks)


def inks(lines, sign: str = "") -> set[str]:
    return {span.ink for one in lines for span in one if sign in span.text}


@given(
    st.lists(
        st.tuples(st.integers(0, MINUTES - 1), st.floats(0, 900), st.floats(0, 1)), max_size=12
    ),
    st.integers(40, 220),
    st.integers(3, 12),
)
def test_no_day_breaks_the_picture_or_its_width(spent, width: int, height: int):
    made = day(*((ago, cost, cost * part) for ago, cost, part in spent))
    lines = burn_chart.chart(made, width, height, LOOK._replace(fits=3 * NANO))
    assert len(lines) == height + 2
    assert max(width_of(one) for one in lines[:-1]) <= max(width, 43)
    assert width_of(burn_chart.strip(made, LOOK, (), width)) <= max(width, 60)


def test_a_call_stands_in_the_column_of_its_time_and_the_highest_fills_the_chart():
    lines = burn_chart.chart(day((0, 1.0, 0.0), (12 * 60, 0.25, 0.0)), 120, 5, LOOK)
    text = [plain(one) for one in lines]
    at = text[4].index("█")
    assert text[4][at] == "█"
    assert text[0].rstrip().endswith(("▇", "█"))
    hours = text[6]
    # half a day ago is half of the columns before the last one
    assert abs((text[4].rindex("█") - at) - 48) <= 1
    assert "12:00" in hours
    assert "00:00" in hours


def test_what_was_flagged_is_red_and_the_cursors_session_is_lit():
    made = day((0, 4.0, 3.0), (60, 1.0, 0.0))
    lit = [0] * MINUTES
    lit[-61] = NANO
    lines = burn_chart.chart(made, 120, 5, LOOK._replace(lit=tuple(lit)))
    assert {"bad"} <= inks(lines)
    assert any(ink.startswith("lit") for ink in inks(lines))
    mono = burn_chart.chart(made, 120, 5, LOOK._replace(mono=True, lit=tuple(lit)))
    assert any("▒" in plain(one) for one in mono)
    assert any("░" in plain(one) for one in mono)
    assert inks(mono) <= {"dim", "rule", "text", "warn", "bad"}


def test_midnight_tiers_alerts_and_kills_are_marked_and_what_still_fits():
    marks = (ChartMark(AT - HOUR, "alert"), ChartMark(AT - 30 * MINUTE, "kill"))
    look = LOOK._replace(reached=(Reached(AT - 2 * HOUR, 50),), fits=NANO // 2)
    made = day((MINUTES - 1, 4.0, 0.0), marks=marks)
    text = [plain(one) for one in burn_chart.chart(made, 120, 5, look)]
    assert text[0].count("┊") == 2
    assert "┊00:00" in text[0]
    assert "┊50 %" in text[0]
    assert text[5].count("▲") == text[5].count("✕") == 1
    assert any(line.rstrip().endswith("┈0.5 fits") for line in text)


@pytest.mark.parametrize(("width", "columns"), [(80, 60), (120, 96), (200, 180)])
def test_a_column_is_the_finest_that_fits_a_day(width: int, columns: int):
    assert len(plain(burn_chart.chart(day(), width, 5, LOOK)[0])) == 7 + columns


def test_the_scale_is_a_root_so_that_a_runaway_does_not_flatten_the_day():
    lines = [plain(one) for one in burn_chart.chart(
        day((40, 16.0, 0.0), (300, 1.0, 0.0)), 120, 8, LOOK)]  # fmt: skip
    column = lines[7].index("█")
    high = sum(line[column] not in " ┊" for line in lines[:8])
    assert high == 2  # a sixteenth of the rate is a quarter as high


def test_the_picture_is_read_anew_once_it_lacks_a_twentieth_of_what_the_sums_say():
    pane = BurnPane("burn")
    pane._today, pane._read_at = 100, AT
    behind = [(105, 9), (106, 4), (106, 5), (300, 60)]  # spent, seconds since
    told = [pane._is_behind(snapshot(today=today, at=AT + 1000 * after)) for today, after in behind]
    assert told == [False, False, True, True]
