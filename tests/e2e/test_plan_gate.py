"""A budget that watches a plan's window: told, held, spared, let go by the daemon and the hook."""

import json
import re
import shlex
import time
from datetime import UTC, datetime

from tests.patience import until

FIVE = """
[[budget]]
name = "five"
period = "plan:5h"
tiers = [50, 80]
action = "gate"
act_at = 90
except = { feature = "release" }
"""
ENDS = int(time.time()) + 7200


def draw(house, session: str, used: float, ends: int = ENDS) -> None:
    """Claude Code draws its status line."""
    line = {
        "session_id": session,
        "transcript_path": str(log(house, session)),
        "rate_limits": {"five_hour": {"used_percentage": used, "resets_at": ends}},
    }
    house.run("statusline", text=json.dumps(line))


def log(house, session: str):
    return house.home / ".claude/projects/-shop" / f"{session}.jsonl"


def work(house, session: str, branch: str) -> None:
    """One call of a session on a branch."""
    message = {
        "id": f"m-{session}",
        "model": "claude-opus-4-6",
        "role": "assistant",
        "type": "message",
        "content": [],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 0, "output_tokens": 1000},
    }
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record = {
        "type": "assistant",
        "sessionId": session,
        "uuid": session,
        "requestId": session,
        "cwd": "/shop",
        "gitBranch": branch,
        "timestamp": at,
        "version": "2.1.200",
        "message": message,
    }
    log(house, session).parent.mkdir(parents=True, exist_ok=True)
    log(house, session).write_text(json.dumps(record) + "\n")


def denied(house, session: str) -> str:
    """What the hook answers a tool with; "" lets it pass."""
    asked = {
        "session_id": session,
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": "make test"},
    }
    return house.run("gate", "--agent", "claude-code", text=json.dumps(asked)).stdout


def test_a_window_that_is_nearly_full_holds_its_agents_but_for_the_release(house):
    house.configure(FIVE)
    work(house, "s1", "checkout")
    work(house, "rel", "release")
    house.start()
    draw(house, "s1", 60)
    until(lambda: "budget five: 50 % of the 5h window of claude-code" in house.told, what="50 %")
    draw(house, "s1", 85)
    house.kill_daemon()  # the reading is stored, or it is not
    house.start()
    draw(house, "s1", 86)
    until(lambda: "budget five: 80 %" in house.told, what="80 %")
    assert not denied(house, "s1")
    draw(house, "s1", 93, ENDS + 600)  # the anchor moves
    until(lambda: denied(house, "s1"), what="the gate")
    said = denied(house, "s1")
    assert "the 5h window of claude-code is 93 % full" in said and "costtop override five" in said
    assert not denied(house, "rel")
    refuses = "90 % of the 5h window of claude-code: its agents' hooks refuse from now on"
    until(lambda: refuses in house.told, what="a message that they do")
    held = json.loads(house.run("check", "--json").stdout)
    assert (held["code"], held["budgets"][0]["used_percent"]) == (11, 93)
    draw(house, "s1", 2, ENDS + 18_000)
    until(lambda: not denied(house, "s1"), what="the gate opens with the reset")
    posted = house.answers("SELECT title FROM outbox WHERE title GLOB '*budget five: [58]0 %*'")
    assert len(posted) == 2, posted  # each tier once, whatever was killed
    assert house.told.count("] budget five: 50 %") == 1
    # a kill between writing a line and noting that leaves one copy of it, no more
    assert 1 <= house.told.count("] budget five: 80 %") <= 2


def test_what_the_message_says_to_stop_is_stopped_as_it_says(house):
    house.configure(FIVE)
    house.run("hooks", "install", "claude-code")
    house.start()
    agent = house.agent(session="s1", calls=400, every=0.2)
    house.known("claude-code/s1")
    draw(house, "s1", 20)
    until(lambda: house.answers("SELECT 1 FROM plan_readings"), what="the first reading")
    before = agent.calls
    until(lambda: agent.calls >= before + 3, what="three more calls")
    draw(house, "s1", 62)
    until(lambda: "5h window 62 % at" in house.told, what="the message")
    [hint] = re.findall(
        r"most by claude-code/s1 \(\d+ points.*\): stop it with (costtop .*?) / ", house.told
    )
    ended = house.run(*shlex.split(hint)[1:])
    assert ended.returncode == 0, ended.stderr
    agent.gone()


def test_a_pause_at_ninety_per_cent_holds_the_running_agent_of_that_window(house):
    house.configure(FIVE.replace('"gate"', '"pause"'))
    house.start()
    agent = house.agent(session="s1", calls=400, every=0.2)
    other = house.agent("codex", session="beside", calls=400, every=0.2)
    house.known("claude-code/s1")
    draw(house, "s1", 91)
    until(lambda: agent.state == "T", what="the pause")
    before = other.calls
    until(lambda: other.calls > before, what="a call of an agent that has another window")
    assert house.run("override", "five").returncode == 0
    before = agent.calls
    until(lambda: agent.calls > before, what="the next call")


def test_where_no_hook_holds_the_agent_of_a_full_window_it_is_paused_and_told(house):
    house.configure(FIVE)
    house.start()
    agent = house.agent(session="s1", calls=400, every=0.2)
    house.known("claude-code/s1")
    draw(house, "s1", 92)
    until(lambda: agent.state == "T", what="the pause")
    until(lambda: "its gate does not hold" in house.told, what="the message")
    assert "the 5h window of claude-code is 92 % full" in house.told


def test_a_stop_at_ninety_per_cent_ends_the_agent_at_its_next_tool(house):
    house.configure(FIVE.replace('"gate"', '"stop"'))
    house.run("hooks", "install", "claude-code")
    house.start()
    agent = house.agent(session="s1", calls=400, every=0.2, trust="yes")
    house.known("claude-code/s1")
    draw(house, "s1", 92)
    agent.says("stopped")
    until(lambda: "the 5h window of claude-code is 92 % full" in house.told, what="the message")


def test_a_kill_at_ninety_per_cent_is_announced_and_spares_who_draws_on_another_window(house):
    house.configure(FIVE.replace('"gate"', '"kill"'))
    house.start()
    agent = house.agent(session="dead2", calls=400, every=0.2)
    other = house.agent("codex", session="beside", calls=400, every=0.2)
    house.known("claude-code/dead2")
    draw(house, "dead2", 92)
    assert agent.gone() != 0
    until(lambda: "kill up to KILL" in house.told, what="the announcement")
    assert house.told.index("paused now and killed in") < house.told.index("kill up to KILL")
    before = other.calls
    until(lambda: other.calls > before, what="a call of the agent beside it")
