"""What is told again, of whom: budgets, causes behind many sessions, incidents of one session."""

from costtop.alerts.choose import choose, identity, incident, measure, subject, told_in
from costtop.model import Finding, Silence
from tests.alerts.test_choose import (
    BORN,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    burn,
    reasons,
    session,
    tier,
    told,
)

SIX = 6_000_000_000


def decided(findings, ledger=(), silences=()):
    return choose(findings, ledger, silences, NOW, BORN)


def common(**more):
    more = {"cause": "cache_miss", "feature": "web", "period": "2026-11-23T10", **more}
    return Finding("common_cause", "warning", NOW, "many sessions", "why", cost=SIX, **more)


def test_a_cause_behind_many_sessions_is_about_itself_and_an_incident_of_its_own():
    assert subject(common()) == "common|cache_miss|web|2026-11-23T10"
    assert identity(common()) == "common|cache_miss|web|2026-11-23T10|common_cause|warning"
    assert incident(common()) == identity(common())
    assert incident(session()) == "session|costtop/x"
    assert incident(tier(50)) == "budget|daily|2026-11-23|50"


def test_what_is_measured_of_a_session_is_its_excess_and_nothing_where_no_cost_is_known():
    assert measure(session(excess=SIX)) == SIX
    assert measure(session(cost=None)) == 0
    assert measure(burn(excess=7, cost=3)) == 3


def test_an_incident_knows_the_causes_that_it_had_and_only_a_session_has_them():
    loop = told(session(rule="retry_loop"))._replace(cause="retry_loop")
    again = told(session(), state="resolved")._replace(cause="retry_loop")
    grown = told(session(rule="context_growth"))._replace(cause="context_growth")
    [one] = decided([session()], [loop, again, grown, told(session(rule="x"))])
    assert one.causes == ("retry_loop", "context_growth")
    [other] = decided([common()], [told(common())._replace(cause="cache_miss")])
    assert other.causes == ()


def test_what_the_ledger_knows_of_a_session_is_no_history_and_not_late():
    old = session(at=NOW - DAY - 1)
    assert reasons([old], [told(old)]) == ["already told"]
    assert reasons([session(at=NOW - 15 * MINUTE - 1)], [told(session(), at=None)]) == ["first"]
    assert reasons([session(at=NOW - 15 * MINUTE)]) == ["first"]
    assert reasons([session(cost=2)], [told(session(), size=1)]) == ["repeat"]


def test_of_a_budget_only_what_was_told_and_stands_makes_news_older():
    silent = told(tier(50), at=None)
    assert reasons([tier(80)], [silent]) == ["first"]
    assert reasons([tier(80)], [told(tier(50), state="resolved")]) == ["first"]
    assert reasons([burn(severity="critical")], [told(burn())]) == ["worse"]
    other = told(burn())._replace(identity="budget|daily|2026-11-23|budget_forecast|warning")
    assert reasons([burn()], [other]) == ["first"]


def test_what_a_silence_kept_back_of_a_budget_is_first_while_it_is_open():
    assert reasons([burn()], [told(burn(), at=None)]) == ["first"]
    for state in ("resolved", "acknowledged", "history"):
        assert reasons([burn()], [told(burn(), at=None, state=state)]) == ["already told"]


def test_of_a_budget_too_what_has_doubled_is_told_again_unless_it_was_acknowledged():
    def after(cost, size, state="open"):
        return reasons([burn(cost=cost)], [told(burn(), NOW - HOUR, state, size=size)])

    assert after(2 * SIX, SIX) == ["repeat"]
    assert after(2 * SIX - 1, SIX) == ["already told"]
    assert after(2 * SIX, SIX, "acknowledged") == ["already told"]
    assert after(2, 1) == ["repeat"]
    assert after(0, 0) == ["already told"]
    assert after(SIX, 0) == ["already told"]
    assert after(SIX, SIX, "resolved") == ["repeat"]


def test_a_notice_of_a_budget_is_a_message_and_one_of_a_session_is_not():
    def tells(finding, **more):
        [one] = decided([finding])
        return bool(told_in(one, **more))

    assert tells(burn(severity="notice"))
    assert not tells(session(severity="notice"))
    assert tells(session(severity="notice"), asked=True)


def test_only_what_speaks_and_goes_on_has_a_voice_in_an_incident():
    loop = session(rule="retry_loop", severity="critical")
    over = session()._replace(resolved=True)
    mute = [told(loop)]
    one, other = decided([loop, session(rule="fan_out", severity="warning")], mute)
    assert (one.reason, other.reason) == ("already told", "already told")
    ended, begun = decided([over, loop], [told(session())])
    assert (ended.reason, ended.also, begun.reason, begun.also) == ("resolved", (), "worse", ())
    silence = Silence(1, "me", NOW, rule="retry_loop")
    kept, spoke = decided([loop, session()], (), [silence])
    assert (kept.reason, kept.speaks, spoke.reason, spoke.also) == ("silenced", False, "first", ())
    muted, *voices = decided([loop, session(), session(rule="fan_out")], (), [silence])
    assert (muted.reason, [one.reason for one in voices]) == ("silenced", ["first", "grouped"])
    alone = decided([session()])
    assert [(one.speaks, one.also) for one in alone] == [(True, ())]
