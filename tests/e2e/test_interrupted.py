"""What it costs to end Claude Code at a tool: nothing, unless it is asked politely."""

from pathlib import Path

import pytest

from tests.patience import until


@pytest.mark.parametrize(("rungs", "calls"), [((), 2), (("--up-to", "INT"), 3)])
def test_a_kill_at_a_tool_costs_one_more_request_only_where_it_is_asked_politely(
    house, rungs, calls
):
    house.start()
    name = f"asked-for-{calls}"  # its own: a kill ends what else has the session in its environment
    agent = house.agent(session=name, calls=400, every=0.2, then="sleep 60")
    agent.says("call 2")
    house.known(f"claude-code/{name}")
    pid = agent.process.pid
    until(Path(f"/proc/{pid}/task/{pid}/children").read_text, what="its tool")
    assert house.run("kill", name, "--yes", *rungs).returncode == 0
    agent.gone()
    assert agent.calls == calls
