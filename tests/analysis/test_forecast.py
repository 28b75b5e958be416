"""Forecasts: the rate now, the end of day and month, the hour of a tier; how good they are."""

import random

import pytest

from costtop.analysis import forecast
from costtop.analysis.backtest import backtest
from costtop.analysis.forecast import SpendDay
from costtop.money import NANO

HOUR = 3_600_000
SHAPE = (0, 0, 0, 0, 0, 0, 1, 3, 8, 12, 12, 9, 5, 9, 12, 11, 9, 5, 3, 2, 2, 1, 1, 0)


def days(count, seed=1, noise=0.25, wobble=0.3):
    rng = random.Random(seed)
    made = []
    for nth in range(count):
        weekend = nth % 7 >= 5
        level = (0.2 if weekend else 1.0) * rng.lognormvariate(0, noise)
        hours = tuple(round(NANO * level * part * rng.lognormvariate(0, wobble)) for part in SHAPE)
        made.append(SpendDay(weekend, hours))
    return made


def until(day, hour):
    return SpendDay(day.weekend, day.hours[:hour])


def test_the_end_of_an_ordinary_day_is_foreseen_at_noon():
    history = days(60)
    today = days(61)[-1]
    seen = forecast.end_of_day(history, until(today, 12), 12)
    actual = sum(today.hours)
    assert seen.spent == sum(today.hours[:12])
    assert seen.expected == pytest.approx(actual, rel=0.35)
    assert seen.low < seen.expected < seen.high
    assert seen.days >= 8


def test_a_dear_morning_raises_the_rest_of_the_day_but_not_in_proportion():
    history = days(40, noise=0.01, wobble=0.01)
    plain = forecast.end_of_day(history, until(history[-8], 12), 12)
    triple = SpendDay(False, tuple(3 * each for each in history[-8].hours[:12]))
    dear = forecast.end_of_day(history, triple, 12)
    assert plain.rest < dear.rest < 3 * plain.rest


def test_without_five_days_there_is_no_forecast():
    assert forecast.end_of_day(days(4), SpendDay(False, ()), 9) is None
    assert forecast.end_of_month(days(4), 0, 0, [False]) is None
    assert forecast.crossing(days(4), SpendDay(False, ()), 9, NANO) is None


def test_few_days_give_a_wide_interval_that_says_so():
    seen = forecast.end_of_day(days(7), until(days(8)[-1], 9), 9)
    assert seen.days == 0
    assert seen.high > 2 * seen.expected - seen.spent


def test_the_chance_of_a_breach_falls_with_the_amount():
    history = days(60)
    today = until(days(61)[-1], 12)
    spent = sum(today.hours)
    chances = [forecast.chance_today(history, today, 12, amount)
               for amount in (spent, spent * 3 // 2, spent * 2, spent * 5)]  # fmt: skip
    assert chances[0] == 1.0
    assert chances == sorted(chances, reverse=True)
    assert chances[-1] < 0.1


def test_the_hour_of_a_crossing_lies_inside_its_interval():
    history = days(60)
    today = until(days(61)[-1], 9)
    spent = sum(today.hours)
    seen = forecast.crossing(history, today, 9, spent + 20 * NANO)
    assert seen.chance > 0.5
    assert 0 < seen.low <= seen.hours <= (seen.high or 24)
    never = forecast.crossing(history, today, 9, spent * 100)
    assert never.hours is None
    assert never.chance < 0.2
    assert forecast.crossing(history, today, 9, spent).hours == 0.0


def test_the_month_adds_the_days_that_are_left():
    history = days(56, noise=0.05, wobble=0.05)
    weekday = sum(sum(day.hours) for day in history if not day.weekend) / 40
    weekend = sum(sum(day.hours) for day in history if day.weekend) / 16
    left = [False, False, True]
    seen = forecast.end_of_month(history, 7 * NANO, NANO, left)
    assert seen.expected == pytest.approx(8 * NANO + 2 * weekday + weekend, rel=0.01)
    assert seen.low < seen.expected < seen.high
    assert seen == forecast.end_of_month(history, 7 * NANO, NANO, left)
    assert forecast.end_of_month(history, 7 * NANO, NANO, []).expected == 8 * NANO


def test_the_backtest_beats_both_plain_rules_and_covers_what_it_claims():
    records = {record.hour: record for record in backtest(days(100, seed=5))}
    noon = records[12]
    assert noon.days == 79
    assert noon.wape < noon.linear
    assert noon.wape < noon.trailing
    assert noon.wape <= 0.22
    assert 0.7 <= noon.coverage <= 0.92
    assert records[21].width < noon.width
    assert noon.pinball > 0
    assert backtest(days(10)) == []
