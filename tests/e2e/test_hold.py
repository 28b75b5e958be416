"""A session held by its hook: nothing is signalled, its terminal stays its own, until resume."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from tests.patience import until
from tests.processes.shells import Shell

PAUSE = """
[[budget]]
name = "daily"
amount = "$0.10"
action = "pause"
"""


@pytest.fixture
def shell():
    made = Shell("bash", "--norc", "--noprofile", "-i")
    yield made
    made.end()


def gate(house, event: str, **fields: object) -> str:
    about = {"session_id": "s1", "hook_event_name": event, **fields}
    return str(house.run("gate", "--agent", "claude-code", text=json.dumps(about)).stdout)


def begun(house, shell: Shell, **words: object) -> Path:
    """A scripted agent in the foreground of a shell; the file of what it says."""
    given = [f"{name}={value}" for name, value in words.items()]
    order = [sys.executable, str(house.program("claude")), *given]
    said = house.home / "said"
    shell.type(f"cd {shlex.quote(str(house.folder))}; {shlex.join(order)} > {said}")
    until(said.exists)
    return said


def state_of(house) -> str:
    found = json.loads(house.paths.status.read_text())["processes"]
    pid = found["claude-code/s1"]["pid"]
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_hold_ends_the_turn_at_its_next_tool_and_resume_lifts_it(house):
    house.run("hooks", "install", "claude-code")
    house.start()
    agent = house.agent(session="s1", calls=400, every=0.2)
    house.known("claude-code/s1")
    held = house.run("pause", "s1", "--hold")
    assert held.returncode == 0 and "is held: its hook refuses" in held.stdout
    agent.says("stopped")
    assert agent.state == "S" and not house.answers("SELECT * FROM breaker_deeds")
    words = gate(house, "UserPromptSubmit", prompt="go on")
    assert "block" in words and "costtop resume" in words  # a prompt does not lift it
    assert gate(house, "PreToolUse", tool_name="Bash", tool_input={"command": "make"})
    lifted = house.run("resume", "s1", "-y")
    assert lifted.returncode == 0 and "its hold is lifted" in lifted.stdout
    assert gate(house, "PreToolUse", tool_name="Bash", tool_input={"command": "make"}) == ""
    deeds = [deed for (deed,) in house.answers("SELECT deed FROM deeds ORDER BY id")]
    assert deeds[:2] == ["hold", "hold lifted"]


def test_a_pause_of_what_has_a_hook_and_a_terminal_is_a_hold(house, shell):
    house.run("hooks", "install", "claude-code")
    house.start()
    said = begun(house, shell, session="s1", calls=400, every=0.2)
    house.known("claude-code/s1")
    until(lambda: house.answers("SELECT 1 FROM confirmed"), what="a hook")
    ran = house.run("pause", "s1")
    assert "held by its hook instead" in ran.stdout and "is held" in ran.stdout
    until(lambda: "stopped" in said.read_text(), what="the next tool")
    assert state_of(house) == "S"
    assert house.run("resume", "s1").returncode == 0
    ran = house.run("pause", "s1", "--now")
    assert "its terminal falls to bash" in ran.stdout and state_of(house) == "T"


def test_a_budget_that_pauses_leaves_a_terminal_alone_while_the_hook_holds(house, shell):
    house.configure(PAUSE)
    house.run("hooks", "install", "claude-code")
    house.start()
    said = begun(house, shell, session="s1", calls=40, every=0.3, paced="yes")
    until(lambda: house.answers("SELECT 1 FROM breakers WHERE confirmed"), what="a second look")
    until(lambda: "denied" in said.read_text() or "stopped" in said.read_text(), what="the hook")
    until(lambda: "idle" in said.read_text(), what="the end of the turn")
    assert state_of(house) == "S" and not house.answers("SELECT * FROM breaker_deeds")


def test_but_not_one_that_goes_on_spending_though_it_is_denied(house, shell):
    house.configure(PAUSE)
    house.run("hooks", "install", "claude-code")
    house.start()
    begun(house, shell, session="s1", calls=400, every=0.2, argue="yes", deaf="yes")
    until(lambda: house.answers("SELECT deed FROM breaker_deeds") == [("pause",)], what="the pause")
    until(lambda: state_of(house) == "T")
    ((detail,),) = house.answers("SELECT detail FROM deeds WHERE deed = 'pause'")
    assert "its terminal falls to bash" in detail


def test_three_commits_pass_a_hold_and_no_fourth(house):
    house.run("hooks", "install", "claude-code")
    house.start()
    house.agent(session="s1", calls=400, every=0.2)
    house.known("claude-code/s1")

    def commits() -> str:
        given = {"command": "git commit -am 'what there is'"}
        return gate(house, "PreToolUse", tool_name="Bash", tool_input=given)

    for hold in (1, 2):  # each hold has its own three
        assert house.run("pause", "s1", "--hold").returncode == 0
        for number in (1, 2, 3):
            assert commits() == ""
            counted = [("commit", number)]
            until(lambda now=counted: house.answers("SELECT kind, times FROM spared") == now)
        assert "is held" in commits() or "holds" in commits(), hold
        assert house.run("resume", "s1", "-y").returncode == 0
