"""A spent budget of a fleet on a real machine: its gate refuses, whatever is cut or restarted."""

import json
import subprocess

from tests.e2e.instance import COSTTOP, claude_line, claude_log
from tests.fleet.machine import children, joined, told
from tests.fleet.stewards import BUDGET
from tests.fleet.test_steward import spend
from tests.fleet.wire import Wire
from tests.patience import gone, until

SESSION = "11111111-0000-4000-8000-000000000001"
ASKED = {"session_id": SESSION, "hook_event_name": "PreToolUse", "tool_name": "Bash",
         "tool_input": {"command": "make"}}  # fmt: skip


def _gate() -> str:
    asked = [*COSTTOP, "gate", "--agent", "claude-code"]
    ran = subprocess.run(asked, input=json.dumps(ASKED), capture_output=True, text=True, check=True)
    return ran.stdout


def test_what_others_spent_holds_here_through_a_cut_and_a_restart_until_the_fleet_lifts_it(
    red, inbox, life, instance
):
    wire = Wire(red.port)
    instance.append(claude_log(SESSION), "".join(claude_line(SESSION, n) for n in range(4)))
    joined(instance, red, "a", port=wire.port)
    instance.start()
    ops = life("ops", f'{BUDGET}action = "gate"\n').start()
    until(lambda: red.rows("SELECT host FROM costtop.calls"), what=instance.paths.log)
    until(lambda: ops.leads, what=ops.errors)
    assert _gate() == ""
    spend(red, 0, 100, "b")
    until(lambda: "deny" in _gate())
    assert "the fleet's budget team is spent: $1.03 of $1.00" in _gate()
    assert "held by fleet:team" in instance.cli("--once")
    says = "fleet:team holds agents here: the fleet's budget team is spent"
    until(lambda: says in instance.cli("status"))
    assert says in instance.cli("doctor", code=None)
    assert "may pass for 10 min" in instance.cli("override", "fleet:team", "--for", "10m")
    assert _gate() == ""
    assert "1 override taken back" in instance.cli("override", "fleet:team", "--end")
    wire.down = True
    instance.kill9()
    instance.start()
    assert "the fleet's budget team is spent" in _gate()
    wire.down = False
    red.rows("SELECT costtop.forget('b', 'red')")
    until(lambda: _gate() == "")
    until(lambda: says not in instance.cli("status"))
    until(lambda: red.rows("SELECT opened FROM costtop.guards") == [None])


def test_a_session_s_alert_and_a_plan_s_window_of_a_real_machine_arrive_without_a_word_of_text(
    red, instance
):
    joined(instance, red, "a", more='send = []\nalerts = "steward"')
    instance.start()
    for n in range(12):  # a session without peers, past $10
        instance.append(claude_log(SESSION), claude_line(SESSION, n, output=90_000))
    said = "SELECT rule, session, title, why, feature, steward_tells FROM costtop.alerts"
    until(lambda: red.rows(said), what=instance.paths.log)
    for rule, session, title, why, feature, steward_tells in red.rows(said):
        assert (title, why, steward_tells) == ("", "", True)
        assert session == f"claude-code/{SESSION}"
        assert rule
        assert "#" in feature or not feature


def test_a_daemon_that_is_to_be_a_steward_keeps_a_process_that_leads_and_ends_with_it(
    red, inbox, instance
):
    joined(instance, red, "a")
    config = instance.paths.config
    url = config.with_name("steward.url")
    url.touch(0o600)
    url.write_text(red.server.url(red.database, "stella"))
    lines = f'steward = true\nsteward_url_file = "{url}"\nreader_url_file = "{url}"\n{BUDGET}'
    endpoint = f'[[notify]]\nlabel = "ops"\nurl = "json://127.0.0.1:{inbox.port}/"\n'
    config.write_text(f"{config.read_text()}{lines}{endpoint}")
    daemon = instance.start()
    until(lambda: told(instance).get("steward", {}).get("leads"), what=instance.paths.log)
    spend(red, 0, 60, "b")
    until(lambda: inbox.got)
    assert "budget team: 50 % of $1.00" in inbox.titles[0]
    epoch = told(instance)["steward"]["epoch"]
    assert "leads red, for" in instance.cli("fleet", "status", code=None)
    assert f"(epoch {epoch})" in instance.cli("fleet", "status", code=None)
    assert "fleet-steward" not in instance.cli("doctor", code=None)
    (steward,) = [pid for pid, name in children(daemon.pid).items() if name == "costtop-steward"]
    instance.kill9()
    until(lambda: gone(steward))
