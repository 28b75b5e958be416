"""Amounts read and written, to the nano-dollar, with their limits."""

import pytest

from costtop.money import NotMoney, dollars, exact, from_dollars, parse

BILLION = 10**9 * 10**9  # nano-dollars


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
