"""Cards against genai-prices itself: every model, any time, tier and mix of tokens."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices
from hypothesis import given, settings
from hypothesis import strategies as st

from costtop.model import Tokens
from costtop.money import NANO
from costtop.pricing.cards import Card, rates_at, window_at
from costtop.pricing.charge import charge
from costtop.pricing.listed import TIERS, listed_card

SNAPSHOT = get_snapshot()
OFFERS = [(provider, model) for provider in SNAPSHOT.providers for model in provider.models]
TRICKY = [
    (provider, model)
    for provider, model in OFFERS
    if model.price_variants or not isinstance(model.prices, ModelPrice)
]
VARIANTS = [
    (provider, model, variant.when, tier)
    for provider, model in OFFERS
    for variant in model.price_variants or ()
    for tier, (key, value) in TIERS.items()
    if variant.when == {key: value}
]
EDGES = (0, 1, 99_999, 100_000, 100_001, 199_999, 200_000, 200_001, 272_000, 272_001, 512_001)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ms(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def moments() -> st.SearchStrategy[datetime]:
    """Around every date on which a price changes, at full, half and odd hours, and elsewhere."""
    days = {
        rule.start_date
        for _, model in TRICKY
        for item in (
            *([] if isinstance(model.prices, ModelPrice) else model.prices),
            *(model.price_variants or ()),
        )
        if hasattr(rule := item.constraint, "start_date")
    }
    midnights = st.sampled_from(
        sorted(datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days)
    )
    shifts = st.integers(-48, 48).map(lambda halves: timedelta(minutes=30 * halves))
    jitter = st.sampled_from([-1, 0, 1]).map(lambda ms: timedelta(milliseconds=ms))
    near = st.builds(lambda day, shift, ms: day + shift + ms, midnights, shifts, jitter)
    years = st.integers(ms(datetime(2023, 1, 1, tzinfo=UTC)), ms(datetime(2028, 1, 1, tzinfo=UTC)))
    return near | years.map(lambda at: EPOCH + timedelta(milliseconds=at))


@st.composite
def usages(draw: st.DrawFn) -> Tokens:
    size = draw(st.sampled_from(EDGES) | st.integers(0, 2_000_000))
    read = draw(st.integers(0, size))
    write = draw(st.integers(0, size - read))
    hour = draw(st.integers(0, write))
    return Tokens(size, read, write, hour, draw(st.integers(0, 200_000)))


def theirs(
    provider: Provider, model: ModelInfo, at: datetime, context: dict[str, str], used: Tokens
) -> int:
    usage = Usage(
        input_tokens=used.input,
        cache_read_tokens=used.cache_read,
        cache_write_tokens=used.cache_write,
        cache_write_1h_tokens=used.cache_write_1h,
        output_tokens=used.output,
    )
    price = model.calc_price(
        usage, provider, genai_request_timestamp=at, price_context=context
    ).total_price
    return int((price * NANO).to_integral_value(ROUND_HALF_EVEN))


def card_of(provider: Provider, model: ModelInfo, tier: str = "", speed: str = "") -> Card | None:
    """The card, where the name finds this very model (some ids are shadowed by another's)."""
    name = model.id.lower()
    if provider.find_model(name, all_providers=SNAPSHOT.providers) is not model:
        return None
    return listed_card(SNAPSHOT, provider.id, name, tier, speed, "")


def is_unpriceable(prices: ModelPrice, model: ModelInfo) -> bool:
    known = {key for key, price in prices.__dict__.items() if price is not None}
    if not known:
        return "free" not in f"{model.id} {model.name}".lower()
    return "input_mtok" not in known or bool(known & {"output_reasoning_mtok"})


def is_in_pico(prices: ModelPrice) -> bool:
    """Whether all $/M prices have at most six decimals (a few OpenRouter ones have 18)."""
    numbers: list[Decimal] = []
    for price in prices.__dict__.values():
        if isinstance(price, TieredPrices):
            numbers += [price.base, *(tier.price for tier in price.tiers)]
        elif price is not None:
            numbers.append(price)
    return all(number == round(number, 6) for number in numbers)


def agrees(
    provider: Provider,
    model: ModelInfo,
    card: Card,
    at: datetime,
    context: dict[str, str],
    used: Tokens,
) -> None:
    rates = rates_at(card, ms(at), used.input)
    prices = model.get_prices(at, context)
    if is_unpriceable(prices, model):
        assert rates is None
        assert window_at(card, ms(at)).why
        return
    assert rates is not None, window_at(card, ms(at)).why
    expected = theirs(provider, model, at, context, used)
    slack = 0 if is_in_pico(prices) else 1 + used.input // 2000
    assert abs(charge(used, 0, rates) - expected) <= slack


def test_every_model_of_the_list_costs_what_genai_prices_calculates() -> None:
    used = Tokens(300_001, 100_000, 50_000, 20_000, 7_777)
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    checked = 0
    for provider, model in OFFERS:
        card = card_of(provider, model)
        if card is not None:
            agrees(provider, model, card, at, {}, used)
            checked += 1
    assert checked > 2_000


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(OFFERS) | st.sampled_from(TRICKY), moments(), usages())
def test_rates_reproduce_calc_price_at_any_time_and_size(
    offer: tuple[Provider, ModelInfo], at: datetime, used: Tokens
) -> None:
    card = card_of(*offer)
    if card is not None:
        agrees(*offer, card, at, {}, used)


@settings(max_examples=400, deadline=None)
@given(st.data(), moments(), usages())
def test_rates_reproduce_calc_price_under_any_listed_tier(
    data: st.DataObject, at: datetime, used: Tokens
) -> None:
    provider, model, when, tier = data.draw(st.sampled_from(VARIANTS))
    card = card_of(provider, model, tier)
    in_force = any(
        v.when == when and (v.constraint is None or v.constraint.active(at))
        for v in model.price_variants or ()
    )
    if card is not None and in_force:
        agrees(provider, model, card, at, when, used)


@pytest.mark.parametrize(
    ("provider", "model"), [("perplexity", "sonar"), ("perplexity", "sonar-pro")]
)
def test_a_fee_for_each_request_is_part_of_the_charge(provider: str, model: str) -> None:
    seller = next(one for one in SNAPSHOT.providers if one.id == provider)
    card = listed_card(SNAPSHOT, provider, model, "", "", "")
    assert card is not None
    rates = rates_at(card, ms(datetime(2026, 11, 23, tzinfo=UTC)), 10)
    assert rates is not None
    assert rates.request > 0
    found = seller.find_model(model)
    assert found is not None
    expected = theirs(seller, found, datetime(2026, 11, 23, tzinfo=UTC), {}, Tokens(10, output=10))
    assert charge(Tokens(10, output=10), 0, rates) == expected


@pytest.mark.parametrize(
    ("seller", "model", "why"),
    [
        ("openai", "whisper-1", "not sold by the token"),
        ("openai", "tts-1", "not sold by the token"),
        ("perplexity", "sonar-deep-research", "a price of its own"),
        ("cerebras", "qwen-3-coder-480b", "no price is listed"),
        ("github-copilot", "gpt-4o", "no price is listed"),
    ],
)
def test_what_tokens_alone_do_not_price_is_unpriced_with_the_reason(
    seller: str, model: str, why: str
) -> None:
    card = listed_card(SNAPSHOT, seller, model, "", "", "")
    assert card is not None
    assert rates_at(card, 0, 10) is None
    assert why in window_at(card, 0).why


def test_a_model_that_is_free_by_name_costs_nothing() -> None:
    card = listed_card(SNAPSHOT, "openrouter", "deepseek/deepseek-r1:free", "", "", "")
    assert card is not None
    rates = rates_at(card, 0, 10)
    assert rates is not None
    assert charge(Tokens(1000, output=1000), 0, rates) == 0
