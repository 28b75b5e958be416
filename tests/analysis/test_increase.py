"""A day's increase is split to the nano-dollar, and only what moved has a part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.analysis import increase
from costtop.analysis.increase import DRIVERS, Use

USUAL = Use(
    pieces=4, turns=40, retries=2, carried=800_000, missed=40_000, new=60_000, output=20_000,
    root_cost=5_000_000_000, agent_cost=400_000_000, read=40 * 500_000, paid=40 * 6_250_000,
    out=40 * 25_000_000,
)  # fmt: skip

uses = st.builds(
    Use,
    pieces=st.integers(0, 9), turns=st.integers(0, 90), retries=st.integers(0, 5),
    carried=st.integers(0, 10**7), missed=st.integers(0, 10**5), new=st.integers(0, 10**6),
    output=st.integers(0, 10**6), root_cost=st.integers(0, 10**12),
    agent_cost=st.integers(0, 10**11), read=st.integers(0, 10**8), paid=st.integers(0, 10**9),
    out=st.integers(0, 10**10),
)  # fmt: skip


@given(uses, uses)
def test_the_parts_sum_to_the_difference(now: Use, then: Use) -> None:
    amount = round(now.cost - then.cost)
    assert sum(increase.split(now, then, amount).parts) == amount


def scaled(**times: float) -> Use:
    return USUAL._replace(**{name: times[name] * getattr(USUAL, name) for name in times})


ALONE = {
    "pieces": increase.together([USUAL], 2),
    "model": scaled(root_cost=1.5),
    "subagents": scaled(agent_cost=3),
}


@pytest.mark.parametrize("driver", ALONE)
def test_only_what_moved_has_a_part(driver: str) -> None:
    now = ALONE[driver]
    amount = round(now.cost - USUAL.cost)
    parts = dict(zip(DRIVERS, increase.split(now, USUAL, amount).parts, strict=True))
    assert {name for name, part in parts.items() if abs(part) > 10} == {driver}


@pytest.mark.parametrize("driver", ["cache_misses", "retries", "context", "output", "length"])
def test_a_driver_that_grows_with_its_dollars_has_the_largest_part(driver: str) -> None:
    """The day is made anew by the form itself: only one factor of it is another."""
    prices = increase._prices(USUAL)
    factors = [one or 0.0 for one in increase._factors(USUAL, prices)]
    nth = DRIVERS.index(driver)
    factors[nth] = factors[nth] * 2
    pieces, length, retry, _, context, missed, new, output, agents = factors
    work = pieces * length
    turns = work * (1 + retry)
    now = USUAL._replace(
        turns=turns, retries=turns - work, carried=turns * context, new=turns * new,
        missed=turns * context * missed, output=turns * output, agent_cost=pieces * agents,
        root_cost=increase._form([*factors[:8], 0.0], prices),
    )  # fmt: skip
    amount = round(now.cost - USUAL.cost)
    parts = dict(zip(DRIVERS, increase.split(now, USUAL, amount).parts, strict=True))
    assert parts[driver] > 0
    assert all(abs(part) <= 10 for name, part in parts.items() if name != driver)


def test_a_day_that_usually_has_no_spend_is_dear_by_what_was_done() -> None:
    found = increase.split(USUAL, Use(), round(USUAL.cost))
    assert found.parts == (round(USUAL.cost), *[0] * 8)
