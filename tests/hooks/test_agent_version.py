"""What makes a gate useless before it is ever called: an old agent, or hooks switched off."""

import json
import os
from pathlib import Path

import pytest

from costtop.hooks.dialects import AGENTS, dialect_of
from costtop.hooks.install import installer
from costtop.hooks.install.entries import parse_root
from costtop.hooks.install.installer import too_old


def packaged(folder: Path, package: str, program: str, version: object) -> Path:
    """A package as npm installs it; the folder of its command."""
    inside = folder / "lib/node_modules" / package
    (inside / "dist").mkdir(parents=True)
    (inside / "package.json").write_text(json.dumps({"version": version}))
    (inside / "dist/cli.js").write_text("")
    (inside / "dist/cli.js").chmod(0o755)
    (folder / "bin").mkdir()
    (folder / "bin" / program).symlink_to(inside / "dist/cli.js")
    return folder / "bin"


@pytest.mark.parametrize(
    ("agent", "version", "said"),
    [
        ("gemini", "0.20.1", "gemini 0.20.1 is too old for hooks, which came with 0.26.0"),
        ("gemini", "0.26.0", ""),
        ("gemini", "0.100.0-nightly.2", ""),
        ("codex", "0.98.0", "codex 0.98.0 is too old"),
        ("codex", "1.0.0", ""),
        ("claude-code", "1.0.9", "claude 1.0.9 is too old"),
        ("gemini", "next", ""),
        ("gemini", 7, ""),
        ("copilot", "0.0.1", ""),
    ],
)
def test_an_old_agent_is_told_by_the_package_of_its_command(tmp_path, agent, version, said):
    speaks = dialect_of(agent)
    place = packaged(tmp_path, f"@maker/{agent}", speaks.PROGRAM[0], version)
    told = too_old(speaks, {"PATH": str(place)})
    assert told.startswith(said) and bool(told) == bool(said)


def test_a_native_program_is_told_by_a_folder_or_file_called_by_its_version(tmp_path):
    native = tmp_path / "share/claude/versions/1.0.12"
    native.parent.mkdir(parents=True)
    native.write_text("")
    native.chmod(0o755)
    (tmp_path / "claude").symlink_to(native)
    assert too_old(dialect_of("claude-code"), {"PATH": str(tmp_path)})
    os.rename(native, native.with_name("2.1.197"))
    (tmp_path / "claude").unlink()
    (tmp_path / "claude").symlink_to(native.with_name("2.1.197"))
    assert not too_old(dialect_of("claude-code"), {"PATH": str(tmp_path)})


def test_of_a_program_that_is_not_there_nothing_is_said(tmp_path):
    assert [too_old(dialect_of(agent), {"PATH": str(tmp_path)}) for agent in AGENTS] == [""] * 5


@pytest.mark.parametrize(
    ("agent", "off", "key"),
    [
        ("claude-code", {"disableAllHooks": True}, "disableAllHooks"),
        ("qwen", {"disableAllHooks": True}, "disableAllHooks"),
        ("gemini", {"hooksConfig": {"enabled": False}}, "hooksConfig.enabled"),
        ("gemini", {"hooksConfig": {"disabled": ["costtop"]}}, "hooksConfig.disabled"),
        ("gemini", {"tools": {"enableHooks": False}}, "tools.enableHooks"),
        ("gemini", {"hooksConfig": {"enabled": True, "disabled": ["other"]}}, ""),
        ("gemini", {"hooksConfig": "odd", "tools": []}, ""),
    ],
)
def test_a_switch_of_the_agent_that_keeps_the_gate_from_running_is_named(
    home, tmp_path, agent, off, key
):
    path = installer.place(agent)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(off))
    installed = installer.install(agent, tmp_path / "kept")
    told = installer.status(agent, tmp_path / "kept")
    assert (key in told.trouble) if key else told.trouble == ""
    assert any(f"({key})" in line for line in installed) == bool(key)
    assert parse_root(path.read_text()).plain["hooks"]
