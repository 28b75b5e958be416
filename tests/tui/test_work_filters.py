"""The list's filter knows what work was for, as reports do: branch, ticket, pull request, tags."""

import pytest

from costtop.tui.list.filter import parse
from tests.tui import values


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("ticket=SHOP-12", True),
        ("ticket=(none)", False),
        ("ticket~shop", True),
        ("pr~#12", True),
        ("pr=acme/shop#12", True),
        ("pr=acme/shop#1", False),
        ("!pr~#12", False),
        ("branch=fix/SHOP-12", True),
        ("tag:team=web", True),
        ("tag:team=ops", False),
        ("tag:team!=ops", True),
        ("!tag:team=web", False),
        ("tag:team~w", True),
        ("tag:other=(none)", True),
        ("tag:team=web ticket=SHOP-12 pr~#12", True),
        ("SHOP-12", True),
    ],
)
def test_a_session_is_kept_by_what_its_work_is_for(text: str, kept: bool) -> None:
    row = values.row(
        "s1", branch="fix/SHOP-12", ticket="SHOP-12", pr="acme/shop#12", tags='{"team": "web"}'
    )
    assert parse(text).keeps(row, 0) is kept
