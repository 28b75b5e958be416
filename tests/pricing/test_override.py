import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest

from costtop.errors import ConfigError
from costtop.model import Call, Tokens
from costtop.pricing.book import PriceBook
from costtop.pricing.override import overrides

TODAY = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)
MILLION = Tokens(input=1_000_000)


def book(toml: str) -> PriceBook:
    return PriceBook(overrides(tomllib.loads(toml)))


def input_rate(
    prices: PriceBook, model: str, at: int = TODAY, size: int = 10, **more: str
) -> int | None:
    rates = prices.rates(more.pop("provider", ""), model, at, size, **more)
    return rates.input if rates else None


ACME = """
[[price]]
model = "acme-llm-2"
provider = "acme"
from = "2026-01-01"
until = 2026-07-01
per_million = { input = "$1.2", output = 6, cache_read = 0.12, cache_write = "1.5" }
search = "$0.01"
above = { tokens = 200000, per_million = { input = 2.4, output = "$12" } }
"""


def test_an_entry_prices_a_model_that_no_list_knows() -> None:
    march = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
    rates = book(ACME).rates("acme", "acme-llm-2", march, 10)
    assert rates is not None
    assert rates[:7] == (
        1_200_000, 120_000, 1_500_000, 1_500_000, 6_000_000, 10_000_000,
        "override prices.toml:acme-llm-2",
    )  # fmt: skip


def test_an_entry_holds_from_midnight_utc_of_its_first_to_its_last_day() -> None:
    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    end = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp() * 1000)
    prices = book(ACME)
    asked = [
        input_rate(prices, "acme-llm-2", at, provider="acme")
        for at in (start - 1, start, end - 1, end)
    ]
    assert asked == [None, 1_200_000, 1_200_000, None]


def test_above_counts_for_the_whole_request_when_it_is_strictly_larger() -> None:
    march = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
    prices = book(ACME)
    sizes = [
        input_rate(prices, "acme-llm-2", march, size, provider="acme")
        for size in (200_000, 200_001)
    ]
    assert sizes == [1_200_000, 2_400_000]


def test_missing_cache_rates_are_those_of_what_contains_them() -> None:
    rates = book('[[price]]\nmodel="m"\nper_million={input=3,output=4}').rates("", "m", TODAY, 1)
    assert rates is not None
    assert rates[:5] == (3_000_000, 3_000_000, 3_000_000, 3_000_000, 4_000_000)
    written = book('[[price]]\nmodel="m"\nper_million={input=3,output=4,cache_write=5}')
    rates = written.rates("", "m", TODAY, 1)
    assert rates is not None
    assert rates[:5] == (3_000_000, 3_000_000, 5_000_000, 5_000_000, 4_000_000)


def test_the_users_price_goes_before_the_lists_and_only_while_it_holds() -> None:
    prices = book(
        '[[price]]\nmodel="claude-opus-5"\nfrom="2026-11-01"\nper_million={input=1,output=1}'
    )
    october = int(datetime(2026, 10, 31, 23, 59, tzinfo=UTC).timestamp() * 1000)
    assert input_rate(prices, "claude-opus-5", october) == 5_000_000
    assert input_rate(prices, "claude-opus-5") == 1_000_000
    assert input_rate(prices, "claude-opus-4-8") == 5_000_000


def test_the_users_price_hides_the_hours_of_an_off_peak_price() -> None:
    prices = book(
        '[[price]]\nmodel="deepseek-*"\nfrom="2026-11-01"\nuntil="2026-12-01"\n'
        "per_million={input=1,output=1}"
    )
    day = 86_400_000
    hours = range(TODAY, TODAY + day, 3_600_000)
    assert {input_rate(prices, "deepseek-v4-pro", at) for at in hours} == {1_000_000}
    later = [input_rate(prices, "deepseek-v4-pro", at + 30 * day) for at in hours]
    assert set(later) == {660_000, 1_320_000}


def test_a_glob_matches_in_any_case_and_under_the_short_name_too() -> None:
    prices = book('[[price]]\nmodel="Acme-*"\nper_million={input=1,output=1}')
    for model in ("acme-llm-2", "ACME-x", "acme-llm[1m]", "openrouter/acme-9", "openai/acme-9"):
        assert input_rate(prices, model) == 1_000_000, model
    assert input_rate(prices, "my-acme-1") is None


@pytest.mark.parametrize("swap", [False, True])
def test_the_more_exact_entry_counts_in_either_order(swap: bool) -> None:
    entries: list[dict[str, Any]] = [
        {"model": "acme-*", "per_million": {"input": 1, "output": 1}},
        {"model": "acme-1", "per_million": {"input": 2, "output": 2}},
        {"model": "acme-1", "tier": "batch", "per_million": {"input": 3, "output": 3}},
        {"model": "acme-1", "from": "2026-12-01", "per_million": {"input": 4, "output": 4}},
    ]
    prices = PriceBook(overrides({"price": entries[::-1] if swap else entries}))
    december = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1000)
    assert input_rate(prices, "acme-2") == 1_000_000
    assert input_rate(prices, "acme-1") == 2_000_000
    assert input_rate(prices, "acme-1", tier="batch") == 3_000_000
    assert input_rate(prices, "acme-1", december) == 4_000_000


def test_an_entry_for_a_provider_speaks_of_that_seller_under_any_of_its_names() -> None:
    prices = book('[[price]]\nmodel="*"\nprovider="google"\nper_million={input=1,output=1}')
    assert input_rate(prices, "gemini-2.5-pro", provider="vertex_ai") == 1_000_000
    assert input_rate(prices, "claude-opus-5", provider="anthropic") == 5_000_000


def test_an_explicit_zero_is_a_price() -> None:
    prices = book('[[price]]\nmodel="local-llama"\nper_million={input=0,output=0}')
    call = Call(b"k" * 16, "test", "s", "local-llama", MILLION, TODAY)
    assert prices.price(call)[0] == 0


PRICE = {"input": 1, "output": 1}


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"per_million": PRICE}, "needs a model"),
        ({"model": "m"}, "per_million needs input and output"),
        ({"model": "m", "per_million": {"input": 1}}, "needs input and output"),
        ({"model": "m", "per_million": {**PRICE, "cache": 1}}, "unknown kind 'cache'"),
        ({"model": "m", "per_million": {**PRICE, "input": "cheap"}}, "'cheap' is not an amount"),
        ({"model": "m", "per_million": {**PRICE, "input": True}}, "True is not an amount"),
        ({"model": "m", "per_million": {**PRICE, "input": -1}}, "negative"),
        ({"model": "m", "per_million": {**PRICE, "input": float("nan")}}, "amount"),
        ({"model": "m", "per_million": PRICE, "from": "soon"}, "from = 'soon' is not a date"),
        ({"model": "m", "per_million": PRICE, "from": 2026}, "from = 2026 is not a date"),
        (
            {"model": "m", "per_million": PRICE, "from": "2026-02-01", "until": "2026-02-01"},
            "until must be later",
        ),
        ({"model": "m", "per_million": PRICE, "above": {"tokens": 5}}, "above needs tokens and"),
        (
            {"model": "m", "per_million": PRICE, "above": {"tokens": "5", "per_million": PRICE}},
            "whole numbers, ascending",
        ),
        (
            {
                "model": "m",
                "per_million": PRICE,
                "above": [{"tokens": n, "per_million": PRICE} for n in (200, 100)],
            },
            "whole numbers, ascending",
        ),
        ({"model": "m", "per_million": PRICE, "search": "x"}, "search: 'x' is not an amount"),
        ({"model": "m", "per_million": PRICE, "tokens": 1}, "unknown key 'tokens'"),
        ({"model": 5, "per_million": PRICE}, "model must be text"),
        ("m", "not a table"),
    ],
)
def test_a_faulty_entry_is_named_with_its_remedy(entry: Any, says: str) -> None:
    good = {"model": "good", "per_million": PRICE}
    with pytest.raises(ConfigError) as fault:
        overrides({"price": [good, entry]}, "mine.toml")
    assert says in str(fault.value)
    assert str(fault.value).startswith("mine.toml, [[price]] 2")
    assert "\n" not in str(fault.value)


def test_a_faulty_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown key 'prices'"):
        overrides({"prices": []})
    with pytest.raises(ConfigError, match="two brackets"):
        overrides({"price": {"model": "m"}})
    assert overrides({}) == ()
