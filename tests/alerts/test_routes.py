"""Which endpoint hears what, and when: severity, scope, quiet hours, floods, caps."""

import pytest

from costtop.alerts.routes import BURST, Route, digest_is_due, hold, quiet_hours, takes
from costtop.errors import ConfigError
from costtop.model import Finding, Notification, Traffic

NOON, MIDNIGHT = 12 * 60, 0


def one(rule="median_5x", severity="warning", **more):
    finding = Finding(rule, severity, 0, "title", "why", **more)
    return Notification("id", "identity", "subject", finding, "first", speaks=True)


def held(route, traffic, notification=None, together=1, minute=NOON):
    return hold(route, notification or one(), together, traffic, minute)


def test_half_goes_to_a_file_four_fifths_to_chat_and_all_of_it_to_the_phone():
    routes = Route("log", "notice"), Route("chat", min_tier=80), Route("phone", "critical")

    def heard(percent):
        tier = one("budget_tier", "critical" if percent >= 100 else "warning", tier=percent)
        return [route.label for route in routes if takes(route, tier)]

    assert heard(50) == ["log"]
    assert heard(80) == ["log", "chat"]
    assert heard(100) == ["log", "chat", "phone"]


def test_a_tier_is_heard_at_warning_even_where_it_is_only_a_notice():
    assert takes(Route("chat"), one("budget_tier", "notice", tier=50))
    assert not takes(Route("chat"), one("median_5x", "notice"))


@pytest.mark.parametrize("scope", ["feature", "user", "budget"])
def test_a_route_with_a_scope_takes_only_that(scope):
    route = Route("chat", **{scope: "shop"})
    assert takes(route, one(**{scope: "shop"}))
    assert not takes(route, one(**{scope: "other"}))


def test_a_route_names_rules_or_families_of_rules():
    assert takes(Route("x", rules=("session",)), one("retry_loop"))
    assert takes(Route("x", rules=("retry_loop",)), one("retry_loop"))
    assert not takes(Route("x", rules=("budget", "blind")), one("retry_loop"))


def test_an_end_is_told_to_those_who_ask_for_it_and_always_for_blindness():
    assert not takes(Route("x"), one(resolved=True))
    assert takes(Route("x", resolved=True), one(resolved=True))
    assert takes(Route("x"), one("blind", "critical", resolved=True))


def test_the_first_runaway_is_told_at_once_and_one_a_moment_later_is_gathered():
    assert not held(Route("x"), Traffic())
    assert held(Route("x"), Traffic(since_last=1_000, burst=1, hour=1)) == "grouped"
    assert not held(Route("x"), Traffic(since_last=30_000, burst=1, hour=1))


def test_after_a_burst_runaways_wait_for_the_digest_but_budgets_do_not():
    busy = Traffic(since_last=30_000, burst=BURST, hour=BURST)
    assert held(Route("x"), busy) == "grouped"
    assert not held(Route("x"), busy, one("budget_tier", tier=80))


def test_quiet_hours_hold_all_but_what_is_critical():
    route = Route("x", quiet=quiet_hours("22:00-08:00"))
    assert held(route, Traffic(), minute=MIDNIGHT) == "quiet hours"
    assert not held(route, Traffic(), one(severity="critical"), minute=MIDNIGHT)
    assert not held(route, Traffic())


@pytest.mark.parametrize("text", ["22-08", "25:00-08:00", "22:00", "22:60-23:00"])
def test_quiet_hours_that_are_no_hours_are_refused(text):
    with pytest.raises(ConfigError, match="22:00-08:00"):
        quiet_hours(text)


def test_the_last_places_under_the_cap_are_for_what_is_critical():
    assert held(Route("x"), Traffic(hour=15)) == "rate cap"
    assert not held(Route("x"), Traffic(hour=15), one(severity="critical"))
    assert held(Route("x"), Traffic(hour=20), one(severity="critical")) == "rate cap"


def test_a_file_takes_everything_at_once():
    route = Route("log", "notice", direct=True, quiet=(0, 1439))
    assert not held(route, Traffic(hour=999, burst=999, backlog=99), one(severity="notice"))


def test_notices_wait_for_a_digest():
    route = Route("x", "notice")
    assert held(route, Traffic(), one(severity="notice")) == "digest"
    assert not digest_is_due(route, Traffic(held=2, held_for=60_000, patient=True), NOON)
    assert digest_is_due(route, Traffic(held=2, held_for=300_000, patient=True), NOON)


def test_a_few_are_told_after_ten_seconds_and_a_flood_after_five_minutes():
    few = Traffic(since_last=10_000, burst=1, hour=1, held=3, held_for=10_000)
    assert digest_is_due(Route("x"), few, NOON)
    assert not digest_is_due(Route("x"), few._replace(held_for=9_000), NOON)
    many = few._replace(held=4)
    assert not digest_is_due(Route("x"), many, NOON)
    assert digest_is_due(Route("x"), many._replace(since_last=300_000), NOON)


@pytest.mark.parametrize("state", [{"backlog": 1}, {"hour": 20}])
def test_no_digest_goes_to_an_endpoint_that_is_down_or_at_its_cap(state):
    due = Traffic(since_last=900_000, held=9, held_for=900_000)
    assert digest_is_due(Route("x"), due, NOON)
    assert not digest_is_due(Route("x"), due._replace(**state), NOON)
