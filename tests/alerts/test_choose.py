"""What speaks, what does not, and the reason that each finding gets."""

import pytest

from costtop.alerts.choose import choose, identity, measure, subject
from costtop.model import Finding, Silence, Told

NOW = 1_763_892_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BORN = NOW - 30 * DAY


def session(name="x", severity="warning", rule="median_5x", cost=6_000_000_000, at=NOW, **more):
    title = f"session {name}: dear"
    return Finding(rule, severity, at, title, "why", session=f"costtop/{name}", cost=cost, **more)


def tier(percent, at=NOW, **more):
    severity = "critical" if percent >= 100 else "warning"
    more = {"budget": "daily", "period": "2026-11-23", "tier": percent, **more}
    return Finding("budget_tier", severity, at, f"budget daily: {percent} %", "why", **more)


def told(finding, at=NOW - HOUR, state="open", size=None):
    size = measure(finding) if size is None else size
    return Told(
        identity(finding), subject(finding), finding.severity, finding.tier, state, at, size
    )


def reasons(findings, ledger=(), silences=(), now=NOW, born=BORN):
    return [one.reason for one in choose(findings, ledger, silences, now, born)]


def spoken(findings, ledger=(), silences=(), now=NOW, born=BORN):
    return [one.finding for one in choose(findings, ledger, silences, now, born) if one.speaks]


def test_what_is_new_is_first():
    assert reasons([session()]) == ["first"]
    assert reasons([tier(50)]) == ["first"]


def test_what_was_told_is_already_told():
    assert reasons([session(), tier(50)], [told(session()), told(tier(50))]) == ["already told"] * 2


def test_a_higher_severity_or_tier_is_worse():
    assert reasons([session(severity="critical")], [told(session())]) == ["worse"]
    assert reasons([tier(80)], [told(tier(50))]) == ["worse"]


def test_a_lower_severity_or_tier_than_told_is_not_told():
    assert reasons([session()], [told(session(severity="critical"))]) == ["already told"]
    assert reasons([tier(50)], [told(tier(80))]) == ["already told"]


def test_another_mechanism_of_the_same_severity_is_kept_but_not_told():
    loop = session(rule="retry_loop", cause="retry_loop")
    [one] = choose([loop], [told(session())], (), NOW, BORN)
    assert one.reason == "already told"
    assert one.identity != identity(session())


def test_it_is_repeated_when_the_excess_has_doubled_and_not_before():
    ledger = [told(session(excess=4_000_000_000))]
    assert reasons([session(excess=7_999_999_999, cost=99)], ledger) == ["already told"]
    assert reasons([session(excess=8_000_000_000, cost=99)], ledger) == ["repeat"]
    loop = session(rule="retry_loop", excess=8_000_000_000)
    assert reasons([loop], ledger) == ["repeat"]
    assert reasons([loop], [*ledger, told(loop, size=0)]) == ["repeat"]


def test_doubling_of_little_is_no_news_before_it_is_the_step_that_its_detector_asks():
    step = (("step_nano", 1_000_000_000),)
    ledger = [told(session(excess=100_000_000))]
    little = session(excess=1_099_999_999)._replace(evidence=step)
    assert reasons([little], ledger) == ["already told"]
    much = session(excess=1_100_000_000)._replace(evidence=step)
    assert reasons([much], ledger) == ["repeat"]


def test_several_tiers_at_once_are_one_message_that_names_them_all():
    decided = choose([tier(50), tier(80), tier(100)], (), (), NOW, BORN)
    assert [one.reason for one in decided] == ["grouped", "grouped", "first"]
    [voice] = [one for one in decided if one.speaks]
    assert [other.tier for other in voice.also] == [80, 50]


def test_the_plain_rule_and_its_explanation_are_one_message_with_the_cause():
    loop = session(rule="retry_loop", cause="retry_loop")
    assert spoken([session(), loop]) == [loop]


def burn(severity="warning", **more):
    more = {"budget": "daily", "period": "2026-11-23", **more}
    return Finding("budget_burn", severity, NOW, "burn daily: 12x", "", **more)


def test_burning_is_told_in_the_message_of_a_tier_passed_at_the_same_moment():
    [voice] = [one for one in choose([burn("critical"), tier(50)], (), (), NOW, BORN) if one.speaks]
    assert voice.finding.tier == 50
    assert voice.also == (burn("critical"),)


def test_burning_is_no_news_within_an_hour_of_a_tier_but_a_tier_is_news_while_it_burns():
    assert reasons([burn()], [told(tier(50), NOW - 59 * MINUTE)]) == ["already told"]
    assert reasons([burn()], [told(tier(50), NOW - 61 * MINUTE)]) == ["first"]
    assert reasons([burn()], [told(tier(50), NOW)]) == ["already told"]
    assert reasons([burn()], [told(tier(50), NOW + 1)]) == ["first"]  # by a clock that was ahead
    assert reasons([burn("critical")], [told(tier(50), NOW - MINUTE)]) == ["worse"]
    assert reasons([tier(50)], [told(burn("critical"), NOW - MINUTE)]) == ["first"]


def test_budgets_and_periods_do_not_drown_each_other():
    others = [tier(50), tier(50, budget="monthly", period="2026-11"), tier(80, period="2026-11-22")]
    assert len(spoken(others)) == 3


def test_a_tier_is_told_once_whatever_becomes_of_the_amount():
    for state in ("open", "acknowledged", "resolved"):
        ledger = [told(tier(80), state=state, size=1)]
        assert reasons([tier(80, cost=999_000_000_000)], ledger) == ["already told"]


def test_history_is_silent_and_what_came_late_says_so():
    born = NOW - 2 * HOUR
    assert reasons([tier(50, at=born - 16 * MINUTE)], born=born) == ["history"]
    assert reasons([tier(50, at=born - 14 * MINUTE)], born=born) == ["late"]
    assert reasons([tier(50, at=NOW - HOUR)], born=born) == ["late"]
    assert reasons([tier(50, at=NOW - 14 * MINUTE)], born=born) == ["first"]
    assert reasons([tier(50, late=True)], born=born) == ["late"]


def test_a_runaway_of_yesterday_is_history_however_long_costtop_runs():
    assert reasons([session(at=NOW - 25 * HOUR)]) == ["history"]


def test_a_year_of_history_raises_nothing():
    days = range(1, 366)
    year = [tier(p, at=NOW - d * DAY, period=f"day {d}") for d in days for p in (50, 80, 100)]
    year += [session(f"s{n}", at=NOW - n * HOUR) for n in range(1, 2000)]
    assert set(reasons(year, born=NOW)) == {"history"}


@pytest.mark.parametrize(
    "silence",
    [{"session": "costtop/x"}, {"rule": "median_5x"}, {"feature": "shop"}, {"budget": "daily"}],
)
def test_a_silence_covers_what_it_names_until_its_time(silence):
    quiet = Silence(1, "ana", NOW - HOUR, until=NOW + HOUR, **silence)
    finding = tier(80) if "budget" in silence else session(feature="shop")
    assert reasons([finding], silences=[quiet]) == ["silenced"]
    assert reasons([finding], silences=[quiet], now=NOW + HOUR) == ["late"]
    other = session("y", rule="retry_loop")
    assert reasons([other], silences=[quiet]) == ["first"]


def test_a_silence_that_names_two_things_needs_both():
    quiet = Silence(1, "ana", NOW, session="costtop/x", rule="retry_loop")
    assert reasons([session()], silences=[quiet]) == ["first"]


def test_a_silence_until_it_grows_ends_at_that_growth():
    quiet = Silence(1, "ana", NOW, session="costtop/x", grows=100, cost=6_000_000_000)
    ledger = [told(session(), size=6_000_000_000)]
    assert reasons([session(cost=11_999_999_999)], ledger, [quiet]) == ["already told"]
    assert reasons([session(cost=12_000_000_000)], ledger, [quiet]) == ["repeat"]
    worse = session(cost=11_000_000_000, severity="critical")
    assert reasons([worse], ledger, [quiet]) == ["silenced"]


def test_what_a_silence_kept_back_is_told_when_it_is_over_and_still_true():
    assert reasons([session()], [told(session(), at=None)]) == ["first"]


def test_an_acknowledged_alert_speaks_again_only_when_it_is_worse():
    ledger = [told(session(), state="acknowledged", size=1)]
    assert reasons([session(cost=99_000_000_000)], ledger) == ["already told"]
    assert reasons([session(severity="critical")], ledger) == ["worse"]


def test_an_end_speaks_only_after_a_beginning_that_was_heard():
    end = session(resolved=True)
    assert spoken([end], [told(session())]) == [end]
    assert not spoken([end], [told(session(), at=None)])
    assert not spoken([end])
    assert not spoken([end], [told(session(), state="resolved")])


def test_what_flaps_is_told_once_in_half_an_hour_a_session_only_when_it_is_worse():
    def after(minutes, finding):
        return reasons([finding], [told(finding, NOW - minutes * MINUTE, "resolved")])

    assert after(29, burn()) == ["already told"]
    assert after(31, burn()) == ["repeat"]
    assert after(31, session()) == ["already told"]
    worse = [told(session(excess=1), NOW - HOUR, "resolved")]
    assert reasons([session(excess=2)], worse) == ["repeat"]


def test_a_clock_that_jumps_by_a_day_tells_no_period_twice():
    ledger = [told(tier(50)), told(tier(80))]
    for now in (NOW - DAY, NOW, NOW + DAY):
        assert not spoken([tier(50), tier(80)], ledger, now=now)


def test_the_same_level_seen_often_in_one_batch_is_one_alert_at_its_first_sight():
    [one] = choose([session(turn=14), session(turn=15, cost=7)], (), (), NOW, BORN)
    assert one.finding.turn == 14
