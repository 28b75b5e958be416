"""What the gate costs an agent at each tool, by the command that its settings have."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from benches.paired import Contender, compare

from costtop.hooks.dialects import AGENTS
from costtop.hooks.install import installer
from tests.hooks.test_gate import ASKS

MOST = 1.6  # of `python -I -c pass`, in the same run


def command(agent: str, home: Path) -> str:
    installer.install(agent, home / "kept")
    settings = json.loads(installer.place(agent).read_text())
    entry = next(iter(settings["hooks"].values()))[0]
    inner = entry.get("hooks", [entry])[0]
    return str(inner.get("command") or inner["bash"])


def run(shell: str, text: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", shell], input=json.dumps(text), capture_output=True, text=True, cwd="/",
        check=False,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _repository(home, monkeypatch):
    monkeypatch.chdir(home)  # Copilot's hooks belong to one


@pytest.mark.parametrize("agent", AGENTS)
def test_the_command_that_is_installed_answers_as_costtop_does(hold, home, agent):
    hold("gate")
    shell = command(agent, home)
    sooner = run(shell, ASKS[agent])
    assert "budget daily is spent" in sooner.stdout and sooner.returncode == 0
    moved = run(shell.replace("/by_path.py", "/gone.py"), ASKS[agent])  # by an update of Python
    assert moved.stdout == sooner.stdout and moved.returncode == 0


@pytest.mark.alone
def test_the_gate_costs_little_more_than_a_python_that_does_nothing(stored, home):
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    given = json.dumps(ASKS["claude-code"]).encode()
    nothing = Contender("pass", (sys.executable, "-I", "-c", "pass"), environ)
    shell = ("/bin/sh", "-c", command("claude-code", home))
    base, gate = compare([nothing, Contender("gate", shell, environ, given=given)], 15)
    assert gate.cpu < MOST * base.cpu
    assert gate.wall < MOST * base.wall
