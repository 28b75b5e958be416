"""Tickets are found in names of branches, which anybody can choose, in bounded time."""

import pytest

from costtop.attribution import tickets


@pytest.mark.parametrize(
    ("pattern", "branch", "ticket"),
    [
        (tickets.DEFAULT, "feature/SHOP-12-retry", "SHOP-12"),
        (tickets.DEFAULT, "SHOP-12-and-OPS-7", "SHOP-12"),
        (tickets.DEFAULT, "main", ""),
        (tickets.DEFAULT, "shop-12", ""),
        (tickets.DEFAULT, "", ""),
        (r"(?i)[a-z]{2,10}-\d+", "fix/shop-12", "shop-12"),
        (r"gh-(\d+)", "fix/gh-812-x", "812"),
        ("", "SHOP-12", ""),
        (tickets.DEFAULT, "x" * 100 + "SHOP-12", ""),  # so far into a name nothing is looked at
    ],
)
def test_a_ticket_is_the_first_in_the_branch_or_the_group_of_the_pattern(
    pattern: str, branch: str, ticket: str
) -> None:
    assert not pattern or tickets.wrong(pattern) == ""
    assert tickets.finder(pattern)(branch) == ticket


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(", "regular expression"),
        (r"(a+)+$", "bound what repeats"),
        (r"(\w+-)*\d+", "bound what repeats"),
        (r"\w+\w+\w+x", "bound what repeats"),
        (r"(x|xx){1,90}y", "bound what repeats"),
        (r"(a)\1", "groupref"),
        (r"(?=x)\d+", "assert"),
        (r"(a)-(b)", "one group"),
        (r".*", "does not fit everything"),
        ("(" * 2000 + "a" + ")" * 2000, "regular expression"),
    ],
)
def test_a_pattern_that_could_take_long_is_refused_with_what_to_write(
    pattern: str, said: str
) -> None:
    assert said in tickets.wrong(pattern)


def test_the_longest_name_is_tried_in_few_ways_by_any_pattern_that_is_let_pass() -> None:
    assert tickets.wrong(r"\w+\w+x") == ""  # about the worst of them, on a name of its own
    assert tickets.finder(r"\w+\w+x")("a" * 10_000) == ""
