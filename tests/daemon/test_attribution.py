"""A call's feature: its tag, then the first rule that matches, then branch, then project."""

import pytest

from costtop.config import FeatureRule
from costtop.daemon.opened_instance import feature_of
from costtop.model import Context

SHOP = Context(cwd="/home/ana/code/shop/web", branch="checkout-7", project="/home/ana/code/shop")


def resolve(context: Context, *rules: FeatureRule, source: str = "codex", model: str = "m") -> str:
    return feature_of(rules, "/home/ana")(context, source, model)


def rule(name: str, **match: str) -> FeatureRule:
    return FeatureRule(name=name, match=match)


def test_an_explicit_tag_beats_every_rule() -> None:
    assert resolve(SHOP._replace(feature="tagged"), rule("rule", cwd="~/**")) == "tagged"


def test_the_first_rule_whose_globs_all_match_wins() -> None:
    rules = (
        rule("no", cwd="~/code/shop/**", branch="search-*"),
        rule("yes", cwd="~/code/shop/**", branch="checkout-*"),
        rule("late", cwd="~/code/shop/**"),
    )
    assert resolve(SHOP, *rules) == "yes"


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({"cwd": "/home/ana/code/shop/web/**"}, True),  # the folder itself is below the folder
        ({"cwd": "~/code/shop"}, False),
        ({"model": "gpt-*"}, False),
        ({"model": "m"}, True),
        ({"source": "codex"}, True),
        ({"tag": "team=web"}, True),
        ({"tag": "team=*"}, True),
        ({"tag": "team=db"}, False),
    ],
)
def test_a_rule_matches_on_folder_model_source_and_tag(match: dict[str, str], hit: bool) -> None:
    tagged = SHOP._replace(tags='{"team":"web"}')
    assert (resolve(tagged, rule("rule", **match)) == "rule") is hit


def test_without_tag_or_rule_it_is_the_branch() -> None:
    assert resolve(SHOP) == "checkout-7"


@pytest.mark.parametrize("branch", ["", "main", "master", "trunk", "HEAD"])
def test_on_a_default_branch_it_is_the_project_s_own_name(branch: str) -> None:
    assert resolve(SHOP._replace(branch=branch)) == "shop"


def test_a_call_that_says_nothing_has_no_feature() -> None:
    assert resolve(Context()) == ""
