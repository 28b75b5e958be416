"""After an uninstall the home is what it was before costtop came, to the byte."""

import json
from pathlib import Path

import pytest

from tests.e2e.instance import Instance, claude_line, claude_log
from tests.patience import until


def tree(home: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(home)): path.read_bytes() if path.is_file() else None
            for path in sorted(home.rglob("*"))}  # fmt: skip


@pytest.fixture
def own_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No COSTTOP_HOME: folders as platformdirs has them, a runtime folder of the login."""
    monkeypatch.delenv("COSTTOP_HOME")
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    for name in (".config", ".local/state", ".local/share", ".cache"):
        (home / name).mkdir(parents=True)
    return home


@pytest.mark.timeout(240)
def test_the_home_is_as_it_was(own_home: Path):
    instance = Instance(own_home)
    instance.append(claude_log("5e551011"), claude_line("5e551011", 1))
    settings = own_home / ".claude" / "settings.json"
    settings.write_text('{\n  "model": "opus",   "hooks": {}\n}\n')
    (own_home / ".codex").mkdir()
    before = tree(own_home)
    instance.cli("budget", "set", "daily", "$5")
    for agent in ("claude-code", "codex"):
        instance.cli("hooks", "install", agent)
    assert settings.read_bytes() != before[".claude/settings.json"]
    instance.cli("start")
    until(lambda: instance.ask("SELECT count(*) FROM calls") == 1)
    line = {"session": "own", "model": "claude-sonnet-4-5", "input_tokens": 1, "output_tokens": 1}
    instance.cli("record", "--json", json.dumps(line))
    instance.cli("mark", "own", "--as", "fine")
    instance.cli("backup")
    said = instance.cli("uninstall", "--dry-run")
    assert "hooks out of claude-code" in said and "costtop.db" in said
    assert "say so with --yes" in instance.cli("uninstall", code=2)
    assert instance.ask("SELECT count(*) FROM calls") == 2
    kept = instance.cli("uninstall", "--yes")
    assert "daemon stopped" in kept and "left as it was" in kept
    left = tree(own_home).keys() - before.keys()
    assert left == {".config/costtop", ".config/costtop/budgets.toml"}
    instance.cli("scan")
    assert "deleted" in instance.cli("uninstall", "--config", "--yes")
    assert tree(own_home) == before


def test_what_is_somebody_elses_stays(instance: Instance):
    instance.cli("scan")
    mine = instance.paths.database.parent / "mine.txt"
    mine.write_text("not costtop's")
    assert f"left as it was: {mine}" in instance.cli("uninstall", "--config", "--yes")
    assert [path.name for path in mine.parent.iterdir()] == ["mine.txt"]
