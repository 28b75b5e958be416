from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.model import Call, Media, Rates, Tokens
from costtop.money import NANO
from costtop.pricing.charge import (
    basis,
    bill,
    call_cost,
    charge,
    charges,
    cost,
    each,
    per_million,
    short,
)

OPUS = Rates(5_000_000, 500_000, 6_250_000, 10_000_000, 25_000_000, search=10_000_000)
counts = st.integers(0, 10**9)
picos = st.integers(0, 10**9)


@st.composite
def tokens(draw: st.DrawFn) -> Tokens:
    read, write, plain, output = draw(counts), draw(counts), draw(counts), draw(counts)
    hour, reasoning = draw(st.integers(0, write)), draw(st.integers(0, output))
    return Tokens(plain + read + write, read, write, hour, output, reasoning)


apart = st.dictionaries(st.sampled_from(Media._fields), picos)
rates = st.builds(
    Rates, picos, picos, picos, picos, picos, search=st.integers(0, NANO),
    request=st.integers(0, 9), media=apart.map(lambda listed: tuple(sorted(listed.items()))),
)  # fmt: skip


@st.composite
def media(draw: st.DrawFn, used: Tokens) -> Media | None:
    """What of `used` is no text: parts of its input, its cache read and its output."""
    plain = used.input - used.cache_read - used.cache_write
    cut = sorted(draw(st.integers(0, plain)) for _ in range(3))
    read = sorted(draw(st.integers(0, used.cache_read)) for _ in range(2))
    out = sorted(draw(st.integers(0, used.output)) for _ in range(3))
    made = Media(
        audio_input=cut[0] + read[0],
        audio_cache_read=read[0],
        audio_output=out[0],
        image_input=cut[1] - cut[0] + read[1] - read[0],
        image_output=out[1] - out[0],
        image_cache_read=read[1] - read[0],
        video_input=cut[2] - cut[1],
        video_output=out[2] - out[1],
    )
    return draw(st.sampled_from([None, made]))


def test_a_million_tokens_at_three_dollars_a_million_cost_exactly_three_dollars() -> None:
    assert charge(Tokens(input=1_000_000), 0, Rates(3_000_000, 0, 0, 0, 0)) == 3 * NANO


def test_each_kind_of_token_pays_its_own_rate() -> None:
    used = Tokens(
        input=100_012, cache_read=90_000, cache_write=10_000, cache_write_1h=6_000, output=800
    )
    assert charge(used, 0, OPUS) == 150_060_000  # 12*5 + 90k*.5 + 4k*6.25 + 6k*10 + 800*25 µ$


def test_reasoning_is_part_of_the_output_and_is_not_added_again() -> None:
    thinking = Tokens(output=100, reasoning=60)
    assert charge(thinking, 0, OPUS) == charge(Tokens(output=100), 0, OPUS)


def test_parts_that_claim_more_than_their_total_count_as_the_total() -> None:
    assert charge(Tokens(input=10, cache_read=20), 0, OPUS) == 20 * 500
    assert charge(Tokens(input=10, cache_read=4, cache_write=9), 0, OPUS) == 4 * 500 + 9 * 6_250
    assert charge(Tokens(input=1, cache_read=2), 0, OPUS) == 2 * 500
    one = Tokens(input=9, cache_write=1, cache_write_1h=2)
    assert charge(one, 0, OPUS) == 8 * 5_000 + 2 * 10_000
    more = Tokens(input=10, cache_write=5, cache_write_1h=8)
    assert charge(more, 0, OPUS) == 5 * 5_000 + 8 * 10_000
    assert [line.kind for line in bill(more, 0, OPUS)] == ["uncached input", "cache write 1h"]


@pytest.mark.parametrize(
    ("pico", "nanos"), [(500, 0), (501, 1), (1_500, 2), (2_500, 2), (2_501, 3), (499, 0)]
)
def test_the_sum_is_rounded_once_half_to_even(pico: int, nanos: int) -> None:
    assert charge(Tokens(input=1), 0, Rates(pico, 0, 0, 0, 0)) == nanos


def test_three_half_nano_dollars_are_rounded_together_and_not_one_by_one() -> None:
    half = Rates(500, 500, 500, 500, 500)
    assert charge(Tokens(input=2, cache_read=1, output=1), 0, half) == 2  # 1.5 -> 2


@given(tokens(), st.integers(0, 99), rates)
def test_a_charge_is_the_exact_decimal_sum(used: Tokens, searches: int, price: Rates) -> None:
    plain = used.input - used.cache_read - used.cache_write
    pico = Decimal(plain * price.input + used.cache_read * price.cache_read)
    pico += (used.cache_write - used.cache_write_1h) * price.cache_write
    pico += used.cache_write_1h * price.cache_write_1h + used.output * price.output
    exact = int((pico / 1000).to_integral_value(ROUND_HALF_EVEN))
    assert charge(used, searches, price) == exact + searches * price.search + price.request


@given(tokens(), st.integers(0, 99), rates, st.data())
def test_the_lines_of_a_bill_sum_to_the_charge(
    used: Tokens, searches: int, price: Rates, data: st.DataObject
) -> None:
    other = data.draw(media(used))
    lines = bill(used, searches, price, other)
    assert sum(line.nanos for line in lines) == charge(used, searches, price, other)
    assert all(line.units > 0 for line in lines)
    tokens = [line.units for line in lines if line.rate.endswith("/M")]
    assert sum(tokens) == used.input + used.output
    assert all(abs(line.nanos) <= 6 for line in lines if line.kind == "rounding")


def test_a_bill_shows_what_rounding_left_as_a_line_of_its_own() -> None:
    half = Rates(500, 500, 0, 0, 500)
    lines = bill(Tokens(input=2, cache_read=1, output=1), 0, half)
    assert [(line.kind, line.units, line.nanos) for line in lines] == [
        ("uncached input", 1, 0),
        ("cache read", 1, 0),
        ("output", 1, 0),
        ("rounding", 1, 2),
    ]


def test_a_bill_names_rates_as_people_quote_them() -> None:
    lines = bill(Tokens(input=1_000, output=10), 3, OPUS)
    assert [(line.kind, line.rate) for line in lines] == [
        ("uncached input", "$5.00/M"),
        ("output", "$25.00/M"),
        ("web search", "$0.01 each"),
    ]
    assert per_million(83_333) == "$0.083333/M"
    assert each(5_000_000) == "$0.005 each"


def test_hostile_parts_larger_than_their_total_never_lower_the_charge() -> None:
    liar = Tokens(input=10, cache_read=1_000, cache_write=0, cache_write_1h=50, output=1)
    assert charge(liar, 0, OPUS) >= charge(Tokens(input=1_000, cache_read=1_000), 0, OPUS)
    assert sum(line.nanos for line in bill(liar, 0, OPUS)) == charge(liar, 0, OPUS)


def test_a_used_model_without_a_price_is_unknown_and_not_free() -> None:
    assert cost(Tokens(input=1), 0, None) is None
    assert cost(Tokens(output=1), 0, None) is None
    assert cost(Tokens(), 1, None) is None


def test_a_call_that_used_nothing_costs_nothing_even_at_an_unknown_model() -> None:
    assert cost(Tokens(), 0, None) == 0


def test_a_placeholder_that_never_got_tokens_is_unknown() -> None:
    call = Call(b"k" * 16, "cline", "s", "m", Tokens(), 0, placeholder=True)
    assert call_cost(call, OPUS) is None
    assert call_cost(call._replace(placeholder=False), OPUS) == 0
    assert call_cost(call._replace(tokens=Tokens(output=1)), OPUS) == 25_000
    assert call_cost(call._replace(tokens=Tokens(input=1)), OPUS) == 5_000
    assert call_cost(call._replace(searches=2), OPUS) == 20_000_000
    unread = call._replace(placeholder=False, unreadable=True)
    assert call_cost(unread, OPUS) is None
    assert call_cost(unread._replace(tokens=Tokens(input=1)), OPUS) == 5_000


def test_without_rates_only_nothing_is_free() -> None:
    assert cost(Tokens(), 0, None) == 0
    assert cost(Tokens(input=1), 0, None) is None
    assert cost(Tokens(output=1), 0, None) is None
    assert cost(Tokens(), 1, None) is None


def test_why_a_charge_is_a_floor() -> None:
    call = Call(b"k" * 16, "codex", "s", "m", Tokens(input=9), 0)
    heard = call._replace(media=Media(audio_input=4))
    priced = OPUS._replace(media=(("audio_input", 1_000),))
    assert short(call, OPUS) == ()
    assert short(call, OPUS._replace(floor=True)) == ("tier",)
    assert short(heard, OPUS) == ("modality",)
    assert short(heard, priced) == ()
    assert short(heard, OPUS._replace(floor=True)) == ("tier", "modality")


def test_searches_without_a_listed_price_make_the_cost_unknown() -> None:
    silent = OPUS._replace(search=0)
    assert cost(Tokens(input=1), 1, silent) is None
    assert cost(Tokens(input=1), 0, silent) == 5_000
    assert cost(Tokens(), 2, OPUS) == 20_000_000


@pytest.mark.parametrize(
    ("computed", "reported", "policy", "counts_as"),
    [
        (5, 7, "computed", 5),
        (None, 7, "computed", 7),
        (5, 7, "reported", 7),
        (5, None, "reported", 5),
        (0, 7, "computed", 0),
        (5, 0, "reported", 0),
        (None, None, "computed", None),
    ],
)
def test_the_policy_says_which_cost_counts(
    computed: int | None, reported: int | None, policy: str, counts_as: int | None
) -> None:
    assert basis(computed, reported, policy) == counts_as


def test_audio_and_images_pay_their_own_rates_and_stay_within_their_totals() -> None:
    used = Tokens(input=10_100, cache_read=2_000, output=150)
    other = Media(audio_input=8_000, audio_cache_read=2_000, image_output=100)
    listed = Rates(
        input=1_000_000,
        cache_read=100_000,
        cache_write=0,
        cache_write_1h=0,
        output=4_000_000,
        media=(
            ("audio_cache_read", 800_000),
            ("audio_input", 8_000_000),
            ("image_output", 40_000_000),
        ),
    )
    # 2,100 text at $1, 6,000 audio at $8, 2,000 cached audio at $0.80, 50 text at $4, 100 at $40
    total = 2_100_000 + 48_000_000 + 1_600_000 + 200_000 + 4_000_000
    assert charge(used, 0, listed, other) == total
    assert [(line.kind, line.units) for line in bill(used, 0, listed, other)] == [
        ("uncached input", 2_100),
        ("output", 50),
        ("audio input", 6_000),
        ("audio cache read", 2_000),
        ("image output", 100),
    ]


def test_what_has_no_rate_of_its_own_is_charged_as_text() -> None:
    used = Tokens(input=1_000, output=10)
    assert charge(used, 0, OPUS, Media(audio_input=900)) == charge(used, 0, OPUS)


def test_a_bill_names_a_request_and_what_rounding_leaves_once() -> None:
    half = Rates(500, 500, 0, 0, 500, request=7)
    assert bill(Tokens(input=2, cache_read=1, output=1), 1, half) == (
        ("uncached input", 1, "$0.0005/M", 0),
        ("cache read", 1, "$0.0005/M", 0),
        ("output", 1, "$0.0005/M", 0),
        ("web search", 1, "$0.00 each", 0),
        ("request", 1, "$0.000000007 each", 7),
        ("rounding", 1, "", 2),
    )
    assert bill(Tokens(), 0, half) == (("request", 1, "$0.000000007 each", 7),)
    assert bill(Tokens(), 0, half._replace(request=0)) == ()


@pytest.mark.parametrize(
    "used",
    [
        [Tokens(1), Tokens(3), Tokens(5), Tokens(7)],  # half a nano-dollar, to the even one
        [Tokens(9, 2, 3, 1, 5), Tokens(8, 5, 4, 1)],  # one claims to have read more than it sent
        [Tokens(9, 2, 3, 1, 5), Tokens(9, 0, 1, 2)],  # or kept more for an hour than at all
        [Tokens(9, 2, 3, 1, 5, 4), Tokens(0), Tokens(9, 4, 5, 5)],
    ],
)
@pytest.mark.parametrize("listed", [Rates(500, 500, 500, 500, 500), OPUS._replace(request=3)])
def test_many_requests_cost_what_each_of_them_costs(used: list[Tokens], listed: Rates) -> None:
    found = charges(list(zip(*used, strict=True)), listed)
    assert found == [charge(one, 0, listed) for one in used]


@pytest.mark.parametrize("plain", [5, 0])
def test_columns_that_do_not_belong_together_are_no_requests(plain: int) -> None:
    columns = [[plain], [1], [0], [0], [1, 2], [0]]
    with pytest.raises(ValueError, match="argument"):
        charges(columns, OPUS)
