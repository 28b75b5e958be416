from datetime import UTC, datetime
from typing import Any

import pytest

from costtop.pricing.book import PriceBook

TODAY = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)
FILE: dict[str, Any] = {
    "sample_spec": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6},
    "claude-opus-5": {"input_cost_per_token": 9e-6, "output_cost_per_token": 9e-6},
    "Acme-1": {
        "mode": "chat",
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 1.5e-05,
        "cache_read_input_token_cost": 3e-07,
        "cache_creation_input_token_cost": 3.75e-06,
        "cache_creation_input_token_cost_above_1hr": 6e-06,
        "input_cost_per_token_above_200k_tokens": 6e-06,
        "output_cost_per_token_above_200k_tokens": 2.25e-05,
        "cache_read_input_token_cost_above_200k_tokens": 6e-07,
        "cache_creation_input_token_cost_above_200k_tokens": 7.5e-06,
        "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 1.2e-05,
        "search_context_cost_per_query": {"search_context_size_medium": 0.01},
        "provider_specific_entry": {"fast": 2.0, "us": 1.1},
    },
    "acme-2": {
        "input_cost_per_token": 2e-06,
        "output_cost_per_token": 8e-06,
        "cache_read_input_token_cost": 2e-07,
        "input_cost_per_token_batches": 1e-06,
        "output_cost_per_token_batches": 4e-06,
        "input_cost_per_token_priority": 4e-06,
        "output_cost_per_token_priority": 1.6e-05,
        "cache_read_input_token_cost_priority": 4e-07,
        "input_cost_per_token_above_272k_tokens": 4e-06,
        "output_cost_per_token_above_272k_tokens": 1.2e-05,
        "input_cost_per_token_above_272k_tokens_priority": 8e-06,
        "output_cost_per_token_above_272k_tokens_priority": 2.4e-05,
        "input_cost_per_token_flex_above_272k_tokens": 2e-06,
    },
    "acme-loud": {
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
        "input_cost_per_audio_token": 8e-06,
        "output_cost_per_audio_token": 1.6e-05,
        "output_cost_per_image_token": 4e-05,
    },
    "zai/glm-4.6": {"input_cost_per_token": 6e-07, "output_cost_per_token": 2.2e-06},
    "acme-free": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
    "acme-none": {"litellm_provider": "acme", "mode": "chat"},
    "acme-half": {"input_cost_per_token": 1e-06, "mode": "chat"},
    "acme-embed": {"input_cost_per_token": 1e-07, "mode": "embedding"},
    "acme-odd": {"input_cost_per_token": "3e-06", "output_cost_per_token": float("nan")},
    "acme-bad": {"input_cost_per_token": -1.0, "output_cost_per_token": 5},
    "acme-list": [1, 2],
}


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook(fallback=FILE)


def rates(book: PriceBook, model: str, size: int = 10, **more: str) -> tuple[int, ...] | None:
    found = book.rates(more.pop("provider", ""), model, TODAY, size, **more)
    return found[:6] if found else None


def test_the_file_prices_what_genai_prices_lacks(book: PriceBook) -> None:
    assert rates(book, "acme-1") == (
        3_000_000, 300_000, 3_750_000, 6_000_000, 15_000_000, 10_000_000,
    )  # fmt: skip
    found = book.rates("", "acme-1", TODAY, 10)
    assert found is not None
    assert found.card == "LiteLLM Acme-1"


def test_genai_prices_goes_before_the_file(book: PriceBook) -> None:
    found = rates(book, "claude-opus-5", provider="anthropic")
    assert found is not None
    assert found[0] == 5_000_000


def test_a_key_above_a_threshold_is_for_the_whole_request(book: PriceBook) -> None:
    assert rates(book, "acme-1", 200_000) == rates(book, "acme-1")
    assert rates(book, "acme-1", 200_001) == (
        6_000_000, 600_000, 7_500_000, 12_000_000, 22_500_000, 10_000_000,
    )  # fmt: skip


def test_batches_and_priority_have_keys_of_their_own(book: PriceBook) -> None:
    batch = (1_000_000, 200_000, 1_000_000, 1_000_000, 4_000_000, 0)
    priority = (4_000_000, 400_000, 4_000_000, 4_000_000, 16_000_000, 0)
    assert rates(book, "acme-2", tier="batch") == batch
    assert rates(book, "acme-2", tier="priority") == priority
    large = rates(book, "acme-2", 272_001, tier="priority")
    assert large is not None
    assert (large[0], large[4]) == (8_000_000, 24_000_000)


@pytest.mark.parametrize(
    ("size", "variant", "part"),
    [
        (100, {"tier": "flex"}, 2),  # only above 272k
        (272_001, {"tier": "batch"}, 2),  # only up to 272k
        (100, {"speed": "fast"}, 1),
        (100, {"tier": "ultra"}, 1),
        (100, {"geo": "eu"}, 1),
    ],
)
def test_a_tier_or_band_that_the_entry_does_not_price_is_a_floor(
    book: PriceBook, size: int, variant: dict[str, str], part: int
) -> None:
    plain = book.rates("", "acme-2", TODAY, size)
    found = book.rates("", "acme-2", TODAY, size, **variant)
    assert plain is not None
    assert found is not None
    assert (plain.floor, found.floor) == (False, True)
    assert [rate * part for rate in found[:5]] == list(plain[:5])


def test_what_an_entry_does_not_price_is_named(book: PriceBook) -> None:
    assert book.why("", "acme-2", TODAY, speed="fast") == "LiteLLM acme-2 has no price for fast"


def test_fast_and_us_multiply_every_token_rate_but_not_searches(book: PriceBook) -> None:
    assert rates(book, "acme-1", speed="fast") == (
        6_000_000, 600_000, 7_500_000, 12_000_000, 30_000_000, 10_000_000,
    )  # fmt: skip
    both = rates(book, "acme-1", speed="fast", geo="us")
    assert both is not None
    assert both[0] == 6_600_000


def test_the_sellers_prefix_finds_its_entry_and_no_other_sellers(book: PriceBook) -> None:
    assert rates(book, "glm-4.6", provider="zai") is not None
    assert rates(book, "zai/glm-4.6") is not None
    assert rates(book, "glm-4.6", provider="groq") is None
    assert rates(book, "glm-4.6") is None


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("acme-free", "LiteLLM acme-free has no token price"),
        ("acme-none", "LiteLLM acme-none has no token price"),
        ("acme-half", "LiteLLM acme-half has no output price"),
        ("acme-odd", "LiteLLM acme-odd has no token price"),
        ("acme-bad", "LiteLLM acme-bad has no token price"),
        ("acme-list", "no price list knows this model"),
        ("sample_spec", "no price list knows this model"),
    ],
)
def test_zero_missing_or_odd_costs_are_unknown_and_not_free(
    book: PriceBook, model: str, why: str
) -> None:
    assert rates(book, model) is None
    assert book.why("", model, TODAY) == why


def test_an_embedding_has_no_output_to_price(book: PriceBook) -> None:
    assert rates(book, "acme-embed") == (100_000, 100_000, 100_000, 100_000, 0, 0)


@pytest.mark.parametrize("document", [None, [], "text", {"m": None}, {"m": {"input": 1}}])
def test_a_file_of_another_shape_prices_nothing(document: Any) -> None:
    assert rates(PriceBook(fallback=document), "m") is None


def test_audio_and_images_have_rates_of_their_own_where_the_entry_lists_them(
    book: PriceBook,
) -> None:
    found = book.rates("", "acme-loud", TODAY, 10)
    assert found is not None
    assert found.media == (
        ("audio_input", 8_000_000),
        ("audio_output", 16_000_000),
        ("image_output", 40_000_000),
    )
