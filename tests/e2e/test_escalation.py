"""A gate that does not hold is followed by a pause; one that holds is not; nobody is ended."""

import pytest

from tests.e2e.test_breaker import DAILY
from tests.patience import until

NONE = DAILY + 'escalate = "none"\n'


@pytest.mark.parametrize("action", ["gate", "stop"])
def test_an_agent_whose_hook_never_runs_is_paused_and_told_of(house, action):
    house.configure(DAILY.format(action))
    house.start()
    agent = house.agent(session="s1", calls=40, every=1.5, paced="yes")
    until(lambda: agent.state == "T", what="the pause")
    assert agent.calls <= 4 + 2  # four make the cap, two are over
    until(lambda: "its gate does not hold" in house.told, what="the notice")
    assert house.answers("SELECT by FROM deeds WHERE deed = 'pause'") == [("breaker daily",)]
    assert not house.answers("SELECT 1 FROM deeds WHERE deed LIKE 'kill%'")
    assert "may pass" in house.run("override", "daily", "--for", "10m").stdout
    until(lambda: agent.state != "T", what="going on after an override")


def test_an_agent_that_argues_with_a_denial_that_cannot_end_its_turn_is_paused(house):
    house.configure(DAILY.format("gate"))
    house.run("hooks", "install", "codex")
    house.start()
    words = {"calls": 40, "every": 1.5, "argue": "yes", "paced": "yes", "trust": "yes"}
    agent = house.agent("codex", session="s1", **words)
    until(lambda: agent.state == "T", what="the pause")
    assert agent.said.count("denied") >= 2
    assert agent.calls <= 5 + 2


def test_a_codex_whose_user_has_not_trusted_the_hook_is_paused_and_told_what_to_do(house):
    house.configure(DAILY.format("gate"))
    assert "/hooks and trust" in house.run("hooks", "install", "codex").stdout
    house.start()
    agent = house.agent("codex", session="s1", calls=40, every=1.5, paced="yes")
    until(lambda: agent.state == "T", what="the pause")
    assert agent.calls <= 5 + 2 and "denied" not in agent.said
    until(lambda: "its gate does not hold" in house.told, what="the notice")
    said = house.run("hooks", "status", "codex").stdout
    assert "! never called" in said and "/hooks and trust" in said
    assert "gate cannot hold codex: its hook was never called" in house.run("doctor").stdout


def test_an_agent_that_its_gate_holds_is_not_touched(house):
    house.configure(DAILY.format("stop"))
    house.run("hooks", "install", "claude-code")
    house.start()
    agent = house.agent(session="s1", calls=40, every=0.1, paced="yes")
    agent.says("stopped")
    agent.says("idle")
    until(lambda: "breaker daily: spent" in house.told, what="the notice")
    house.run("scan")
    assert agent.state == "S" and not house.answers("SELECT 1 FROM deeds WHERE deed = 'pause'")
    assert "does not hold" not in house.told


def test_where_the_user_wants_nothing_more_nothing_follows(house):
    house.configure(NONE.format("gate"))
    house.start()
    agent = house.agent(session="s1", calls=8, every=0.1, paced="yes")
    agent.says("idle")
    assert agent.calls == 8
    assert not house.answers("SELECT 1 FROM deeds WHERE deed = 'pause'")


@pytest.mark.parametrize("action", ["gate", "pause", "kill"])
def test_where_the_process_is_not_known_it_is_told_once_that_nothing_holds_it(house, action):
    house.configure(DAILY.format(action))
    house.start()
    agent = house.agent("other", session="s1", calls=9, every=0.1, paced="yes", told="no")
    agent.says("idle")
    until(lambda: "nothing holds codex/" in house.told, what="the notice")
    house.run("scan")
    assert house.told.count("nothing holds") == 1 and agent.state == "S"


def test_the_end_follows_only_where_the_user_wants_it(house):
    house.configure(DAILY.format("gate") + 'escalate = "kill"\n')
    house.start()
    agent = house.agent(session="s1", calls=400, every=0.3)
    assert agent.gone() != 0
    until(lambda: "killed now" in house.told, what="the notice")
    deeds = [deed for (deed,) in house.answers("SELECT deed FROM deeds ORDER BY id")]
    assert deeds[0] == "pause" and deeds[-1].startswith("kill up to")
