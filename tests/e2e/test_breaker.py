"""A budget that holds: seen, told, gated, paused, killed, by itself and from the command line."""

import json

import pytest

from tests.patience import until

DAILY = """
[[budget]]
name = "daily"
amount = "$0.10"
action = "{}"
"""
S1 = "claude-code/s1"


@pytest.mark.parametrize("kind", ["claude", "codex"])
def test_after_the_cap_at_most_one_call_is_made(house, kind):
    house.configure(DAILY.format("stop"))
    house.run("hooks", "install", "claude-code" if kind == "claude" else "codex")
    house.start()
    agent = house.agent(kind, session="s1", calls=40, every=0.1, paced="yes", trust="yes")
    agent.says("stopped" if kind == "claude" else "denied")
    agent.says("idle")
    reached = 4 if kind == "claude" else 5  # calls that make $0.10
    assert agent.calls <= reached + 1
    until(lambda: "breaker daily: spent" in house.told, what="the notice")
    assert "budget daily: 100 %" in house.told
    seen = "SELECT count(*) FROM calls"
    until(lambda: house.answers(seen) == [(agent.calls,)], what="the last call")
    assert house.run("alerts", "list").stdout.count("daily") >= 1


def test_a_mere_gate_lets_the_agent_commit_and_stops_it_when_it_argues(house):
    house.configure(DAILY.format("gate"))
    house.run("hooks", "install", "claude-code")
    house.start()
    agent = house.agent(session="s1", calls=40, every=0.1, argue="yes", paced="yes")
    agent.says("stopped")
    assert agent.said.count("denied") <= 4
    commit = {"session_id": "s1", "hook_event_name": "PreToolUse", "tool_name": "Bash",
              "tool_input": {"command": "git commit -am wip"}}  # fmt: skip
    assert house.run("gate", "--agent", "claude-code", text=json.dumps(commit)).stdout == ""


def test_an_agent_without_hooks_is_paused_and_goes_on_after_an_override(house):
    house.configure(DAILY.format("pause"))
    house.start()
    agent = house.agent(session="s1", calls=400, every=0.2)
    until(lambda: agent.state == "T", what="the pause")
    until(lambda: "its running sessions are paused" in house.told, what="the notice")
    before = agent.calls
    until(lambda: house.answers("SELECT by FROM deeds WHERE deed = 'pause'"), what="the journal")
    assert house.answers("SELECT by FROM deeds WHERE deed = 'pause'") == [("breaker daily",)]
    said = house.run("override", "daily", "--for", "10m")
    assert "may pass for 10 min" in said.stdout
    until(lambda: agent.calls > before, what="the next call")
    assert "override" in house.told


def test_a_kill_is_announced_paused_counted_down_and_done(house):
    house.configure(DAILY.format("kill"))
    house.start()
    agent = house.agent(session="dead1", calls=400, every=0.2)
    other = house.agent("codex", session="beside", calls=1)
    other.says("idle")
    assert agent.gone() != 0
    until(lambda: "kill up to KILL" in house.told, what="the announcement")
    assert house.told.index("paused now and killed in") < house.told.index("kill up to KILL")
    deeds = [deed for (deed,) in house.answers("SELECT deed FROM deeds ORDER BY id")]
    assert deeds.index("pause") < deeds.index("kill up to KILL")
    until(lambda: house.answers("SELECT 1 FROM intents WHERE done IS NOT NULL"), what="the end")


def test_an_override_in_the_countdown_saves_the_agent(house):
    house.configure(DAILY.format("kill"))
    house.start()
    house.run("override", "daily")
    agent = house.agent(session="s1", calls=12, every=0.2)
    agent.says("idle")
    assert agent.calls == 12 and agent.process.poll() is None
    until(lambda: house.answers("SELECT 1 FROM breakers WHERE confirmed"), what="a second look")
    assert agent.state == "S" and not house.answers("SELECT * FROM breaker_deeds")


def test_without_an_action_nothing_is_held_and_nobody_is_touched(house):
    house.configure(DAILY.format("notify"))
    house.run("hooks", "install", "claude-code")
    house.start()
    agent = house.agent(session="s1", calls=8, every=0.2)
    agent.says("idle")
    assert agent.calls == 8
    until(lambda: "budget daily: 100 %" in house.told, what="the alert")
    assert not house.answers("SELECT * FROM breakers")


def test_more_than_three_an_hour_are_not_touched(house):
    house.configure(DAILY.format("pause"))
    house.start()
    agents = [house.agent(session=f"s{n}", calls=400, every=0.4) for n in range(4)]
    until(lambda: "at most 3 sessions an hour" in house.told, what="the cap")
    assert sum(agent.state == "T" for agent in agents) == 3


def test_the_command_line_marks_pauses_resumes_stops_and_kills(house):
    house.run("hooks", "install", "claude-code")
    house.start()
    agent = house.agent(session="s1", calls=400, every=0.2)
    house.known(S1)
    paused = house.run("pause", "s1")
    assert "SIGSTOP to" in paused.stdout and "exact" in paused.stdout and agent.state == "T"
    before = agent.calls
    assert "continues" in house.run("resume", "s1").stdout
    until(lambda: agent.calls > before, what="the next call")
    assert "at its next tool" in house.run("stop", "s1", "--note", "enough").stdout
    agent.says("stopped")
    assert house.run("kill", "s1", "--dry-run").stdout.count("SIG") >= 3
    assert agent.process.poll() is None
    killed = house.run("kill", "s1")
    assert killed.returncode == 0 and "has gone" in killed.stdout
    agent.gone()
    assert house.run("mark", "s1", "--as", "fine", "--note", "all well").returncode == 0
    deeds = [row[0] for row in house.answers("SELECT deed FROM deeds ORDER BY id")]
    assert deeds == ["pause", "resume", "stop", "kill up to KILL", "mark fine"]
    for word in ("deed: pause of session s1", "deed: kill up to KILL", "deed: stop of session s1"):
        until(lambda word=word: word in house.told, what=word)


def test_a_runaway_is_stopped_at_its_next_tool(house):
    house.run("hooks", "install", "claude-code")
    house.start()
    agent = house.agent(session="s1", calls=400, every=0.3)
    house.known(S1)
    assert house.run("mark", "s1", "--as", "runaway").returncode == 0
    marked = agent.calls
    agent.says("stopped")
    assert agent.calls <= marked + 1  # one may have asked for its tool before


def test_a_hook_says_exactly_which_process_it_is(house):
    house.run("hooks", "install", "claude-code")
    house.start()
    house.agent(session="s1", calls=400, every=0.3, told="no")
    house.known(S1)
    said = house.run("kill", "s1", "--dry-run").stdout
    assert "it called costtop's hook" in said


def test_several_are_ended_and_one_refusal_does_not_spare_the_others(house):
    house.start()
    one, two = (house.agent(session=f"s{n}", calls=400, every=0.4) for n in (1, 2))
    gone = house.agent("codex", session="g", calls=1, exit="yes")
    house.known("claude-code/s1")
    house.known("claude-code/s2")
    gone.gone()
    until(lambda: house.answers("SELECT 1 FROM sessions WHERE session = 'g'"), what="g")
    ran = house.run("kill", "s1", "g", "s2", "--yes")
    assert ran.returncode == 1 and "costtop: g" in ran.stderr
    one.gone()
    two.gone()
