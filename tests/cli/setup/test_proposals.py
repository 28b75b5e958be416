"""What is proposed from days and sessions, and that the sentence why is true of them."""

import re
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop import config, paths
from costtop.cli.main import main
from costtop.cli.upkeep.setup import proposals
from costtop.cli.upkeep.setup.proposals import alert_settings, calmed, day_budget, written
from costtop.config import Anomaly, Config
from costtop.durations import now_ms
from costtop.money import NANO
from costtop.queries.spending.days import Day
from costtop.store.db import open_reader
from costtop.sum_floors import Floor
from tests.cli.setup.spent_days import write


def day(dollars: float, *, calls: int = 1, floor: bool = False) -> Day:
    short = Floor(unpriced=1) if floor else Floor()
    return Day("", 0, 0, round(dollars * NANO), floor, calls, 0, 1, 0, None, short)


@pytest.mark.parametrize(
    ("dollars", "amount"),
    [(0, 1), (0.4, 1), (1.01, 1.2), (7.9, 8), (8.01, 10), (10.1, 12), (37.8, 40), (61.2, 70),
     (99, 100), (100, 120), (1234, 1500)],
)  # fmt: skip
def test_an_amount_is_one_that_a_person_would_write(dollars, amount):
    assert written(dollars * NANO) == amount * NANO


@given(st.lists(st.floats(0.01, 500), min_size=7, max_size=30), st.integers(0, 20))
def test_the_sentence_counts_the_days_that_it_speaks_of(costs, idle):
    told = [day(cost) for cost in costs] + [day(0, calls=0)] * idle
    found = day_budget(told)
    under = sum(round(cost * NANO) < found.amount for cost in costs)
    assert f"Of the last {len(told)} days {len(costs)} had spend" in found.why[0]
    assert f"{under} of the {len(costs)} stayed under it" in found.why[1]
    assert under >= 0.85 * (len(costs) - 1)


def test_days_that_are_short_say_so_and_days_without_any_price_propose_nothing():
    found = day_budget([day(5)] * 9 + [day(6, floor=True)])
    assert "the dearest cost ≥$6.00, nine of ten up to ≥$5.10" in found.why[0]
    assert found.why[1] == "$6 a day: 9 of the 10 stayed under it, as far as is known."
    assert found.why[2].startswith("≥: on 1 day more was spent than is known")
    free = day_budget([day(0, floor=True)] * 10)
    assert free.amount is None and "none of their calls has a price" in free.why[0]
    assert day_budget([]).amount is None


def asked(settings: Config, kept: tuple[str, ...] = ()) -> proposals.AlertSettings:
    found = paths.find()
    with closing(open_reader(found.database)) as db:
        told = proposals.whole_days(db, now_ms(), config.zone(settings))
        return alert_settings(db, settings, kept, told, None)


def test_what_speaks_too_often_whatever_the_multiplier_is_said_so(home):
    write(home, [1.0, 3.0, 7.0] * 7)
    write(home, [2.0] * 21, model="claude-opus-4-6-20260205")  # a second session on each day
    assert main(["scan"]) == 0
    loud = Config(anomaly=Anomaly(min_peers=1000, session_cap="$0.50"))
    found = asked(loud, ("session_cap",))
    assert found.values == {}
    assert found.why[0].endswith("one past $0.50 is told of, as it is.")
    assert found.why[1].endswith(
        "the rules tell of 42 of 42 sessions, more than one on a day with spend;"
        " by which rule: costtop alerts replay"
    )
    quiet = asked(Config())
    assert quiet.values == {} and re.search(r"tell of \d of 42 sessions\.$", quiet.why[1])


def test_multipliers_are_tried_until_one_is_calm_and_the_sentence_says_both():
    told = {5.0: 60, 8.0: 40, 12.0: 20}
    found = calmed(told.__getitem__, 5.0, 30, (8.0, 12.0))
    assert found.times == 12.0
    assert found.words(500, 30) == (
        "Replayed over these days, the rules tell of 20 of 500 sessions at 12x the usual;"
        " at 5x it was 60."
    )
    assert calmed(told.__getitem__, 5.0, 50, (8.0, 12.0)).times == 8.0
    assert calmed(told.__getitem__, 5.0, 60, (8.0, 12.0)).spoken == {5.0: 60}
    assert calmed(lambda _: 60, 5.0, 30, (8.0, 12.0)).times == 5.0
    assert calmed(told.__getitem__, 8.0, 1, (8.0, 12.0)).spoken == {8.0: 40, 12.0: 20}
