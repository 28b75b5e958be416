"""Where a decision turns: each limit to the millisecond or nano-dollar, each condition alone."""

import pytest

from costtop.alerts.choose import (
    alert_id,
    choose,
    covers,
    identity,
    kind,
    loudness,
    subject,
    told_in,
)
from costtop.model import Finding, Silence, Told
from tests.alerts.test_choose import (
    BORN,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    burn,
    reasons,
    session,
    spoken,
    tier,
    told,
)

SIX = 6_000_000_000


def blind(**more):
    return Finding("blind", "critical", NOW, "blind: the store", "", period="p", **more)


def decided(findings, ledger=(), silences=(), **more):
    return choose(findings, ledger, silences, NOW, BORN, **more)


def test_a_rule_belongs_to_one_family():
    families = {
        "budget": ("budget_tier", "budget_burn"),
        "blind": ("blind", "store", "fleet_away", "host_silent"),
        "common": ("common_cause",),
        "session": ("median_5x", "retry_loop"),
    }
    for family, rules in families.items():
        assert [kind(rule) for rule in rules] == [family] * len(rules)


def test_what_an_alert_is_about_and_what_makes_it_one():
    assert subject(session()) == "session|costtop/x"
    assert subject(tier(50)) == "budget|daily|2026-11-23"
    assert subject(blind()) == "blind||p"
    assert identity(tier(50)) == "budget|daily|2026-11-23|50"
    assert identity(burn()) == "budget|daily|2026-11-23|budget_burn|warning"
    assert identity(session()) == "session|costtop/x|median_5x|warning"
    assert identity(session(rule="retry_loop")) == "session|costtop/x|retry_loop|warning"
    assert identity(blind()) == "blind||p|any|critical"
    assert alert_id("budget|daily|2026-11-23|50") == "c339e09a18f8"
    assert len(alert_id("x")) == 12


def test_another_amount_of_a_budget_is_another_alert_and_another_subject():
    ten, thirty = tier(100, amount=10_000_000_000), tier(50, amount=30_000_000_000)
    assert identity(ten) == "budget|daily|2026-11-23|10000000000|100"
    assert reasons([thirty], [told(ten)]) == ["first"]
    assert reasons([thirty], [told(thirty)]) == ["already told"]


def test_late_is_more_than_fifteen_minutes():
    assert reasons([tier(50, at=NOW - 15 * MINUTE)]) == ["first"]
    assert reasons([tier(50, at=NOW - 15 * MINUTE - 1)]) == ["late"]
    assert reasons([session(at=NOW, late=True)]) == ["late"]


def test_history_is_what_was_true_before_it_watched_or_a_day_ago_of_a_session():
    assert reasons([session(at=NOW - DAY)]) == ["late"]
    assert reasons([session(at=NOW - DAY - 1)]) == ["history"]
    assert reasons([tier(50, at=NOW - DAY - 1)]) == ["late"]
    assert reasons([tier(50, at=NOW - 15 * MINUTE)], born=NOW) == ["first"]
    assert reasons([tier(50, at=NOW - 15 * MINUTE - 1)], born=NOW) == ["history"]
    assert reasons([session(at=NOW - 15 * MINUTE - 1)], born=NOW) == ["history"]


def test_blindness_is_never_history_and_in_a_first_import_all_else_is():
    assert [one.reason for one in decided([blind(), session(), tier(50)], all_history=True)] == [
        "first",
        "history",
        "history",
    ]
    old = blind()._replace(at=NOW - 40 * DAY)
    assert reasons([old]) == ["late"]


def test_it_is_told_again_after_half_an_hour_of_rest_and_not_before():
    def after(span, now=NOW):
        return reasons([burn()], [told(burn(), now - span, "resolved")])

    assert after(30 * MINUTE - 1) == ["already told"]
    assert after(30 * MINUTE) == ["repeat"]
    assert after(0) == ["already told"]
    assert after(-1) == ["repeat"]  # the clock was set back: nobody knows how long it rested


def test_what_is_open_is_not_back_however_long_ago_it_was_told():
    assert reasons([session()], [told(session(), NOW - DAY)]) == ["already told"]


def test_it_has_doubled_from_a_size_that_is_known():
    assert reasons([session(cost=2 * SIX)], [told(session(), size=SIX)]) == ["repeat"]
    assert reasons([session(cost=2 * SIX - 1)], [told(session(), size=SIX)]) == ["already told"]
    assert reasons([session(cost=2)], [told(session(), size=1)]) == ["repeat"]
    assert reasons([session()], [told(session(), size=0)]) == ["already told"]
    assert reasons([session(cost=None)], [told(session(), size=1)]) == ["already told"]
    assert reasons([session(cost=None)], [told(session(), size=0)]) == ["already told"]


def test_what_nobody_heard_of_is_first_only_while_it_is_open():
    assert reasons([session()], [told(session(), at=None, state="open")]) == ["first"]
    for state in ("resolved", "history", "acknowledged"):
        assert reasons([session()], [told(session(), at=None, state=state)]) == ["already told"]


def test_what_was_told_of_a_session_counts_also_when_it_is_over_and_what_was_not_does_not():
    critical = session(severity="critical")
    assert reasons([session()], [told(critical)]) == ["already told"]
    assert reasons([session()], [told(critical, state="resolved")]) == ["already told"]
    assert reasons([session()], [told(critical, at=None)]) == ["first"]


def test_what_somebody_has_seen_is_told_again_only_at_the_next_severity():
    seen = told(session(excess=1), state="acknowledged")
    over = told(session(rule="fan_out", excess=1), state="resolved")
    assert reasons([session(excess=9)], [seen, over]) == ["already told"]
    stands = told(session(rule="fan_out", excess=1))
    assert reasons([session(excess=9)], [seen, stands]) == ["repeat"]
    assert reasons([session(excess=1, severity="critical")], [seen, over]) == ["worse"]


def test_a_message_tells_of_its_own_row_and_those_grouped_with_it():
    loop = session(rule="retry_loop", cause="retry_loop")
    voices = [told_in(one) for one in decided([session(), loop])]
    assert sorted(voices) == [(), (identity(loop), identity(session()))]
    [notice] = decided([session(severity="notice")])
    assert (told_in(notice), told_in(notice, asked=True)) == ((), (notice.identity,))
    [end] = decided([session(resolved=True)], [told(session())])
    assert told_in(end) == ()


def test_a_message_knows_the_causes_that_were_found_before():
    before = told(session(), size=1)._replace(cause="cache_miss")
    [one] = decided([session(severity="critical", cause="retry_loop")], [before])
    assert (one.reason, one.causes) == ("worse", ("cache_miss",))


def test_what_bears_on_a_budget():
    burning = told(burn("critical"), NOW - DAY)
    assert reasons([tier(50)], [burning]) == ["first"]
    assert reasons([burn()], [burning]) == ["already told"]
    assert reasons([burn()], [told(tier(50), NOW - HOUR)]) == ["first"]
    assert reasons([burn()], [told(tier(50), NOW - HOUR + 1)]) == ["already told"]
    assert reasons([burn("critical")], [told(tier(50), NOW - HOUR + 1)]) == ["worse"]
    forecast = burn()._replace(rule="budget_forecast")
    assert reasons([forecast], [burning]) == ["first"]


def test_as_loud_is_as_high_a_tier_or_as_severe():
    assert reasons([tier(80)], [told(tier(50))]) == ["worse"]
    assert reasons([tier(50)], [told(tier(80))]) == ["already told"]
    loop = session(rule="retry_loop")
    assert reasons([loop], [told(session())]) == ["already told"]
    assert reasons([loop], [told(session(severity="notice"))]) == ["worse"]


def test_an_end_that_nobody_waits_for_is_already_told():
    end = session(resolved=True)
    for ledger in ([], [told(session(), state="resolved")], [told(session(), state="history")]):
        assert reasons([end], ledger) == ["already told"]
    [heard] = decided([end], [told(session())])
    assert (heard.reason, heard.speaks) == ("resolved", True)
    [unheard] = decided([end], [told(session(), at=None)])
    assert (unheard.reason, unheard.speaks) == ("resolved", False)


def test_a_size_is_the_cost_and_nothing_where_it_is_unknown():
    assert [one.size for one in decided([session(), session("y", cost=None)])] == [SIX, 0]
    [one] = decided([session(cost=1), session(cost=3)])
    assert one.size == 3


def test_a_mute_first_sight_gives_way_to_one_that_speaks():
    quiet = Silence(1, "ana", NOW, session="costtop/x", grows=100, cost=SIX)
    [one] = decided([session(turn=1), session(turn=2, cost=2 * SIX)], silences=[quiet])
    assert (one.finding.turn, one.reason) == (2, "first")
    [one] = decided([session(turn=1, cost=2 * SIX), session(turn=2)], silences=[quiet])
    assert one.finding.turn == 1
    [one] = decided([session(turn=1), session(turn=2)], silences=[quiet])
    assert (one.finding.turn, one.reason) == (1, "silenced")


def test_only_what_would_speak_is_silenced():
    quiet = Silence(1, "ana", NOW, session="costtop/x")
    [one] = decided([session()], [told(session())], [quiet])
    assert (one.reason, one.speaks) == ("already told", False)
    [one] = decided([session()], silences=[quiet])
    assert (one.reason, one.speaks) == ("silenced", False)
    [one] = decided([session("y")], silences=[quiet])
    assert (one.reason, one.speaks) == ("first", True)


def silence(**more):
    return Silence(1, "ana", NOW - HOUR, **more)


@pytest.mark.parametrize(
    ("quiet", "finding", "yes"),
    [
        (silence(session="costtop/x"), session(), True),
        (silence(session="costtop/x"), session("y"), False),
        (silence(), session(), False),  # one that names nothing covers nothing
        (silence(session="costtop/x", rule="median_5x"), session(), True),
        (silence(session="costtop/x", rule="retry_loop"), session(), False),
        (silence(session="costtop/x", until=NOW), session(), False),
        (silence(session="costtop/x", until=NOW + 1), session(), True),
        (silence(session="costtop/x", grows=50, cost=1_000), session(cost=1_499), True),
        (silence(session="costtop/x", grows=50, cost=1_000), session(cost=1_500), False),
        (silence(session="costtop/x", grows=50, cost=None), session(cost=1_500), True),
        (silence(session="costtop/x", grows=None, cost=1_000), session(cost=9_999), True),
        (silence(session="costtop/x", grows=50, cost=1_000), session(cost=None), True),
        (silence(session="costtop/x", grows=0, cost=1_000), session(cost=1_000), False),
    ],
)
def test_a_silence_covers_what_it_names_while_it_is_neither_over_nor_outgrown(quiet, finding, yes):
    assert covers(quiet, finding, NOW) is yes


def test_the_loudest_speaks_for_two_of_a_subject_and_for_more():
    plain, loop = session(), session(rule="retry_loop", cause="retry_loop")
    two = decided([plain, loop])
    assert [(one.reason, one.speaks) for one in two] == [("grouped", False), ("first", True)]
    assert two[1].also == (plain,)
    three = decided([tier(50), tier(80), tier(100)])
    assert [one.speaks for one in three] == [False, False, True]
    assert [one.tier for one in three[2].also] == [80, 50]
    [alone] = decided([plain])
    assert (alone.reason, alone.also) == ("first", ())


def test_an_end_and_what_is_mute_stay_out_of_the_choir():
    end = session(severity="critical", resolved=True)
    was = told(session(severity="critical"))
    both = decided([end, session("x", "notice", rule="retry_loop")], [was])
    assert [one.reason for one in both] == ["resolved", "already told"]
    loops = [session(rule="retry_loop"), session()]
    ends = decided([tier(50), tier(80), burn()._replace(resolved=True)], [told(burn())])
    assert [(one.reason, one.speaks) for one in ends] == [
        ("grouped", False),
        ("first", True),
        ("resolved", True),
    ]
    mute = decided([*loops, session(severity="notice", rule="fan_out")], [told(loops[0])])
    assert not [one for one in mute if one.speaks]


def test_loudness_goes_by_tier_then_severity_then_explanation_then_cost():
    def rank(finding):
        [one] = decided([finding])
        return loudness(one)

    assert rank(tier(50)) > rank(burn("critical"))
    assert rank(session(severity="critical", cost=1)) > rank(session())
    assert rank(session(cause="retry_loop", cost=1)) > rank(session())
    assert rank(session(cost=2)) > rank(session(cost=1))
    assert rank(session()) == (0, 1, False, SIX)
    assert rank(tier(50, cost=7)) == (50, 1, False, 7)
    assert spoken([session()]) == [session()]


def test_a_tier_without_a_number_is_below_all():
    nothing = tier(1)._replace(tier=None)
    other = Told("i", subject(nothing), "warning", None, "open", NOW - MINUTE, 0)
    assert reasons([nothing], [other]) == ["first"]
    assert reasons([tier(1)], [other]) == ["first"]
