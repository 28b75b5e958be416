"""Budgets: each tier of each period is said once, whatever happens to money, clock and zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from costtop.detect.budgets.budget_monitor import Budgets, covers
from costtop.detect.budgets.tiers import Said
from costtop.model import Budget
from costtop.money import NANO

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
DAILY = Budget("daily", "day", 10 * NANO)
HOUR = 3_600_000


def ms(text, zone=UTC):
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 1000


NOON = ms("2026-11-23T12:00:00")


def tiers(findings, *, resolved=False):
    return [x.tier for x in findings if x.rule == "budget_tier" and x.resolved == resolved]


def spoken(findings):
    return [x for x in findings if x.rule == "budget_tier" and "spoken_by" not in dict(x.evidence)]


def spend_all(budgets, log, amounts, at=NOON, step=60_000, **what):
    found = []
    for nth, amount in enumerate(amounts):
        moment = at + nth * step
        found += budgets.observe(log.spend("s", moment, amount, **what), moment)
    return found


def test_each_tier_is_said_once_as_it_is_crossed(log):
    found = spend_all(Budgets([DAILY], UTC_ZONE), log, [1.0] * 12)
    assert tiers(found) == [50, 80, 100]
    assert [x.at for x in found if x.tier] == [NOON + n * 60_000 for n in (4, 7, 9)]
    assert [x.severity for x in found if x.tier] == ["warning", "warning", "critical"]


def test_exactly_the_tier_counts_as_reached(log):
    assert tiers(spend_all(Budgets([DAILY], UTC_ZONE), log, [4.999999999, 0.000000001])) == [50]


def test_of_several_tiers_at_once_the_highest_is_spoken_and_names_all(log):
    found = spend_all(Budgets([DAILY], UTC_ZONE), log, [11.0])
    assert tiers(found) == [100, 80, 50]
    (top,) = spoken(found)
    assert top.tier == 100
    assert "50 %, 80 %, 100 %" in top.why


def test_a_late_record_goes_to_its_own_day_and_is_marked_late(log):
    budgets = Budgets([DAILY], UTC_ZONE)
    spend_all(budgets, log, [4.0])
    tomorrow = NOON + 24 * HOUR
    assert not budgets.observe(log.spend("s", tomorrow, 1.0), tomorrow)
    (found,) = budgets.observe(log.spend("s", NOON, 6.5), tomorrow)[:1]
    assert (found.tier, found.late, found.period) == (100, True, "2026-11-23")
    assert found.severity == "warning"
    assert budgets.spent("daily", tomorrow) == NANO


def test_a_late_record_of_a_period_out_of_memory_names_what_to_fill(log):
    budgets = Budgets([DAILY], UTC_ZONE)
    spend_all(budgets, log, [1.0])
    old = log.spend("s", NOON - 90 * 24 * HOUR, 1.0)
    (account,) = budgets.unknown(old)
    assert account.span.key == "2026-08-25"
    budgets.fill("daily", account.span.start, 9 * NANO)
    budgets.recall("daily", account.span.key, [50, 80])
    found = budgets.observe(old, NOON)
    assert tiers(found) == [100]
    assert found[0].late


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)], ids=["short", "long"]
)
def test_on_days_of_a_clock_change_spend_counts_from_midnight_to_midnight(log, day, hours):
    budgets = Budgets([DAILY], BERLIN)
    start = ms(f"{day}T00:00:00", BERLIN)
    before = spend_all(budgets, log, [5.0], at=start - 1)
    inside = spend_all(budgets, log, [3.0, 1.9], at=start, step=hours * HOUR - 1)
    after = spend_all(budgets, log, [4.9], at=start + hours * HOUR)
    assert tiers(before) == [50]
    assert tiers(inside) == tiers(after) == []
    assert budgets.spent("daily", start) == round(4.9 * NANO)


def test_a_month_ends_with_its_last_day(log):
    budgets = Budgets([Budget("m", "month", 10 * NANO)], BERLIN)
    end = ms("2026-12-01T00:00:00", BERLIN)
    assert tiers(spend_all(budgets, log, [4.9], at=end - 1)) == []
    assert tiers(spend_all(budgets, log, [4.9, 0.2], at=end)) == [50]


def recounted(budget, spent, told, amount=10 * NANO):
    """Budgets as the daemon makes them anew after a start, a change of a budget or new prices."""
    budgets = Budgets([budget], UTC_ZONE)
    for tier in told:
        said = Said("budget_tier", "warning", tier, amount, still=True)
        budgets.recall_said("daily", "2026-11-23", said, NOON)
    budgets.fill("daily", NOON, round(spent * NANO))
    return budgets


def test_a_raised_budget_ends_levels_and_opens_a_new_set_of_tiers(log):
    budgets = recounted(DAILY._replace(amount=30 * NANO), 11.0, [50, 80, 100])
    over = budgets.assess(NOON)
    assert sorted(tiers(over, resolved=True)) == [50, 80, 100]
    assert {one.amount for one in over} == {10 * NANO}
    assert tiers(spend_all(budgets, log, [3.9, 0.2, 8.8, 0.2, 5.8, 0.2, 1.5])) == [50, 80, 100]


def test_the_same_amount_changes_nothing(log):
    budgets = recounted(DAILY, 8.5, [50, 80])
    assert budgets.assess(NOON) == []
    assert tiers(spend_all(budgets, log, [1.0, 1.0])) == [100]


def test_a_lowered_budget_says_at_once_what_is_now_true():
    budgets = recounted(DAILY._replace(amount=5 * NANO), 6.0, [50])
    found = [one for one in budgets.assess(NOON) if not one.resolved]
    assert tiers(found) == [100, 80, 50]
    assert [one.tier for one in spoken(found)] == [100]
    assert budgets.assess(NOON) == []


def test_a_correction_downwards_unsends_nothing_and_needs_five_per_cent_to_end_a_level(log):
    budgets = Budgets([DAILY], UTC_ZONE)
    call = log.spend("s", NOON, 8.1)
    assert tiers(budgets.observe(call, NOON)) == [80, 50]
    grown = call._replace(new=False, previous=call.cost, cost=round(7.7 * NANO))
    assert budgets.observe(grown, NOON) == []
    less = grown._replace(previous=grown.cost, cost=round(7.5 * NANO))
    assert tiers(budgets.observe(less, NOON), resolved=True) == [80]
    assert budgets.observe(less._replace(previous=less.cost, cost=9 * NANO), NOON) == []


def test_a_grown_row_counts_its_difference_only(log):
    budgets = Budgets([DAILY], UTC_ZONE)
    call = log.spend("s", NOON, 3.0)
    budgets.observe(call, NOON)
    found = budgets.observe(call._replace(new=False, previous=call.cost, cost=5 * NANO), NOON)
    assert tiers(found) == [50]
    assert budgets.spent("daily", NOON) == 5 * NANO


def test_repriced_rows_are_weighed_again_without_repeating_a_tier():
    assert tiers(recounted(DAILY, 9.0, [50]).assess(NOON)) == [80]
    assert tiers(recounted(DAILY, 6.0, [50, 80]).assess(NOON), resolved=True) == [80]


def test_after_a_restart_at_85_per_cent_only_100_is_left_to_say(log):
    budgets = Budgets([DAILY], UTC_ZONE)
    for account in budgets.wanted(NOON):
        assert account.budget == DAILY
    budgets.recall("daily", "2026-11-23", [50, 80])
    budgets.fill("daily", NOON - HOUR, round(8.5 * NANO))
    assert budgets.assess(NOON) == []
    assert tiers(spend_all(budgets, log, [1.0, 0.5])) == [100]


def test_calls_that_are_counted_again_after_a_start_end_no_tier_that_was_said_of_them(log):
    budgets = Budgets([DAILY], UTC_ZONE)
    budgets.recall("daily", "2026-11-23", [50, 80, 100])
    assert spend_all(budgets, log, [4.0, 3.0, 4.0]) == []
    assert budgets.assess(NOON) == []


def test_a_sum_that_is_less_after_a_start_ends_what_was_said_of_more(log):
    budgets = Budgets([DAILY], UTC_ZONE)
    budgets.recall("daily", "2026-11-23", [50, 80])
    assert spend_all(budgets, log, [6.0]) == []
    assert tiers(budgets.assess(NOON), resolved=True) == [80]


def test_a_budget_lowered_while_nobody_watched_speaks_at_the_start(log):
    budgets = Budgets([DAILY._replace(amount=5 * NANO)], UTC_ZONE)
    budgets.recall("daily", "2026-11-23", [50])
    budgets.fill("daily", NOON - HOUR, 6 * NANO)
    assert tiers(budgets.assess(NOON)) == [100, 80]


def test_another_zone_names_the_same_day_and_repeats_nothing(log):
    budgets = Budgets([DAILY], ZoneInfo("Pacific/Auckland"))
    budgets.recall("daily", "2026-11-24", [50, 80])
    budgets.fill("daily", NOON, 9 * NANO)
    assert budgets.assess(NOON) == []


def test_rolling_hours_forget_and_speak_again_only_after_falling(log):
    budgets = Budgets([Budget("five", "hours:5", 10 * NANO)], UTC_ZONE)
    assert tiers(spend_all(budgets, log, [6.0])) == [50]
    later = NOON + 4 * HOUR
    assert tiers(spend_all(budgets, log, [1.0], at=later)) == []
    assert tiers(budgets.tick(NOON + 5 * HOUR + 60_000), resolved=True) == [50]
    assert tiers(spend_all(budgets, log, [6.0], at=NOON + 6 * HOUR)) == [50]


def test_a_day_that_is_over_ends_its_levels(log):
    budgets = Budgets([DAILY], UTC_ZONE)
    spend_all(budgets, log, [6.0])
    found = budgets.tick(ms("2026-11-24T00:00:00"))
    assert tiers(found, resolved=True) == [50]
    assert dict(found[0].evidence)["reason"] == "ended"


def test_a_scope_counts_what_matches_all_its_parts(log):
    scope = (("feature", "checkout"), ("user", "ana"))
    budget = Budget("b", "day", NANO, scope=scope)
    assert covers(budget, log.spend("s", 0, 1, feature="checkout", context={"user": "ana"}))
    assert not covers(budget, log.spend("s", 0, 1, feature="checkout", context={"user": "bob"}))
    assert covers(budget._replace(scope=(("session", "test/s"),)), log.spend("s", 0, 1))
    assert covers(budget._replace(scope=(("session", "s"),)), log.spend("s", 0, 1))
    assert covers(budget._replace(scope=(("model", "claude-*"),)), log.spend("s", 0, 1))
    assert not covers(budget._replace(scope=(("source", "codex"),)), log.spend("s", 0, 1))
    assert not covers(budget._replace(scope=(("project", "shop"),)), log.spend("s", 0, 1))


def test_a_call_without_a_price_makes_the_amount_a_floor(log):
    budgets = Budgets([DAILY], UTC_ZONE)
    budgets.observe(log.spend("s", NOON, unpriced=True), NOON)
    (found,) = spoken(budgets.observe(log.spend("s", NOON, 5.0), NOON))
    assert "spent ≥$5.00" in found.why
    assert dict(found.evidence)["floor"] == 1


def test_a_burn_needs_the_long_and_the_short_window(log):
    budgets = Budgets([Budget("b", "day", 100 * NANO)], UTC_ZONE)
    found = spend_all(budgets, log, [2.0] * 15, step=4 * 60_000)
    burns = [x for x in found if x.rule == "budget_burn"]
    assert [x.severity for x in burns] == ["warning", "notice"]
    assert "spent $26.00 of $100.00 in the last hour" in burns[0].why
    over = budgets.tick(NOON + 2 * HOUR)
    assert [x.resolved for x in over if x.rule == "budget_burn"] == [True, True]
    again = spend_all(budgets, log, [26.0], at=NOON + 4 * HOUR)
    assert not [x for x in again if x.rule == "budget_burn"]


def test_a_slow_day_burns_nothing(log):
    budgets = Budgets([Budget("b", "day", 100 * NANO)], UTC_ZONE)
    found = spend_all(budgets, log, [4.0] * 20, at=ms("2026-11-23T00:00:00"), step=HOUR)
    assert [x.tier for x in found] == [50, 80]


def test_a_breach_is_foreseen_at_the_second_look_and_once(log):
    budgets = Budgets([DAILY], UTC_ZONE)
    spend_all(budgets, log, [3.0])
    looks = [0.9, 0.5, 0.85, 0.9, 0.95, 0.99]
    found = [budgets.foresee("daily", look, 12 * NANO, NOON) for look in looks]
    assert [len(each) for each in found] == [0, 0, 0, 1, 0, 0]
    assert found[3][0].rule == "budget_forecast"
    assert found[3][0].title.startswith("forecast daily")


def test_a_forecast_that_was_told_before_a_restart_stays_told(log):
    budgets = Budgets([DAILY], UTC_ZONE)
    budgets.recall_said("daily", "2026-11-23", Said("budget_forecast", "warning", None, None), NOON)
    assert [budgets.foresee("daily", 0.9, 12 * NANO, NOON) for _ in range(3)] == [[], [], []]


def test_a_budget_of_nothing_never_speaks(log):
    budgets = Budgets([Budget("zero", "day", 0)], UTC_ZONE)
    assert spend_all(budgets, log, [1.0]) == []


WORKER = Budget("mine", "day", 20 * NANO)
MONDAY = ms("2026-11-02T00:00:00")


def working(budgets, log, weeks, a_day=12.0):
    """A person who works from nine to five on weekdays, and what was said of it."""
    found = []
    for day in (MONDAY + n * 24 * HOUR for n in range(7 * weeks) if n % 7 < 5):
        found += spend_all(budgets, log, [a_day / 32] * 32, at=day + 9 * HOUR, step=HOUR // 4)
    return [one for one in found if one.rule == "budget_burn" and not one.resolved]


def test_an_ordinary_working_day_burns_nothing(log):
    budgets = Budgets([WORKER], UTC_ZONE)
    told = working(budgets, log, weeks=3, a_day=16.0)
    assert len({one.period for one in told}) == 5  # the first ones: nothing is known of hours yet
    assert max(one.period for one in told) == "2026-11-06"


def test_a_day_that_will_pass_its_amount_in_working_hours_burns_and_says_when(log):
    budgets = Budgets([WORKER], UTC_ZONE)
    working(budgets, log, weeks=2)
    monday = MONDAY + 14 * 24 * HOUR
    found = spend_all(budgets, log, [0.75] * 14, at=monday + 9 * HOUR, step=HOUR // 8)
    (one,) = [one for one in found if one.rule == "budget_burn" and one.severity == "warning"]
    assert one.period == "2026-11-16"
    assert one.title == "burn mine: $6.00 of $20.00 in the last hour, spent at 12:12"
    assert (
        "7.2x the even pace: $6.00 an hour, 4.0x your usual $1.50; if it goes on, all of it is"
        in one.why
    )
    assert one.cost == budgets.spent("mine", one.at)


def test_own_hours_are_the_same_after_a_restart(log):
    whole, fresh = Budgets([WORKER], UTC_ZONE), Budgets([WORKER], UTC_ZONE)
    working(whole, log, weeks=2)
    monday = MONDAY + 14 * 24 * HOUR
    (gap,) = fresh.unlearnt(monday)
    for day in (MONDAY + n * 24 * HOUR for n in range(14) if n % 7 < 5):
        for nth in range(32):
            at = day + 9 * HOUR + nth * HOUR // 4
            if gap.span.start <= at < gap.span.end:
                fresh.learn("mine", at, round(12.0 / 32 * NANO))
            else:
                fresh.fill("mine", at, round(12.0 / 32 * NANO))
    dear = [0.75] * 14
    both = [
        spend_all(one, log, dear, at=monday + 9 * HOUR, step=HOUR // 8) for one in (whole, fresh)
    ]
    burns = [[one for one in each if one.rule == "budget_burn"] for each in both]
    assert burns[0]
    assert burns[0] == burns[1]


def test_a_reckless_hour_speaks_whatever_the_day_will_come_to(log):
    budgets = Budgets([Budget("m", "month", 1000 * NANO)], UTC_ZONE)
    working(budgets, log, weeks=3)
    monday = MONDAY + 21 * 24 * HOUR
    found = spend_all(budgets, log, [8.0] * 14, at=monday + 9 * HOUR, step=HOUR // 12)
    assert [one for one in found if one.rule == "budget_burn" and one.severity == "warning"]
