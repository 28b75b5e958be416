"""Rows of the live list stand still while their rates tick."""

from costtop.durations import SECOND
from costtop.tui.list.arrange import View, arranged
from costtop.tui.list.filter import parse
from costtop.tui.list.frame_memory import CalmOrder
from tests.tui.values import AT, row

ONE, OTHER = row("one", rate=1_000), row("other", rate=990)


def _keys(order, rows, at):
    view = View(placed=order.rates(rows, at))
    return [shown.row.session for shown in arranged(rows, view, parse(""), at)]


def test_less_than_a_tenth_moves_no_row():
    order = CalmOrder()
    assert _keys(order, (ONE, OTHER), AT) == ["one", "other"]
    for n in range(1, 20):  # it rises above the other and comes back
        risen = (ONE, OTHER._replace(rate=990 + 10 * (n % 10)))
        assert _keys(order, risen, AT + n * 10 * SECOND) == ["one", "other"]


def test_a_tenth_moves_it_and_then_it_rests_for_three_seconds():
    order = CalmOrder()
    _keys(order, (ONE, OTHER), AT)
    risen = (ONE, OTHER._replace(rate=2_000))
    assert _keys(order, risen, AT + SECOND) == ["other", "one"]
    assert _keys(order, (ONE, OTHER), AT + 3 * SECOND) == ["other", "one"]
    assert _keys(order, (ONE, OTHER), AT + 4 * SECOND) == ["one", "other"]


def test_what_stops_burning_leaves_at_once():
    order = CalmOrder()
    _keys(order, (ONE, OTHER), AT)
    _keys(order, (ONE._replace(rate=5_000), OTHER), AT + SECOND)
    assert _keys(order, (ONE._replace(rate=0), OTHER), AT + 2 * SECOND) == ["other", "one"]


def test_a_slow_drift_moves_a_row_in_the_end():
    order = CalmOrder()
    for n in range(30):
        keys = _keys(order, (ONE, OTHER._replace(rate=990 + 10 * n)), AT + n * SECOND)
    assert keys == ["other", "one"]
