"""How good the forecasts are on seeded people: `scripts/bench forecast` prints the tables.

Months begin where the level changes, after 45 days that knew no change; the same people without a
change stand beside them. Shares are of the month's own total.
"""

import math
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from costtop.analysis import forecast
from costtop.analysis.backtest import MONTH, DayRecord, backtest
from costtop.analysis.forecast import SpendDay
from costtop.money import NANO

BEFORE = 45  # days
ON = (3, 5, 7, 10, 14, 21)  # days after the change on whose evening the month is foreseen
SEEDS = 60
_SHAPE = (0, 0, 0, 0, 0, 0, 1, 3, 8, 12, 12, 9, 5, 9, 12, 11, 9, 5, 3, 2, 2, 1, 1, 0)


class Person(NamedTuple):
    """Whose days are made up: P(spend) on work days and at weekends, log-sds, level of weekends."""

    name: str
    works: float = 0.95
    weekends: float = 0.3
    sd: float = 0.5
    weekend_level: float = 0.5
    factor: float = 1.0  # of the level, from the day of the change on


PEOPLE = (
    Person("plain company", 1.0, 1.0, 0.2, 0.25),
    Person("work days and weekends"),
    Person("one person with days off", 0.65, 0.25, 0.8, 0.8),
)


def days(person: Person, seed: int, count: int, change: int) -> list[SpendDay]:
    """`count` days from a Monday-to-Sunday anywhere; from day `change` on at another level."""
    rng = random.Random(f"{person.name} {seed}")  # noqa: S311 - made-up people
    first = rng.randrange(7)
    made = []
    for nth in range(count):
        weekend = (first + nth) % 7 >= 5
        works = rng.random() < (person.weekends if weekend else person.works)
        level = math.exp(rng.gauss(0, person.sd)) * (person.weekend_level if weekend else 1.0)
        level *= person.factor if nth >= change else 1.0
        hours = [round(NANO * level * part * rng.lognormvariate(0, 0.4)) for part in _SHAPE]
        made.append(SpendDay(weekend, tuple(hours) if works else (0,) * 24))
    return made


class MonthScore(NamedTuple):
    """On one day of the month, over all seeds."""

    on: int
    months: int
    wape: float
    linear: float
    coverage: float
    width: float


def months(person: Person, on: int, seeds: Sequence[int]) -> MonthScore:
    """The month that begins with the change, foreseen on the evening of its day `on`."""
    inside = told = 0
    gap = line = width = whole = 0.0
    for seed in seeds:
        made = days(person, seed, BEFORE + MONTH, BEFORE)
        sums = [sum(day.hours) for day in made[BEFORE:]]
        left = [day.weekend for day in made[BEFORE + on :]]
        gone, actual = sum(sums[:on]), sum(sums)
        seen = forecast.end_of_month(made[: BEFORE + on], gone, 0, left)
        if seen is None:
            continue
        told += 1
        inside += seen.low <= actual <= seen.high
        gap += abs(actual - seen.expected)
        line += abs(actual - gone * MONTH / on)
        width += seen.high - seen.low
        whole += actual
    return MonthScore(on, told, gap / whole, line / whole, inside / told, width / whole)


def changed() -> Iterator[Person]:
    """Everybody as they are, then at twice and at half their level."""
    for person in PEOPLE:
        yield person
        yield person._replace(factor=2.0)
        yield person._replace(factor=0.5)


def main(arguments: list[str]) -> None:
    """Prints the tables that docs/detection.md has; `arguments`: how many seeds, and the first."""
    many, first, *_ = [*map(int, arguments), *(SEEDS, 0)[len(arguments) :]]
    seeds = range(first, first + many)
    print("month | " + " | ".join(f"day {on}" for on in ON))
    for person in changed():
        scores = [months(person, on, seeds) for on in ON]
        cells = (
            f"{one.coverage:.2f} ({one.width:.2f}) {one.wape:.2f}/{one.linear:.2f}"
            for one in scores
        )
        print(f"{person.name}, x{person.factor:g} | " + " | ".join(cells))
    for person in PEOPLE:
        records = [backtest(days(person, seed, 90, 999), (9, 12, 15, 18)) for seed in seeds[:6]]
        for each in zip(*records, strict=True):
            print(f"{person.name}, {each[0].hour} o'clock | {_means(each)}")


def _means(records: Sequence[DayRecord]) -> str:
    names = ("wape", "linear", "coverage", "width")
    means = (math.fsum(getattr(one, name) for one in records) / len(records) for name in names)
    return " | ".join(f"{name} {mean:.2f}" for name, mean in zip(names, means, strict=True))
