"""Amounts read and written, to the nano-dollar, with their limits."""

import pytest

from costtop.money import NotMoney, beside, bill, dollars, exact, from_dollars, parse

NANO = 10**9  # nano-dollars of a dollar
BILLION = 10**9 * NANO


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("$20", 20_000_000_000),
        (" 20.5 ", 20_500_000_000),
        (20.5, 20_500_000_000),
        (3, 3_000_000_000),
        ("1,234.000000001", 1_234_000_000_001),
        ("-0.25", -250_000_000),
        ("1000000000", BILLION),
        ("-1000000000", -BILLION),
    ],
)
def test_an_amount_is_read_to_the_nano_dollar(text, nanos):
    assert parse(text) == nanos


@pytest.mark.parametrize("text", ["", "twelve", "$", "1e400000000000000000000"])
def test_what_is_no_number_is_no_amount(text):
    with pytest.raises(NotMoney, match="is not an amount of dollars"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["nan", "inf", "-inf", "1000000000.000000001", "-1000000000.000000001", "1e30"]
)
def test_more_than_a_billion_is_a_mistake(text):
    with pytest.raises(NotMoney, match="out of range"):
        parse(text)


def test_a_reported_float_counts_by_its_shortest_decimal_form():
    assert from_dollars(0.1) == 100_000_000
    assert from_dollars(0.1 + 0.2) == 300_000_000


@pytest.mark.parametrize(
    ("said", "nanos"),
    [
        (7.9195e-06, 7_920),  # times a billion it is 7919.499..., as floats have it
        (4.0002296515, 4_000_229_652),
        (8_805_559.75092568, 8_805_559_750_925_680),  # two amounts are the same float
        (-8_805_559.75092568, -8_805_559_750_925_680),
    ],
)
def test_a_float_is_the_amount_that_is_written(said, nanos):
    assert from_dollars(said) == nanos


@pytest.mark.parametrize(
    ("spent", "amount", "shown"),
    [
        (12_345_678_901, 20 * NANO, "12.35"),
        (1_500_000_000, 20 * NANO, "1.50"),
        (12_345_678, NANO // 10, "0.01"),  # of ten cents: cents
        (12_345_678, NANO // 20, "0.0123"),  # of five: to a hundredth of a cent
        (3_500_000, 4_000_000, "0.0035"),
        (4_000_000, 4_000_000, "0.004"),
        (7, 9, "0.000000007"),
        (None, 20 * NANO, "?"),
    ],
)
def test_a_sum_has_as_many_digits_as_the_amount_beside_it_needs(spent, amount, shown):
    assert beside(spent, amount) == shown


def test_a_sum_that_is_a_floor_says_so_beside_its_amount():
    assert beside(1_500_000_000, 20 * NANO, floor=True) == "≥1.50"


def test_all_nine_digits_are_carried_with_the_sign_in_front():
    assert exact(1_246_198_150) == "1.246198150"
    assert exact(-1) == "-0.000000001"
    assert exact(0) == "0.000000000"
    assert exact(10**9) == "1.000000000"


@pytest.mark.parametrize(
    ("nanos", "options", "shown"),
    [
        (None, {}, "?"),
        (0, {}, "0.00"),
        (12_345_000_000, {}, "12.35"),
        (12_344_999_999, {}, "12.34"),
        (12_350_000_000, {"floor": True}, "≥12.35"),
        (1_234_567_000_000_000, {}, "1,234,567.00"),
        (-12_345_000_000, {}, "-12.35"),
        (-4_999_999, {}, "0.00"),  # nothing is not less than nothing
        (-5_000_000, {}, "-0.01"),
        (1_500_000, {"places": 4}, "0.0015"),
        (-1, {"places": 9}, "-0.000000001"),
        (149_999, {"places": 3}, "0.000"),
    ],
)
def test_an_amount_is_shown_to_the_cent(nanos, options, shown):
    assert dollars(nanos, **options) == shown


def test_a_bill_says_dollars_a_floor_and_what_is_not_known():
    assert bill(12_346_000_000) == "$12.35"
    assert bill(12_346_000_000, floor=True) == "≥$12.35"
    assert bill(0) == "$0.00"
    assert bill(None) == "?"
    assert bill(3_500_000, of=4_000_000) == "$0.0035"  # beside a small amount
    assert bill(1_234_567_891_234, of=1, places=4) == "$1,234.5679"  # as asked for
