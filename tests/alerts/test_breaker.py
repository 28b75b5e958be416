"""When a breaker opens, is confirmed, acts and ends: a matter of values and times alone."""

import pytest

from costtop.alerts import breaker
from costtop.alerts.breaker import COUNTDOWN, BreakerLook, capped, deed, look, notice
from costtop.model import Breaker, Budget
from costtop.money import NANO

SPAN = ("2026-11-24", 9_000_000)
T = 1_000_000


def _budget(action: str = "kill", amount: int = 10) -> Budget:
    return Budget("daily", "day", amount * NANO, action=action)


def _open(action: str = "kill", **given: object) -> Breaker:
    made = look(_budget(action), 10 * NANO, None, SPAN, T).breaker
    assert made is not None
    return made._replace(id=1, **given)  # type: ignore[arg-type]


def test_below_the_amount_and_without_an_action_nothing_opens():
    assert look(_budget(), 10 * NANO - 1, None, SPAN, T) == BreakerLook(None)
    assert look(_budget("notify"), 99 * NANO, None, SPAN, T) == BreakerLook(None)


def test_at_the_amount_the_gate_holds_and_no_process_is_touched_yet():
    found = look(_budget(), 10 * NANO, None, SPAN, T)
    assert found.said == "opened"
    one = found.breaker
    assert one is not None
    assert (one.opened, one.confirmed, one.due, one.until) == (T, None, None, SPAN[1])
    assert deed(one, set(), T + 10**9) == ""


def test_a_second_look_confirms_and_a_kill_waits_for_its_countdown():
    one = _open()
    assert look(_budget(), 10 * NANO, one, SPAN, T + 1).said == ""
    found = look(_budget(), 11 * NANO, one, SPAN, T + breaker.CONFIRM)
    assert found.said == "confirmed"
    sure = found.breaker
    assert sure is not None and sure.due == T + breaker.CONFIRM + COUNTDOWN
    assert deed(sure, set(), sure.confirmed) == "pause"
    assert deed(sure, {"pause"}, sure.due - 1) == ""
    assert deed(sure, {"pause"}, sure.due) == "kill"
    assert deed(sure, {"pause", "kill"}, sure.due + 1) == ""


@pytest.mark.parametrize(("action", "first"), [("gate", ""), ("stop", ""), ("pause", "pause")])
def test_an_action_does_no_more_than_its_name_says(action, first):
    sure = look(_budget(action), 10 * NANO, _open(action), SPAN, T + breaker.CONFIRM).breaker
    assert sure is not None
    assert deed(sure, set(), T + 10**9) == first
    assert deed(sure, {"pause"}, T + 10**9) == ""


def test_a_correction_before_the_second_look_ends_it_at_once():
    assert look(_budget(), 10 * NANO - 1, _open(), SPAN, T + 1).said == "ended"


def test_a_confirmed_one_ends_only_clearly_below():
    sure = _open(confirmed=T, due=T)
    assert look(_budget(), 10 * NANO - 1, sure, SPAN, T + 1).said == ""
    assert look(_budget(), 9 * NANO, sure, SPAN, T + 1).said == "ended"
    assert look(_budget("notify"), 99 * NANO, sure, SPAN, T + 1).said == "ended"
    assert look(_budget(amount=20), 10 * NANO, sure, SPAN, T + 1).said == "ended"


@pytest.mark.parametrize("action", ["stop", "pause", "kill"])
def test_what_was_only_heard_over_a_wire_opens_a_gate_and_no_more(action):
    found = look(_budget(action), 12 * NANO, None, SPAN, T, 3 * NANO).breaker
    assert found is not None and found.action == "gate"
    assert "$3.00 of it only heard over OTLP" in found.why
    later = T + breaker.CONFIRM
    sure = look(_budget(action), 90 * NANO, found, SPAN, later, 81 * NANO).breaker
    assert sure is not None and (sure.action, sure.confirmed, sure.due) == ("gate", later, later)
    assert deed(sure, set(), T + 10**9) == ""
    assert look(_budget(action), 90 * NANO, sure, SPAN, later + 1, 81 * NANO).said == ""


def test_once_a_log_tells_of_it_the_budget_does_what_it_says_after_a_second_look():
    gate = look(_budget(), 12 * NANO, None, SPAN, T, 3 * NANO).breaker
    assert gate is not None
    gate = gate._replace(confirmed=T, due=T)
    again = look(_budget(), 12 * NANO, gate, SPAN, T + 5, 2 * NANO)
    assert again.said == "again" and again.breaker is not None
    assert "only heard" not in again.breaker.why
    assert deed(again.breaker, set(), T + 5) == ""
    assert notice(again.breaker, again.said) is None
    late = T + breaker.CONFIRM
    sure = look(_budget(), 12 * NANO, again.breaker, SPAN, late, 2 * NANO)
    assert sure.said == "confirmed" and sure.breaker is not None
    assert (sure.breaker.action, sure.breaker.due) == ("kill", late + COUNTDOWN)


def test_a_fourth_session_an_hour_is_left_to_people():
    three = {"a", "b", "c"}
    assert capped("d", three)
    assert not capped("a", three)
    assert not capped("d", {"a", "b"})


def test_what_touches_processes_is_said_loudly_and_with_its_time():
    severity, words = notice(_open("kill"), "confirmed") or ("", "")
    assert severity == "critical" and f"killed in {COUNTDOWN // 1000} s" in words
    assert notice(_open("pause"), "confirmed")[0] == "critical"
    assert notice(_open("gate"), "confirmed") is None
    assert notice(_open("gate"), "opened")[0] == "warning"
    assert notice(_open("kill"), "ended")[0] == "notice"
    assert notice(_open("kill"), "") is None


def test_an_action_may_come_before_all_is_spent_and_says_so():
    early = _budget("gate")._replace(act_at=90, excepted=(("feature", "release"),))
    assert look(early, 9 * NANO - 1, None, SPAN, T) == BreakerLook(None)
    found = look(early, 9 * NANO, None, SPAN, T)
    one = found.breaker
    assert one is not None and one.why == "budget daily is 90 % spent: $9.00 of $10.00"
    assert notice(one, "opened", breaker.reached(early)) == (
        "warning",
        "90 % spent: its agents' hooks refuse from now on, but for feature=release",
    )
    sure = one._replace(confirmed=T, id=1)
    assert look(early, 9 * NANO * 95 // 100, sure, SPAN, T + 1).said != "ended"
    assert look(early, 9 * NANO * 95 // 100 - 1, sure, SPAN, T + 1).said == "ended"


def test_another_exception_of_an_open_budget_holds_at_once():
    other = _budget("gate")._replace(excepted=(("user", "ana"),))
    found = look(other, 10 * NANO, _open("gate"), SPAN, T + 1)
    assert (found.said, found.breaker and found.breaker.excepted) == ("again", (("user", "ana"),))
