"""Shapley values: exact to the nano-dollar, fair, and additive over sessions."""

import math
import random

import pytest
from benches.generator import corpus
from hypothesis import given
from hypothesis import strategies as st

from costtop.analysis import because, drivers, shapley
from costtop.analysis.drivers import DRIVERS, Reference, SessionUsage
from costtop.detect.monitor import Monitor
from costtop.detect.peer_comparison import compared
from costtop.detect.settings import Settings

USUAL = Reference(
    20, 0.5, 0.1, 20_000, 500, 200, 50_000_000, (300_000.0, 3_750_000.0, 15_000_000.0),
    ((1, 0.0), (5, 18_000.0), (10, 21_000.0), (20, 26_000.0), (40, 36_000.0)),
)  # fmt: skip


def test_the_value_of_a_product_is_shared_equally():
    found = shapley.shares(lambda x: x[0] * x[1], (1, 1), (2, 2))
    assert found == pytest.approx([1.5, 1.5])


def test_a_known_game_has_its_known_values():
    """The glove game: one left glove (0), two right ones (1, 2)."""
    found = shapley.shares(lambda x: float(x[0] and (x[1] or x[2])), (0, 0, 0), (1, 1, 1))
    assert found == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_what_does_not_move_gets_nothing_and_savings_are_negative():
    found = shapley.shares(lambda x: x[0] + x[1] * x[2], (5, 2, 3), (5, 1, 3))
    assert found == [0.0, -3.0, 0.0]


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=8))
def test_parts_become_ints_that_sum_to_the_total(parts):
    total = round(math.fsum(parts))
    found = shapley.exact(parts, total)
    assert sum(found) == total
    assert all(abs(one - two) <= len(parts) for one, two in zip(found, parts, strict=True))


@given(
    st.integers(1, 900), st.integers(0, 50), st.integers(0, 10**9), st.integers(0, 10**8),
    st.integers(0, 10**7), st.integers(0, 10**8), st.integers(0, 10**7), st.integers(0, 10**12),
    st.integers(0, 10**13),
)  # fmt: skip
def test_the_split_of_any_session_has_no_residual(
    turns, retries, carried, missed, prompt, new, output, agents, root
):
    usage = SessionUsage(turns, min(retries, turns), carried, min(missed, carried), prompt,
                  prompt + new, output, agents, root)  # fmt: skip
    split = drivers.split(usage, USUAL)
    assert sum(split.parts) == split.actual - split.usual
    assert split.actual == root + agents


def test_an_ordinary_session_differs_by_nothing():
    turns = 20
    carried = round(drivers.carry(USUAL, 20.5) * 20.5)
    form = drivers.dollars((20.0, 0.5, 1.0, 1.0, 0.1, 1.0, 200.0, 0.0), USUAL)
    new = 20_000 + 500 * turns
    usage = SessionUsage(turns, 0, carried, carried // 10, 20_000, new, 200 * turns,
                         50_000_000, round(form))  # fmt: skip
    split = drivers.split(usage, USUAL)
    assert abs(sum(split.parts)) < split.usual // 50


def usage_of(**changes):
    turns = 20
    carried = round(drivers.carry(USUAL, turns) * turns)
    new = 20_000 + 500 * turns
    plain = SessionUsage(turns, 0, carried, carried // 10, 20_000, new, 200 * turns, 0, 0)
    changed = plain._replace(**changes)
    own = (
        float(changed.turns - changed.retries), float(changed.retries), 1.0,
        changed.carried / carried, changed.missed / max(1, changed.carried),
        changed.new / plain.new, changed.output / changed.turns, 0.0,
    )  # fmt: skip
    return changed._replace(root_cost=round(drivers.dollars(own, USUAL)))


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"retries": 15}, "retry_loop"),
        ({"missed": 400_000}, "cache_miss"),
        ({"output": 60_000}, "verbose_output"),
        ({"carried": 2_500_000}, "context_growth"),
        ({"new": 300_000}, "context_growth"),
        ({"agent_cost": 3 * 10**9}, "fan_out"),
    ],
)
def test_the_cause_is_what_was_changed(changes, cause):
    usage = usage_of(**changes)
    split = drivers.split(usage, USUAL)
    causes = because.causes(split, usage, USUAL)
    assert max(causes, key=causes.__getitem__) == cause


def test_a_dearer_model_is_the_price():
    usage = usage_of()
    dear = usage._replace(root_cost=usage.root_cost * 5)
    parts = dict(zip(DRIVERS, drivers.split(dear, USUAL).parts, strict=True))
    assert parts["price"] > 0.9 * (sum(parts.values()))


def test_splits_add_up_over_sessions():
    rng = random.Random(4)
    splits = [drivers.split(usage_of(output=rng.randint(100, 9000)), USUAL) for _ in range(30)]
    whole = drivers.together(splits)
    assert sum(whole.parts) == whole.actual - whole.usual
    assert whole.actual == sum(split.actual for split in splits)


def test_the_carry_curve_is_linear_between_and_proportional_beyond():
    assert drivers.carry(USUAL, 7.5) == pytest.approx(19_500)
    assert drivers.carry(USUAL, 80) == pytest.approx(72_000)
    assert drivers.carry(USUAL._replace(carry=()), 9) == 0.0


def test_every_generated_session_is_split_without_a_residual():
    monitor = Monitor(Settings())
    made = corpus(32, days=6, bad=0.2)
    count = 0
    for event in made.events:
        monitor.observe(event.spend)
    for root in made.truths:
        session = monitor.session(root)
        found = compared(session, monitor.peers_of(session), {})
        assert found.parts is not None
        assert sum(found.parts.values()) == found.gap == session.cost - found.usual.median
        count += 1
    assert count > 200
