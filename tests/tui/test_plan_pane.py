"""What stands behind a window of a plan, and the head's line, at every width. Values by hand."""

import pytest

from costtop.durations import DAY, HOUR, MINUTE
from costtop.queries.plans.plan_history import PlanRun
from costtop.queries.plans.plan_windows import Eaten, PlanWindow
from costtop.tui.draw.ink import width_of
from costtop.tui.widgets import plan_pane
from costtop.tui.widgets.plan_line import plan_line
from tests.tui.values import snapshot

NOW = 1_790_000_000_000
FIVE = PlanWindow(
    agent="codex", home="/h/.codex", plan="plus", limit="", title="5h", minutes=300,
    at=NOW - MINUTE, opened=NOW - 3 * HOUR, resets=NOW + 2 * HOUR, read=61.0, used=61.0,
    full=NOW + HOUR, earliest=NOW + 40 * MINUTE, latest=None, hourly=39.0, point=7_700_000,
    sessions=tuple(Eaten(f"codex/s{n}", 10.0 - n, f"s{n}") for n in range(7)), elsewhere=12.0,
    models=(("gpt-5.5", 30.0), ("gpt-5.5-mini", 19.0)), features=(("checkout", 48.0), ("", 1.0)),
)  # fmt: skip
WEEK = FIVE._replace(
    title="week", minutes=10080, used=22.0, read=22.0, full=None, spare=3 * DAY, earliest=None,
    resets=NOW + 3 * DAY,
)  # fmt: skip
RUN = PlanRun(
    FIVE, ((NOW - 2 * HOUR, 20.0), (NOW - MINUTE, 61.0)),
    tuple((NOW - n * DAY, NOW - n * DAY + HOUR, 90.0 - n) for n in range(1, 30)),
    (0.0, 12.0, 30.0, 4.0, 0.0, 0.0, 8.0), "5h",
)  # fmt: skip


def text(lines):
    return "\n".join("".join(span.text for span in one) for one in lines)


def head(width, *plans):
    (line,) = plan_line(snapshot()._replace(at=NOW, plans=plans), width, plain=True)
    assert width_of(line) <= width
    return text([line])


def test_the_head_keeps_what_hurts_the_longest():
    assert "full ~" in head(200, FIVE, WEEK) and "survives" in head(200, FIVE, WEEK)
    narrow = head(80, FIVE, WEEK)
    assert "61 % resets" in narrow and "full ~" in narrow and "Week" in narrow and "22 %" in narrow
    assert "survives" not in narrow
    both = (FIVE, FIVE._replace(home="/h/work", used=95.0), WEEK, WEEK._replace(home="/h/work"))
    tight = head(60, *both)
    assert "95 %" in tight and "full ~" in tight and ".codex week" not in tight
    soon = head(45, FIVE, WEEK._replace(agent="claude-code", used=90.0))
    assert "codex 5h 61 %" in soon and "90 %" not in soon


@pytest.mark.parametrize("width", [80, 120, 200])
def test_all_parts_of_a_window_are_named(width):
    shown = text(plan_pane.eaten(RUN, {"codex/s0": "cart"}, width))
    for part in ("cart", "s4", "2 sessions more", "elsewhere", "gpt-5.5", "checkout", "(none)"):
        assert part in shown
    assert all(width_of(one) <= width for one in plan_pane.eaten(RUN, {}, width))


def test_what_nothing_tells_is_said_to_be_unknown():
    spark = RUN._replace(now=FIVE._replace(limit="Spark", sessions=(), elsewhere=None))
    assert "nothing tells which calls count for Spark" in text(plan_pane.eaten(spark, {}, 80))
    over = RUN._replace(now=FIVE._replace(read=None, used=None, resets=None, elsewhere=None))
    assert "nothing was read since it was reset" in text(plan_pane.eaten(over, {}, 80))
    assert plan_pane.rising(over, NOW, "UTC", (80, 12)) == []


@pytest.mark.parametrize("height", [0, 1, 2, 3, 5, 8, 20])
def test_a_window_is_drawn_into_the_room_there_is(height):
    drawn = plan_pane.rising(RUN, NOW, "UTC", (100, height))
    assert len(drawn) <= max(height, 0)
    if height >= 8:
        assert "50 %" in text(drawn) and "now" in text(drawn) and "full" in text(drawn)


def test_history_and_weekdays_are_told():
    before = plan_pane.past(RUN, "UTC", 80, 5)
    assert len(before) == 6 and "89 %" in text(before)
    assert "Wed ▇ 30 %" in text(plan_pane.weekdays(RUN)) and "Mon    0 %" in text(
        plan_pane.weekdays(RUN)
    )
    assert plan_pane.past(RUN, "UTC", 80, 0) == []


def test_all_that_is_known_stands_in_one_line():
    said = text([plan_pane.told(RUN, NOW, "UTC")])
    assert "at the earliest, or it survives" in said and "one per cent costs $0.0077" in said
    assert "plan plus" in said and "/h/.codex" in said
    assert "read 2 h ago" in text([plan_pane.told(
        RUN._replace(now=FIVE._replace(at=NOW - 2 * HOUR)), NOW, "UTC")])  # fmt: skip
