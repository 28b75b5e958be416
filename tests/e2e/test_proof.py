"""The whole way of a gate's proof: the hook asks, the daemon writes it, every surface says it."""

import json

from tests.patience import until


def test_a_call_of_the_gate_is_proof_and_a_status_line_is_none(house):
    house.start()
    agent = house.agent(session="s1", calls=400, every=0.5)
    house.known("claude-code/s1")
    line = {"session_id": "s1", "cost": {"total_cost_usd": 0.01}}
    house.run("statusline", text=json.dumps(line))
    assert "status" not in house.run("hooks", "status", "claude-code").stderr
    assert not house.answers("SELECT 1 FROM gate_calls")
    asked = {"session_id": "s1", "hook_event_name": "PreToolUse", "tool_name": "Bash"}
    house.run("gate", "--agent", "claude-code", text=json.dumps(asked))
    until(lambda: house.answers("SELECT 1 FROM gate_calls"), what="the proof")
    ((source, session, pid),) = house.answers("SELECT source, session, pid FROM gate_calls")
    assert (source, session) == ("claude-code", "claude-code/s1")
    assert pid in {agent.process.pid, 0}
