"""Mix of models, spend against use, caching: what a review says of days and weeks."""

import random

import pytest

from costtop.analysis import caching, mix, usage
from costtop.analysis.usage import Period
from costtop.analysis.usage import SpendChange as Changed
from costtop.money import NANO

PRICES = {"small": 1.0, "large": 5.0}
MINUTE = 60_000


def sessions(rng, share, count):
    """Sessions of 5 to 40 calls, each on one model."""
    return [{"large" if rng.random() < share else "small": rng.randint(5, 40)}
            for _ in range(count)]  # fmt: skip


def test_a_move_to_the_dearer_model_raises_the_index():
    rng = random.Random(1)
    found = mix.mix(sessions(rng, 0.2, 300), sessions(rng, 0.6, 60), PRICES)
    assert found.price_index > 1.5
    assert found.p < 0.01
    assert found.drivers[0][0] in PRICES


def test_the_same_mix_is_hardly_ever_unusual():
    rng = random.Random(2)
    calls = [mix.mix(sessions(rng, 0.3, 100), sessions(rng, 0.3, 20), PRICES, shuffles=199).p < 0.01
             for _ in range(50)]  # fmt: skip
    assert sum(calls) <= 2


def test_a_mix_of_known_shares_has_its_exact_index():
    found = mix.mix([{"small": 3, "large": 1}], [{"small": 1, "large": 1}], PRICES)
    assert found.price_index == pytest.approx(3 / 2)
    assert mix.mix([], [{"small": 1}], PRICES) is None
    assert mix.mix([{"unknown": 9}], [{"small": 1}], PRICES) is None


def test_work_within_ten_per_cent_is_steady():
    assert mix.steady(20, 21.9)
    assert not mix.steady(20, 23)
    assert not mix.steady(0, 1)


def test_the_parts_of_a_change_of_spend_sum_exactly():
    rng = random.Random(3)
    for _ in range(300):
        one, two = (
            Period(rng.randint(0, 10**13), rng.randint(0, 50), rng.randint(0, 5000)) for _ in "ab"
        )
        found = usage.change(one, two)
        assert found.tasks + found.length + found.price == found.spend == two.spend - one.spend


def test_each_part_is_what_alone_has_changed():
    before = Period(10 * NANO, 10, 100)
    assert usage.change(before, Period(20 * NANO, 20, 200)) == Changed(10 * NANO, 10 * NANO, 0, 0)
    assert usage.change(before, Period(20 * NANO, 10, 200)) == Changed(10 * NANO, 0, 10 * NANO, 0)
    assert usage.change(before, Period(20 * NANO, 10, 100)) == Changed(10 * NANO, 0, 0, 10 * NANO)


def test_spend_that_rises_without_more_tasks_is_idle():
    before = Period(10 * NANO, 10, 100)
    assert usage.change(before, Period(20 * NANO, 9, 220)).idle
    assert not usage.change(before, Period(20 * NANO, 20, 200)).idle


def test_a_cache_saves_its_reads_less_what_its_writes_cost_more(session, tokens):
    spends = session((0, tokens(1000, 0, 1000, 0, 0)), (1, tokens(1000, 1000, 0, 0, 0)))
    found = caching.caching(spends)
    assert found.saved == 1000 * (5000 - 500) - 1000 * (6250 - 5000)
    assert found.lost_to_pauses == found.lost_to_changes == 0


def test_a_pause_of_ten_minutes_would_have_been_bridged_by_an_hours_cache(session, tokens):
    spends = session((0, tokens(1000, 0, 1000, 0, 0)), (10 * MINUTE, tokens(1100, 0, 1100, 0, 0)))
    found = caching.caching(spends)
    premium = 1000 * (6250 - 500)
    assert found.lost_to_pauses == found.hour_saves == premium
    assert found.hour_costs == 100 * (10_000 - 6250)
    assert found.hour_pays > 0


def test_a_pause_of_two_hours_would_not(session, tokens):
    spends = session((0, tokens(1000, 0, 1000, 0, 0)), (120 * MINUTE, tokens(900, 0, 900, 0, 0)))
    found = caching.caching(spends)
    assert found.lost_to_pauses > 0
    assert found.hour_saves == 0
    assert found.hour_pays < 0


def test_a_changed_prompt_is_no_matter_of_pauses(session, tokens):
    spends = session((0, tokens(1000, 0, 1000, 0, 0)), (MINUTE, tokens(900, 0, 900, 0, 0)))
    found = caching.caching(spends)
    assert found.lost_to_changes > 0
    assert found.lost_to_pauses == 0


def test_caching_adds_up_over_sessions(session, tokens):
    spends = session((0, tokens(1000, 0, 1000, 0, 0)), (1, tokens(1000, 1000, 0, 0, 0)))
    one = caching.caching(spends)
    assert caching.together([one, one]).saved == 2 * one.saved
