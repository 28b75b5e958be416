"""Whether work gets dearer: found at like length, hardly ever wrong, honest about noise."""

import math
import random

import pytest
from benches.dearer import tasks, verdicts

from costtop.analysis import dearer, task_price
from costtop.analysis.trend import TooFew


@pytest.mark.parametrize("kind", ["turn", "new token"])
def test_a_third_more_for_a_turn_or_a_token_is_found_at_least_half_of_the_time(kind: str) -> None:
    told = verdicts(0.6, kind, "halfway", 40)
    assert told["rising"] >= 20
    assert not told["falling"]


def test_where_nothing_changes_hardly_anything_is_called_dearer() -> None:
    told = verdicts(0.45, "nothing", "halfway", 60)
    assert told["rising"] + told["falling"] <= 6


@pytest.mark.parametrize(("spread", "kind"), [(1.5, "turn"), (0.3, "turns")])
def test_what_cannot_be_told_is_not_called_steady(spread: float, kind: str) -> None:
    told = verdicts(spread, kind, "halfway", 20)
    assert told["cannot tell"] >= 15
    assert not told["steady"]


def test_longer_tasks_are_no_dearer_turns() -> None:
    """Twice the turns a task from the middle on, at the same price of each."""
    found = task_price.prices(tasks("1", 0.3, "turns", "halfway", rise=1.0))
    assert all(abs(one.change) < 0.2 for one in found)
    assert dearer.dearer(tasks("1", 0.3, "turns", "halfway", rise=1.0)).whole.change > 0.3


def test_work_that_is_even_and_stays_so_is_steady() -> None:
    chance = random.Random(4)
    made = [
        task_price.PricedTask(day * 86_400_000 + n, day, 20 + chance.gauss(0, 0.2), 2.0, 9.0)
        for day in range(28) for n in range(20)
    ]  # fmt: skip
    found = dearer.dearer(made)
    assert dearer.verdict(found, sure=found.p <= dearer.LEVEL) == "steady"
    assert dearer.is_steady(found.whole)


def test_few_tasks_say_so_and_the_order_does_not_matter() -> None:
    made = tasks("2", 0.4, "nothing", "halfway")
    few = dearer.dearer(made[:20])
    assert isinstance(few.whole, TooFew)
    assert dearer.verdict(few, sure=True) == "too few"
    assert dearer.dearer(made, 99) == dearer.dearer(made[::-1], 99)


def test_equal_prices_of_equal_tasks_have_no_trend() -> None:
    made = [
        task_price.PricedTask(day * 86_400_000 + n, day, 20.0, 2.0, 9.0)
        for day in range(12) for n in range(4)
    ]  # fmt: skip
    for one in task_price.prices(made):
        assert (one.change, one.spread) == (0.0, 0.0)
        assert one.p == 1.0
        assert math.isfinite(one.low)
