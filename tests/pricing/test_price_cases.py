"""The price cases of FORMATS (d) and the priced worked examples of (c), by their numbers there.

Where the table names only a total, the token mix is one that gives it at the list price by hand.
"""

from datetime import UTC, datetime

import pytest

from costtop.model import Call, Media, Tokens
from costtop.pricing.book import PriceBook

TODAY = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)
FEBRUARY = int(datetime(2026, 2, 20, tzinfo=UTC).timestamp() * 1000)
AUGUST = int(datetime(2026, 8, 1, tzinfo=UTC).timestamp() * 1000)
K = 1000
THOUSAND_EACH = Tokens(input=K, output=K)
LONG = Tokens(input=250 * K, cache_read=190 * K, cache_write=10 * K, output=2 * K)
LONG_GEMINI = Tokens(input=250 * K, cache_read=150 * K, output=2 * K)
SOL = Tokens(input=22_500, cache_read=7_500, cache_write=10 * K, output=K)


def call(provider: str, model: str, tokens: Tokens, at: int = TODAY, **more: str) -> Call:
    made = Call(b"k" * 16, "test", "s", model, tokens, at, provider=provider)
    return made._replace(**more)  # type: ignore[arg-type]


CASES = [
    ("1 opus-5 1k/1k", call("anthropic", "claude-opus-5", THOUSAND_EACH), 30_000_000),
    (
        "2 opus-5 read, 5 m and 1 h writes",
        call(
            "anthropic",
            "claude-opus-5",
            Tokens(100_012, 90 * K, 10 * K, cache_write_1h=6 * K, output=800),
        ),
        150_060_000,
    ),
    ("3 opus-4-6 250k today", call("anthropic", "claude-opus-4-6", LONG), 457_500_000),
    ("3b same, February", call("anthropic", "claude-opus-4-6", LONG, FEBRUARY), 890_000_000),
    ("4 sonnet-4-5 250k", call("anthropic", "claude-sonnet-4-5", LONG), 534_000_000),
    (
        "5 haiku-4-5 20k 1 h write",
        call("anthropic", "claude-haiku-4-5", Tokens(20_010, 0, 20 * K, 20 * K, 1_500)),
        47_510_000,
    ),
    (
        "6 opus-5 fast",
        call("anthropic", "claude-opus-5", Tokens(8_500, 7_500, output=2 * K), speed="fast"),
        117_500_000,
    ),
    ("7 opus-5 batch", call("anthropic", "claude-opus-5", THOUSAND_EACH, tier="batch"), 15_000_000),
    (
        "8 sonnet-5 and 3 searches",
        call("anthropic", "claude-sonnet-5", THOUSAND_EACH)._replace(searches=3),
        42_000_000,
    ),
    ("9 gpt-5", call("openai", "gpt-5", Tokens(12 * K, 8 * K, output=1_500)), 21_000_000),
    (
        "10 gpt-5 flex",
        call("openai", "gpt-5", Tokens(12 * K, 8 * K, output=1_500), tier="flex"),
        10_500_000,
    ),
    (
        "11 gpt-5 priority",
        call("openai", "gpt-5", Tokens(12 * K, 8 * K, output=1_500), tier="priority"),
        42_000_000,
    ),
    (
        "12 gpt-5 batch",
        call("openai", "gpt-5", Tokens(12 * K, 8 * K, output=1_500), tier="batch"),
        10_500_000,
    ),
    (
        "13 gpt-5.4 300k",
        call("openai", "gpt-5.4", Tokens(300 * K, 200 * K, output=3 * K)),
        667_500_000,
    ),
    (
        "13b gpt-5.4 272k",
        call("openai", "gpt-5.4", Tokens(272 * K, 200 * K, output=3 * K)),
        275_000_000,
    ),
    ("14 gpt-5.6-sol today", call("openai", "gpt-5.6-sol", SOL), 93_000_000),
    ("14b gpt-5.6-sol August", call("openai", "gpt-5.6-sol", SOL, AUGUST), 121_250_000),
    ("15 gemini-2.5-pro 250k", call("google", "gemini-2.5-pro", LONG_GEMINI), 317_500_000),
    ("16 gemini-3.1-pro 250k", call("google", "gemini-3.1-pro-preview", LONG_GEMINI), 496_000_000),
    (
        "17 gemini-2.5-pro batch",
        call("google", "gemini-2.5-pro", Tokens(10 * K, output=2 * K), tier="batch"),
        16_250_000,
    ),
    ("18 fable-5-2 1k/1k", call("anthropic", "claude-fable-5-2", THOUSAND_EACH), 48_000_000),
    ("19 gpt-6-astra", call("openai", "gpt-6-astra", Tokens(7 * K, output=2 * K)), 170_000_000),
    (
        "c1 opus-4-6, five rows of one request",
        call("anthropic", "claude-opus-4-6", Tokens(25_353, 11_515, 13_835, 13_835, 13)),
        144_447_500,
    ),
    (
        "c5 gpt-5.6-sol of Codex",
        call("openai", "gpt-5.6-sol", Tokens(3 * K, 1_500, 800, output=300)),
        13_400_000,
    ),
    (
        "c9 Sonnet of OpenCode",
        call("anthropic", "claude-sonnet-4-5", Tokens(12_470, 500, 11_969, output=102)),
        46_566_750,
    ),
    (
        "the matrix, I: opus-4-6 fast",
        call("anthropic", "claude-opus-4-6", Tokens(10 * K, output=K), speed="fast"),
        450_000_000,
    ),
    (
        "US inference is 1.1 times, searches apart",
        call("anthropic", "claude-opus-5", THOUSAND_EACH, geo="us")._replace(searches=1),
        43_000_000,
    ),
    (
        "global inference is the list price",
        call("anthropic", "claude-opus-5", THOUSAND_EACH, geo="global"),
        30_000_000,
    ),
]


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook()


@pytest.mark.parametrize(("made", "nanos"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_the_case_costs_what_the_list_price_says(book: PriceBook, made: Call, nanos: int) -> None:
    assert book.price(made)[0] == nanos


@pytest.mark.parametrize(
    "model",
    ["codex-auto-review", "gpt-5.3-codex-spark", "qwen3-coder-plus", "coder-model", "glm-4.6"],
)
def test_models_that_the_list_lacks_are_unpriced(book: PriceBook, model: str) -> None:
    cost, rates, _ = book.price(call("", model, THOUSAND_EACH))
    assert (cost, rates) == (None, None)
    assert book.why("", model, TODAY) == "no price list knows this model"


def test_a_tier_is_taken_only_strictly_above_its_threshold(book: PriceBook) -> None:
    at, above = (book.rates("anthropic", "claude-sonnet-4-5", TODAY, n) for n in (200_000, 200_001))
    assert at is not None
    assert above is not None
    assert (at.input, above.input) == (3_000_000, 6_000_000)
    assert (at.output, above.output) == (15_000_000, 22_500_000)  # output too: the whole request


def test_batch_is_half_at_anthropic_before_the_list_had_a_batch_price(book: PriceBook) -> None:
    made = call("anthropic", "claude-opus-4-6", LONG, FEBRUARY, tier="batch")
    assert book.price(made)[0] == 890_000_000 // 2


def test_a_listed_tier_holds_back_to_when_the_standard_price_was_the_same(book: PriceBook) -> None:
    early = book.rates("openai", "gpt-5", AUGUST, 100, "priority")
    late = book.rates("openai", "gpt-5", TODAY, 100, "priority")
    assert early is not None
    assert late is not None
    assert early[:6] == late[:6]
    assert "listed 2026-10-12" in early.card
    other = book.rates("openai", "gpt-5.6-sol", AUGUST, 100, "priority")  # it had another price
    assert other is not None
    assert (other.floor, early.floor, late.floor) == (True, False, False)


@pytest.mark.parametrize(
    ("provider", "model", "tier", "speed", "geo", "part"),
    [
        ("anthropic", "claude-sonnet-4-5", "", "fast", "", 1),
        ("openai", "gpt-5.1-codex-mini", "priority", "", "", 1),
        ("openai", "gpt-5", "ultra", "", "", 1),
        ("openai", "gpt-5", "", "warp", "", 1),
        ("openai", "gpt-5", "", "", "eu", 1),
        ("aws", "us.anthropic.claude-opus-5", "batch", "", "", 2),
        ("azure", "gpt-5", "flex", "", "", 2),
        ("google", "gemini-2.5-pro", "flex", "fast", "", 2),
    ],
)
def test_a_discount_or_premium_without_a_listed_price_is_a_floor(
    book: PriceBook, provider: str, model: str, tier: str, speed: str, geo: str, part: int
) -> None:
    plain = book.rates(provider, model, TODAY, 100)
    found = book.rates(provider, model, TODAY, 100, tier, speed, geo)
    assert plain is not None
    assert found is not None
    assert (plain.floor, found.floor) == (False, True)
    assert [rate * part for rate in found[:5]] == list(plain[:5])
    assert "price is listed for" in book.why(provider, model, TODAY, tier, speed, geo)


@pytest.mark.parametrize("tier", ["standard", "default", "auto", "on_demand", "not_available"])
def test_other_words_for_the_standard_tier_change_nothing(book: PriceBook, tier: str) -> None:
    assert book.rates("openai", "gpt-5", TODAY, 100, tier) == book.rates(
        "openai", "gpt-5", TODAY, 100
    )


def test_priority_at_anthropic_is_capacity_bought_apart_from_the_tokens(book: PriceBook) -> None:
    assert book.rates("anthropic", "claude-opus-5", TODAY, 9, "priority") == book.rates(
        "anthropic", "claude-opus-5", TODAY, 9
    )


def test_a_neighbour_of_a_listed_model_is_unpriced(book: PriceBook) -> None:
    for model in (
        "claude-opus-4-50",
        "claude-opus-4-6-mini",
        "claude-opus-4-6-fast",
        "claude-20",
        "gpt-5-nano-turbo",
        "gemini-2.5-pro-ultra",
        "deepseek-chat-v9",
    ):
        assert book.rates("", model, TODAY, 100) is None, model


def test_the_same_model_has_one_price_under_each_of_its_names(book: PriceBook) -> None:
    expected = book.rates("anthropic", "claude-sonnet-4-5", TODAY, 100)
    for provider, model in (
        ("", "claude-sonnet-4-5-20250929"),
        ("", "claude-sonnet-4.5"),
        ("anthropic", "claude-sonnet-4-5[1m]"),
        ("", "anthropic/claude-sonnet-4-5"),
        ("vertex_ai", "claude-sonnet-4-5@20250929"),
        ("litellm", "litellm_proxy/claude-sonnet-4-5"),
        ("my-gateway", "claude-sonnet-4-5-latest"),
    ):
        rates = book.rates(provider, model, TODAY, 100)
        assert rates is not None, (provider, model)
        assert expected is not None
        assert rates[:5] == expected[:5], (provider, model)


def test_bedrock_prices_its_regions_apart_from_the_global_endpoint(book: PriceBook) -> None:
    name = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    regional = book.rates("bedrock", f"us.{name}", TODAY, 100)
    world = book.rates("bedrock", f"global.{name}", TODAY, 100)
    assert regional is not None
    assert world is not None
    assert (regional.input, world.input) == (3_300_000, 3_000_000)


def test_what_a_subscription_includes_is_shown_at_its_makers_price(book: PriceBook) -> None:
    ours = book.rates("github-copilot", "gpt-4o", TODAY, 100)
    assert ours == book.rates("openai", "gpt-4o", TODAY, 100)
    assert ours is not None
    assert ours.input > 0


def test_off_peak_prices_follow_the_hour_in_utc(book: PriceBook) -> None:
    midnight = TODAY - 12 * 3_600_000

    def rate(hour: float) -> int:
        at = midnight + int(hour * 3_600_000)
        rates = book.rates("deepseek", "deepseek-v4-pro", at, 100)
        assert rates is not None
        return rates.input

    assert [rate(hour) for hour in (0.99, 1, 3.99, 4, 6, 9.99, 10)] == [
        660_000, 1_320_000, 1_320_000, 660_000, 1_320_000, 1_320_000, 660_000,
    ]  # fmt: skip


def test_audio_has_its_own_rate_and_what_a_camera_sees_is_text_at_google() -> None:
    book = PriceBook()
    flash = book.rates("google", "gemini-2.5-flash", TODAY, 10)
    assert flash is not None
    assert dict(flash.media) == {
        "audio_input": 1_000_000,
        "audio_cache_read": 100_000,
        "image_input": 300_000,
        "image_cache_read": 30_000,
        "video_input": 300_000,
    }
    drawing = book.rates("google", "gemini-2.5-flash-image", TODAY, 10)
    assert drawing is not None
    assert dict(drawing.media)["image_output"] == 30_000_000
    plain = book.rates("openai", "gpt-5", TODAY, 10)
    assert plain is not None
    assert plain.media == ()


def test_what_the_tool_itself_says_counts_before_a_floor() -> None:
    book = PriceBook()
    call = Call(b"k" * 16, "costtop", "s", "gpt-5", Tokens(100, output=10), TODAY,
                provider="openai", tier="ultra", reported=7)  # fmt: skip
    assert book.price(call)[0] is None
    assert book.price(call._replace(reported=None))[::2] == (225_000, ("tier",))
    assert book.price(call._replace(tier=""))[::2] == (225_000, ())


def test_a_kind_of_token_that_no_list_prices_is_counted_as_text_and_named() -> None:
    book = PriceBook()
    call = Call(b"k" * 16, "costtop", "s", "gpt-5", Tokens(100, output=10), TODAY,
                provider="openai", media=Media(audio_input=90))  # fmt: skip
    assert book.price(call)[::2] == (225_000, ("modality",))
    assert book.price(call._replace(tier="ultra")).short == ("tier", "modality")
    assert book.price(call._replace(model="gpt-audio"))[::2] == (3_005_000, ())
