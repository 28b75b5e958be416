"""Many calls priced by columns cost what each of them costs by itself."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costtop.columnar.call_columns import of_calls
from costtop.model import Call, Media, Rates, Tokens
from costtop.pricing.book import PriceBook, prices
from costtop.pricing.charge import charge, charges
from costtop.pricing.override import overrides
from tests.pricing.test_book import KNOWN, TODAY

COUNTS = st.one_of(st.integers(0, 5), st.integers(0, 300_000))
TOKENS = st.builds(Tokens, *[COUNTS] * 6)
RATES = st.builds(Rates, *[st.one_of(st.integers(0, 999), st.integers(0, 90_000_000))] * 5)


def asked(kind: tuple[str, ...], tokens: Tokens, at: int, rest: dict[str, Any]) -> Call:
    provider, model, tier, speed, geo = kind
    return Call(
        b"k" * 16, "s", "s", model, tokens, at,
        provider=provider, tier=tier, speed=speed, geo=geo, **rest,
    )  # fmt: skip


RESTS = st.sampled_from(
    ({}, {}, {}, {"searches": 2}, {"reported": 9}, {"placeholder": True}, {"unreadable": True},
     {"media": Media(audio_input=3)}, {"status": "error"}, {"yields": True})
)  # fmt: skip
KINDS = st.sampled_from(
    [*KNOWN, ("openai", "gpt-4o-audio-preview", "", "", ""), ("", "mine", "", "", "")]
)
TIMES = st.sampled_from((TODAY, TODAY - 300 * 86_400_000, 0, TODAY + 2 * 3_600_000))
OWN = {"price": [{"model": "mine", "per_million": {"input": 3, "output": 15}}]}


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook(overrides(OWN))


@settings(deadline=None)
@given(calls=st.lists(st.builds(asked, KINDS, TOKENS, TIMES, RESTS), max_size=30))
def test_a_column_of_prices_is_that_of_each_call(book: PriceBook, calls: list[Call]) -> None:
    assert list(zip(*prices(book, of_calls(calls)), strict=True)) == list(map(book.price, calls))


@given(st.lists(TOKENS, min_size=1, max_size=20), RATES)
def test_many_charges_are_each_of_them(tokens: list[Tokens], rates: Rates) -> None:
    columns = list(zip(*tokens, strict=True))
    assert charges(columns, rates) == [charge(one, 0, rates) for one in tokens]
