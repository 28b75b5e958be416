"""The command that agents' settings have is the gate. What it costs: `scripts/bench start`."""

import json
import subprocess
from pathlib import Path

import pytest

from costtop.hooks.dialects import AGENTS
from costtop.hooks.install import installer
from tests.hooks.test_gate import ASKS


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
