"""Levels of spend: days off are days off; a change of level is weighed and widens a forecast."""

from functools import cache

import pytest
from benches.forecast import PEOPLE, days, months

from costtop.analysis import forecast
from costtop.analysis.spend_level import draws, learn
from costtop.money import NANO

COMPANY, WORKER, PERSON = PEOPLE
SEEDS = range(40)


@cache  # each is compared with two others
def seen(person, on):
    return months(person, on, SEEDS)


def run(*amounts):
    return [(False, round(amount * NANO)) for amount in amounts]


def test_too_few_days_with_spend_are_nothing_to_learn_from():
    assert learn(run(1, 0, 0, 2, 0, 3, 4, 0), 5) is None
    assert learn(run(1, 0, 0, 2, 0, 3, 4, 5), 5) is not None


def test_days_off_are_counted_and_drawn_as_such():
    known = learn(run(*([10, 0] * 15)), 5)
    assert known.active[0] == (15, 30)
    totals = draws(known, [False] * 10, 400, 1)
    assert totals[len(totals) // 2] == pytest.approx(50 * NANO, rel=0.25)
    assert draws(known, [False] * 10, 400, 1) == totals


def test_one_dear_day_is_no_new_level_and_several_are():
    calm = [10, 11, 9, 10, 12, 10, 9, 11, 10, 10] * 3
    assert learn(run(*calm, 40), 5).lately == pytest.approx(1.0, abs=0.3)
    assert learn(run(*calm, 40, 42, 38, 41, 39, 40), 5).lately > 2.0


def test_the_interval_widens_where_the_last_days_leave_it():
    steady = days(COMPANY, 3, 50, 999)
    left = [False] * 10
    moved = days(COMPANY._replace(factor=2.0), 3, 50, 47)

    def width(history):
        seen = forecast.end_of_month(history, 0, 0, left)
        return (seen.high - seen.low) / seen.expected

    assert width(moved) > 1.25 * width(steady)


@pytest.mark.parametrize("factor", [2.0, 0.5])
@pytest.mark.parametrize("on", [5, 10])
@pytest.mark.parametrize("person", [COMPANY, WORKER], ids=["company", "worker"])
def test_after_a_change_of_level_the_month_is_covered_and_no_wider_than_half_as_much(
    person, on, factor
):
    still, moved = seen(person, on), months(person._replace(factor=factor), on, SEEDS)
    assert 0.65 <= moved.coverage <= 0.95
    assert moved.width <= 1.5 * still.width


def test_a_month_without_a_change_is_foreseen_better_than_by_a_line_and_covered():
    for person in (COMPANY, WORKER, PERSON):
        score = months(person, 7, SEEDS)
        assert score.wape < score.linear
        assert 0.68 <= score.coverage <= 0.95


def test_a_day_of_a_person_with_days_off_is_foreseen_by_whether_it_has_begun():
    history = days(PERSON, 1, 60, 999)
    off = forecast.end_of_day(history, forecast.SpendDay(False, (0,) * 12), 12)
    begun = forecast.end_of_day(history, history[-1]._replace(hours=(0,) * 9 + (NANO,) * 3), 12)
    assert off.low == 0
    assert off.expected < begun.rest
