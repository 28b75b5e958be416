"""The rate that is shown, in $ an hour, of calls whose decay can be worked out by hand."""

import math

import pytest

from costtop.analysis.forecast import HALF_LIFE, Rate, after, hourly

MINUTE = 60_000
DOLLAR = 10**9
AT = 1_795_000_000_000


def test_a_dollar_now_is_four_dollars_and_sixteen_cents_an_hour():
    """An exponential mean of half-life ten minutes: ln 2 / (1/6 h) = 4.1589 an hour for each $."""
    rate = after(Rate(), AT, DOLLAR)
    assert rate.at == AT
    assert rate.value == pytest.approx(4.158_883_083 * DOLLAR)
    assert rate.value == pytest.approx(math.log(2) * 6 * DOLLAR)


@pytest.mark.parametrize(
    ("minutes", "left"), [(0, 1), (10, 1 / 2), (20, 1 / 4), (5, 0.707_106_781), (60, 1 / 64)]
)
def test_it_halves_every_ten_minutes(minutes, left):
    assert HALF_LIFE == 600_000
    assert hourly(Rate(DOLLAR, AT), AT + minutes * MINUTE) == pytest.approx(left * DOLLAR)


def test_calls_add_up_each_as_old_as_it_is():
    rate = after(after(Rate(), AT, 2 * DOLLAR), AT + 10 * MINUTE, 3 * DOLLAR)
    assert rate == (pytest.approx((1 + 3) * 6 * math.log(2) * DOLLAR), AT + 10 * MINUTE)


def test_a_steady_dollar_a_minute_comes_to_sixty_an_hour():
    rate = Rate()
    for minute in range(600):
        rate = after(rate, AT + minute * MINUTE, DOLLAR)
    assert hourly(rate, rate.at + MINUTE // 2) == pytest.approx(60 * DOLLAR, rel=0.01)


def test_a_call_from_before_neither_grows_nor_turns_back_the_clock():
    rate = Rate(DOLLAR, AT)
    assert hourly(rate, AT - 5 * MINUTE) == DOLLAR
    assert hourly(rate, AT - 1) == DOLLAR
    assert after(rate, AT - 5 * MINUTE, 0) == rate
