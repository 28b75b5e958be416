"""Every token of every call is booked once; the books sum to the cost to the nano-dollar."""

import random

import pytest
from benches.generator import corpus
from hypothesis import given
from hypothesis import strategies as st

from costtop.analysis import ledger
from costtop.analysis.ledger import BUCKETS
from costtop.model import Call, Rates, Spend, Tokens

MINUTE = 60_000


def named(books):
    return {name: amount for name, amount in zip(BUCKETS, books, strict=True) if amount}


def test_a_first_call_is_prompt_and_output(session, tokens):
    (spend,) = session((0, tokens(1000, 0, 990, 0, 100)))
    books = named(ledger.session([spend]))
    assert books == {"first_prompt": 10 * 5000 + 990 * 6250, "output": 100 * 25_000}


def test_a_cached_turn_is_carry_new_content_and_output(session, tokens):
    spends = session((0, tokens(1000, 0, 1000, 0, 0)), (1, tokens(1300, 1000, 300, 0, 10)))
    books = named(ledger.session(spends[1:], frozenset()))
    assert set(books) == {"first_prompt", "output"}  # alone, it would be a first call
    step = ledger.step(ledger.after(None, spends[0]), spends[1])
    assert named(step.books) == {
        "context_carry": 1000 * 500, "new_content": 300 * 6250, "output": 10 * 25_000,
    }  # fmt: skip
    assert (step.growth, step.carried, step.missed) == (300, 1000, 0)


@pytest.mark.parametrize(
    ("gap", "model", "bucket"),
    [
        (6 * MINUTE, "m", "miss_ttl_expiry"),
        (MINUTE, "m", "miss_prefix_break"),
        (MINUTE, "other", "miss_model_switch"),
    ],
)
def test_a_missed_cache_costs_its_premium_by_cause(session, tokens, gap, model, bucket):
    spends = session(
        (0, tokens(1000, 0, 1000, 0, 0)), (gap, tokens(1000, 0, 1000, 0, 0), {"model": model})
    )
    books = named(ledger.session(spends))
    assert books[bucket] == 1000 * (6250 - 500)
    assert books["context_carry"] == 1000 * 500


def test_a_cache_of_an_hour_expires_after_an_hour(session, tokens):
    first = (0, tokens(1000, 0, 1000, 1000, 0))
    within = session(first, (30 * MINUTE, tokens(1000, 0, 1000, 1000, 0)))
    beyond = session(first, (61 * MINUTE, tokens(1000, 0, 1000, 1000, 0)))
    assert "miss_prefix_break" in named(ledger.session(within))
    assert "miss_ttl_expiry" in named(ledger.session(beyond))


def test_without_a_cache_old_content_is_carried_at_the_plain_price(session, tokens):
    spends = session((0, tokens(1000, 0, 0, 0, 0)), (1, tokens(1500, 0, 0, 0, 0)))
    books = named(ledger.session(spends))
    assert books == {
        "first_prompt": 5_000_000, "context_carry": 5_000_000, "new_content": 2_500_000,
    }  # fmt: skip


def test_a_context_that_shrank_is_compaction(session, tokens):
    spends = session((0, tokens(9000, 0, 9000, 0, 0)), (1, tokens(2000, 0, 2000, 0, 0)))
    assert named(ledger.session(spends))["compaction"] == 2000 * 6250


def test_subagents_and_retries_are_booked_whole(session, tokens):
    spends = session(
        (0, tokens(1000, 0, 0, 0, 0)),
        (1, tokens(700, 0, 0, 0, 9), {"agent": "explore"}),
        (2, tokens(700, 0, 0, 0, 9), {"session": "child"}),
        (3, tokens(1100, 0, 0, 0, 9)),
    )
    books = named(ledger.session(spends, frozenset({spends[3].call.key})))
    assert books["subagents"] == spends[1].cost + spends[2].cost
    assert books["retries"] == spends[3].cost
    assert sum(books.values()) == sum(spend.cost for spend in spends)


def test_a_cost_without_rates_is_unsplit_and_one_without_a_price_is_nothing(session, tokens):
    reported = session((0, tokens(1000, 0, 0, 0, 0), {"cost": 77}), rates=None)
    assert named(ledger.session(reported)) == {"unsplit": 77}
    unknown = session((0, tokens(1000, 0, 0, 0, 0)), rates=None)
    assert named(ledger.session(unknown)) == {}


def test_searches_have_their_own_bucket(session, tokens):
    rates = Rates(5_000_000, 500_000, 6_250_000, 10_000_000, 25_000_000, 10_000_000, "test")
    spends = session((0, tokens(1000, 0, 0, 0, 0), {"searches": 3}), rates=rates)
    assert named(ledger.session(spends))["searches"] == 30_000_000


COUNTS = st.integers(0, 300_000)
PRICES = st.integers(0, 90_000_000)


@st.composite
def calls(draw):
    made = []
    for nth in range(draw(st.integers(1, 8))):
        parts = [draw(COUNTS) for _ in range(4)]
        hour = draw(st.integers(0, parts[2]))
        tokens = Tokens(parts[0] + parts[1] + parts[2], parts[1], parts[2], hour, parts[3])
        rates = Rates(*(draw(PRICES) for _ in range(5)), draw(st.integers(0, 10**8)), "x")
        call = Call(
            nth.to_bytes(16, "big"), "t", "s", draw(st.sampled_from("ab")), tokens,
            draw(st.integers(0, 10**7)), agent=draw(st.sampled_from(["", "", "", "w"])),
            searches=draw(st.integers(0, 3)),
        )  # fmt: skip
        exact = ledger.full_price(tokens, rates) + call.searches * rates.search
        cost = draw(st.one_of(st.just(exact), st.integers(0, 10**12), st.none()))
        made.append(Spend(call, "t/s", cost, draw(st.sampled_from([rates, rates, None])), call.at))
    return made


@given(calls(), st.sets(st.integers(0, 7)))
def test_the_books_sum_to_the_cost_whatever_the_log_says(spends, again):
    retries = frozenset(nth.to_bytes(16, "big") for nth in again)
    books = ledger.session(spends, retries)
    assert sum(books) == sum(spend.cost or 0 for spend in spends)
    assert min(books) >= 0


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**20), min_size=1, max_size=12))
def test_apportioning_sums_exactly(total, weights):
    assert sum(ledger.apportion(total, weights)) == total


def test_the_residual_of_every_generated_session_is_zero():
    made = corpus(31, days=5, bad=0.2)
    sessions = {}
    for event in made.events:
        sessions.setdefault(event.spend.root, []).append(event.spend)
    assert len(sessions) > 200
    rng = random.Random(1)
    for spends in sessions.values():
        retries = frozenset(s.call.key for s in spends if rng.random() < 0.1)
        assert sum(ledger.session(spends, retries)) == sum(spend.cost for spend in spends)
