"""The statistics against known values: no scipy is needed to get them right."""

import math
import random

import pytest

from costtop.analysis import quantiles, trend, variance
from costtop.analysis.trend import TaskPoint, TooFew

DAY = 86_400_000


def test_quantiles_are_linear_between_neighbours():
    ordered = [1.0, 2.0, 4.0, 8.0]
    assert [quantiles.quantile(ordered, q) for q in (0, 0.5, 0.9, 1)] == pytest.approx(
        [1, 3, 6.8, 8]
    )
    assert quantiles.median([3]) == 3
    assert quantiles.twice_median([1, 2, 3, 10]) == 5
    assert quantiles.mean([]) == 0.0
    for empty in (lambda: quantiles.quantile([], 0.5), lambda: quantiles.twice_median([])):
        with pytest.raises(ValueError, match="no numbers"):
            empty()


def test_the_upper_spread_of_a_normal_is_its_deviation():
    rng = random.Random(1)
    ordered = sorted(rng.gauss(5, 2) for _ in range(20_000))
    assert quantiles.upper_spread(ordered) == pytest.approx(2, rel=0.05)


def test_kendalls_tau_b_with_ties_has_its_textbook_value():
    assert trend.kendall([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]) == pytest.approx(-0.4714045207910317)
    assert trend.kendall([1, 2, 3, 4], [1, 2, 3, 4]) == 1.0
    assert trend.kendall([1, 1, 1], [1, 2, 3]) == 0.0


def test_theil_sen_shrugs_at_an_outlier():
    xs = [float(x) for x in range(20)]
    ys = [2 * x + 1 for x in xs]
    ys[7] = 900.0
    slope, low, high = trend.theil_sen(xs, ys)
    assert slope == pytest.approx(2)
    assert low <= 2 <= high
    assert trend.theil_sen([1, 1], [1, 2]) == (0.0, 0.0, 0.0)


def points(rng, rise, days=28, a_day=20, spread=0.6, mood=0.0):
    made = []
    for day in range(days):
        shift = rng.gauss(0, mood)
        for nth in range(a_day):
            at = day * DAY + nth * 3_000_000
            made.append(TaskPoint(at, day, rise * day / days + shift + rng.gauss(0, spread)))
    return made


def test_a_rise_by_a_half_is_seen_with_its_size():
    found = trend.trend(points(random.Random(2), math.log(1.5)))
    assert found.p < 0.01
    assert found.tau > 0
    assert found.low < 0.5 < found.high
    assert found.change == pytest.approx(0.5, abs=0.2)


def test_days_that_differ_by_chance_are_no_trend():
    calls = [trend.trend(points(random.Random(seed), 0.0, mood=0.5), shuffles=199).p < 0.01
             for seed in range(40)]  # fmt: skip
    assert sum(calls) <= 2


def test_a_trend_is_the_same_every_time():
    made = points(random.Random(3), 0.2)
    assert trend.trend(made, seed=5) == trend.trend(list(reversed(made)), seed=5)


def test_with_little_data_the_least_visible_change_is_told():
    found = trend.trend(points(random.Random(4), 0.0, days=9))
    assert isinstance(found, TooFew)
    assert 0.2 < found.detectable < 2
    assert trend.trend([]) == TooFew(0, 0, math.inf)


def test_many_features_are_held_to_one_rate_of_false_discovery():
    assert trend.accepted([0.001, 0.04, 0.008, 0.9], 0.01) == [True, False, False, False]
    assert trend.accepted([0.001, 0.004, 0.007, 0.9], 0.01) == [True, True, True, False]
    assert trend.accepted([]) == []


A = [8.88, 9.12, 9.04, 8.98, 9.00, 9.08, 9.01, 8.85, 9.06, 8.99]
B = [8.88, 8.95, 9.29, 9.44, 9.15, 9.58, 8.36, 9.18, 8.67, 9.05]
C = [8.95, 9.12, 8.95, 8.85, 9.03, 8.84, 9.07, 8.98, 8.86, 8.98]


def test_brown_forsythe_has_the_value_of_the_manual():
    statistic, p = variance.brown_forsythe(A, B, C)
    assert statistic == pytest.approx(7.584952754501659)
    assert p == pytest.approx(0.002431505967249681)


def test_groups_without_any_spread_are_equal_or_not():
    assert variance.brown_forsythe([1, 1, 1], [2, 2, 2]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("statistic", "over", "under", "p"),
    [(4.964602743730711, 1, 10, 0.05), (3.3258345, 5, 10, 0.05), (1.0, 7, 7, 0.5), (0, 2, 3, 1.0)],
)
def test_the_f_distribution_has_its_table_values(statistic, over, under, p):
    assert variance.beyond_f(statistic, over, under) == pytest.approx(p, rel=1e-6)


def costs(rng, spread, count):
    return [round(10**9 * rng.lognormvariate(0, spread)) for _ in range(count)]


def test_sessions_that_became_uneven_are_seen_and_others_are_not():
    rng = random.Random(6)
    wider = variance.spread(costs(rng, 0.8, 900), costs(rng, 1.6, 120))
    assert wider.uneven
    assert wider.ratio > 1.5
    assert 0 < wider.top_share < 1
    calm = sum(variance.spread(costs(rng, 0.8, 300), costs(rng, 0.8, 60)).uneven
               for _ in range(60))  # fmt: skip
    assert calm <= 1
    assert variance.spread([1, 2], costs(rng, 1, 9)) is None


def test_the_top_share_is_of_dollars():
    assert variance.top_share([1] * 19 + [81]) == pytest.approx(0.81)
    assert variance.top_share([]) == 0.0
