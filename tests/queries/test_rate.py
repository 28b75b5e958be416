"""The rate that is shown, in $ an hour, of minutes whose decay can be worked out by hand."""

import pytest

from costtop.queries.live.burn_rate import rate
from costtop.queries.live.view import TREND_BUCKETS

MINUTE = 60_000
DOLLAR = 10**9
AT = 1_795_000_020_000


def trend(**dollars):
    """The last half hour by minutes; `m5` is the minute five minutes ago."""
    costs = [0] * TREND_BUCKETS
    for name, amount in dollars.items():
        costs[-1 - int(name[1:])] = amount * DOLLAR
    return tuple(costs)


def test_half_an_hour_is_looked_at():
    assert TREND_BUCKETS == 30


def test_a_dollar_now_is_four_dollars_and_fifty_nine_cents_an_hour():
    """The weights of 30 minutes sum to (1 - 1/8) / (1 - 2^-0.1) = 13.0661; 60 / 13.0661."""
    assert rate(trend(m0=1), AT, None) == pytest.approx(4.592_03 * DOLLAR, rel=1e-5)


@pytest.mark.parametrize(("ago", "left"), [("m10", 1 / 2), ("m20", 1 / 4), ("m5", 0.707_106_781)])
def test_it_halves_every_ten_minutes(ago, left):
    now = rate(trend(m0=1), AT, None)
    assert rate(trend(**{ago: 1}), AT, None) == pytest.approx(left * now, abs=4)


def test_minutes_add_up_each_as_old_as_it_is():
    both = rate(trend(m0=3, m10=2), AT, None)
    assert both == pytest.approx(4 * rate(trend(m0=1), AT, None), abs=4)


def test_a_steady_dollar_a_minute_is_sixty_an_hour():
    steady = (DOLLAR,) * TREND_BUCKETS
    assert rate(steady, AT, None) == 60 * DOLLAR


def test_a_young_session_is_averaged_over_its_own_life():
    minute = AT // MINUTE * MINUTE
    assert rate(trend(m0=1), AT, minute) == 60 * DOLLAR
    two = rate(trend(m0=1), AT, minute - MINUTE)
    assert two == pytest.approx(60 / (1 + 0.5**0.1) * DOLLAR, rel=1e-9)
