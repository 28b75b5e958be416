"""After a deed the row says it first, and keeps why the session cost what it did."""

from costtop.files import user_name
from costtop.queries.live.action_notes import Hands, LatestKill, kills, shown
from costtop.queries.live.live_alerts import Held, Unusual
from costtop.store.db import open_writer
from costtop.store.sessions import marks
from tests.tui.values import AT, row

LOOP = {"claude-code/x": Unusual("retries 98 % · 31x usual", "critical", "retries 98 %")}
WHY = "retries 98 % · 31x usual"


def said(one, killed=None, held=(), unusual=LOOP, gated=("claude-code/x",)):
    [found] = shown([one], unusual, Hands(killed or {}, held, frozenset(gated)), AT)
    return found.why


def test_a_killed_session_says_who_ended_it_when_and_why_it_was_dear():
    one = row("x", state="ended", why=WHY, last=AT - 13_000)
    mine = {one.key: LatestKill(AT - 12_000, user_name())}
    assert said(one, mine) == "killed by you 12s ago · retries 98 %"
    theirs = {one.key: LatestKill(AT - 12_000, "breaker daily")}
    assert said(one, theirs) == "killed by breaker daily 12s ago · retries 98 %"
    assert said(one._replace(why=""), mine, unusual={}) == "killed by you 12s ago"


def test_a_session_that_went_on_after_a_kill_is_not_said_to_be_killed():
    one = row("x", why=WHY, last=AT)
    assert said(one, {one.key: LatestKill(AT - 61_000, "ana")}) == WHY


def test_what_is_paused_or_stopped_says_so_and_all_else_is_as_it_was():
    assert said(row("x", state="paused", why=WHY)) == "paused · retries 98 %"
    stop = Held("", "claude-code/x", "stop", "", AT, None)
    assert said(row("x", why=WHY), held=[stop]) == "stopped at its next tool · retries 98 %"
    assert said(row("x", state="ended", why=WHY), held=[stop]) == WHY
    assert said(row("x", why=WHY), held=[stop._replace(session="claude-code/y")]) == WHY


def test_what_a_budget_holds_names_it_and_what_no_gate_holds_says_so():
    day = Held("daily", "", "gate", "", AT, None, scope=(("source", "claude-*"),))
    assert said(row("x", why=WHY), held=[day]) == "held by daily · retries 98 %"
    alone = said(row("x", why=WHY), held=[day], gated=())
    assert alone == "nothing holds it: no hook called · retries 98 %"
    for other in (day._replace(scope=(("source", "codex"),)), day._replace(action="pause")):
        assert said(row("x", why=WHY), held=[other]) == WHY
    stop = Held("", "claude-code/x", "stop", "", AT, None)
    assert said(row("x", why=WHY), held=[stop], gated=()).startswith("nothing holds it")


def test_the_latest_kill_of_the_day_counts(tmp_path):
    with open_writer(tmp_path / "costtop.db") as db:
        marks.journal(db, AT - 5000, "ben", "kill up to TERM", "claude-code/x", "gone")
        marks.journal(db, AT - 1000, "ana", "kill up to KILL", "claude-code/x", "gone")
        marks.journal(db, AT - 1000, "ana", "pause", "claude-code/y", "")
        assert kills(db, AT) == {"claude-code/x": LatestKill(AT - 1000, "ana")}
        assert kills(db, AT + 2 * 86_400_000) == {}
