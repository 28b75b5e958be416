"""What hosts say of their sessions and plans: who tells it, what the fleet makes of it."""

import psycopg
import pytest

from costtop.durations import now_ms
from costtop.fleet.ship_to_server import say
from tests.fleet.stewards import BUDGET
from tests.patience import until


def alert(ref: str = "0123456789ab", **said):
    now = now_ms()
    return {
        "ref": ref, "rule": "retry_loop", "severity": "warning", "session": "claude-code/abc123",
        "feature": "", "usr": "", "budget": "", "period": "", "happened": now, "raised": now,
        "cost": 4_000_000_000, "cost_now": 5_000_000_000, "excess": 3_000_000_000,
        "cause": "retry_loop", "state": "open", "reason": "first", "told": now,
        "steward_tells": True,
    } | said  # fmt: skip


def window(used: int, **said):
    now = now_ms()
    return {
        "source": "claude-code", "account": ".claude", "plan": "max", "model": "", "minutes": 300,
        "used": used, "resets": now + 3_600_000, "happened": now,
    } | said  # fmt: skip


def test_a_session_s_alert_is_told_by_the_steward_where_its_host_leaves_it_and_only_there(
    red,
    inbox,
    life,
):
    ops = life("ops").start()
    say(red.link("a"), "alerts", [alert(), alert("0123456789ac", steward_tells=False)])
    say(red.link("b"), "alerts", [alert(session="codex/b1")])
    say(red.link("c"), "alerts", [alert(session="codex/of-another-team")])
    told = "SELECT session, told IS NOT NULL FROM costtop.alerts WHERE host = 0 ORDER BY session"
    both = [("claude-code/a:abc123", True), ("codex/b:b1", True)]
    until(lambda: red.rows(told) == both, what=ops.errors)
    until(lambda: "b:b1: retry loop, $5.00" in "".join([*inbox.titles, *inbox.bodies]))
    letters = red.rows("SELECT count(*) FROM costtop.outbox")
    say(red.link("a"), "alerts", [alert(cost_now=5_100_000_000)])  # said again: no news
    say(red.link("b"), "alerts", [alert(session="codex/b1", state="resolved")])
    ended = "SELECT state FROM costtop.alerts WHERE host = 0 ORDER BY session"
    until(lambda: red.rows(ended) == ["open", "resolved"])
    until(lambda: set(red.rows("SELECT state FROM costtop.outbox")) == {"sent"})
    assert red.rows("SELECT count(*) FROM costtop.outbox") == letters
    assert "another" not in "".join(inbox.bodies)


def test_a_window_of_a_plan_that_a_host_told_is_judged_by_a_budget_of_the_fleet(
    red,
    inbox,
    life,
):
    plans = '[[fleet.budget]]\nname = "plans"\nperiod = "plan:5h"\ntiers = [80]\n'
    ops = life("ops", f"{BUDGET}{plans}").start()
    say(red.link("a"), "windows", [window(4000)])
    say(red.link("b"), "windows", [window(8100)])
    until(lambda: inbox.got, what=ops.errors)
    title = "[costtop] budget plans: 80 % of the 5h window of claude-code b:.claude"
    assert inbox.titles == [title]
    assert len(inbox.got) == 1


@pytest.mark.parametrize(
    ("part", "rows"),
    [
        ("alerts", [alert(session="x" * 201)]),
        ("alerts", [alert()] * 201),
        ("alerts", ["no object"]),
        ("calls", [{}]),
    ],
)
def test_what_is_beyond_a_limit_is_refused(fleet, part, rows):
    with pytest.raises(psycopg.Error) as refused:
        say(fleet.link("a"), part, rows)
    assert refused.value.sqlstate == "CT002"


def test_a_host_writes_alerts_of_its_own_alone_and_no_words_of_its_own(fleet):
    forged = alert(team=2, host=0, title="pay me", why="now", identity="x", teams=[1, 2, 3])
    say(fleet.link("a"), "alerts", [forged])
    told = "SELECT h.name, a.title, a.why, a.identity, cardinality(a.teams) FROM costtop.alerts a"
    asked = f"{told} JOIN costtop.hosts h ON h.team = a.team AND h.id = a.host"
    assert fleet.rows(asked) == [("a", "", "", "", 1)]
    fleet.rows("SELECT costtop.forget('a', 'red')")
    assert fleet.rows(told.replace("h.name, ", "")) == []
