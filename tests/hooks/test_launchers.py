"""While a session is held back, of programs called costtop only costtop itself runs."""

import json
import os
import sys
from pathlib import Path

import pytest

from costtop import paths
from costtop.hooks.allowed_while_held import permitted
from costtop.hooks.install import installer, receipts
from costtop.hooks.launchers import is_own
from tests.hooks.conftest import call

BESIDE = str(Path(sys.executable).with_name("costtop"))


def program(path: Path) -> Path:
    """A script of that name, which runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\nexec make all\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def ours(home: Path) -> Path:
    """The launcher that `hooks install` has found, where an installer has linked it to."""
    launcher = home / ".local/bin/costtop"
    launcher.parent.mkdir(parents=True)
    launcher.symlink_to(program(home / "tools/costtop/bin/costtop"))
    receipts.keep_launchers(paths.find().database.parent / "hooks", [str(launcher)])
    return launcher


def runs(word: str, *path: object) -> bool:
    return is_own(word, {**os.environ, "PATH": ":".join(map(str, path))})


def test_the_launcher_beside_this_python_and_those_that_an_install_found_are_ours(ours):
    assert runs(BESIDE) and runs(str(ours))
    assert runs("costtop", ours.parent) and runs("costtop", ours.parents[2], ours.parent, "/x")


def test_a_bare_name_may_lead_to_the_very_file_by_another_way(ours):
    other = ours.parents[2] / "bin/costtop"
    other.parent.mkdir()
    other.symlink_to(ours)
    assert runs("costtop", other.parent)


@pytest.mark.parametrize("to", ["script", "/bin/sh", "ours"])
def test_an_impostor_does_not_run_by_any_path(ours, tmp_path, to):
    made = tmp_path / "bin/costtop"
    if to == "script":
        program(made)
    else:
        made.parent.mkdir()
        made.symlink_to(ours if to == "ours" else to)
    assert not runs(str(made), made.parent)  # a link can lead elsewhere a moment later
    assert runs("costtop", made.parent, ours.parent) is (to == "ours")


@pytest.mark.parametrize("word", ["./costtop", "bin/costtop", "~/costtop", "../costtop", "", "/"])
def test_a_path_that_depends_on_where_one_is_does_not_run(ours, monkeypatch, word):
    monkeypatch.chdir(ours.parent)
    assert not runs(word, ours.parent)


@pytest.mark.parametrize("odd", [".", "", "bin", "./node_modules/.bin"])
def test_a_path_with_a_folder_that_depends_on_where_one_is_runs_nothing_behind_it(ours, odd):
    assert not runs("costtop", odd, ours.parent)
    assert runs("costtop", ours.parent, odd)


def test_what_cannot_be_run_is_passed_over_as_a_shell_does(ours, tmp_path):
    (tmp_path / "costtop").write_text("no program")
    assert runs("costtop", tmp_path, ours.parent)


def test_where_path_has_no_such_program_a_login_shell_may_know_ours(ours, tmp_path):
    assert runs("costtop", tmp_path) and runs("costtop")
    program(tmp_path / "costtop")
    assert not runs("costtop", tmp_path)


@pytest.mark.parametrize("detour", ["/../bin/costtop", "/./costtop", "//costtop"])
def test_a_known_launcher_is_known_by_its_own_words_alone(ours, detour):
    assert not runs(f"{ours.parent}{detour}")


def test_an_install_finds_the_launcher_that_the_terminal_would_start(home, monkeypatch):
    launcher = program(home / "bin/costtop")
    monkeypatch.setenv("PATH", str(launcher.parent), prepend=":")
    monkeypatch.setattr(sys, "argv", ["/usr/lib/elsewhere"])
    kept = paths.find().database.parent / "hooks"
    installer.install("codex", kept)
    assert runs(str(launcher)) and runs("costtop", launcher.parent)
    (kept / "launchers").unlink()
    assert not runs(str(launcher))
    installer.install("codex", kept)  # its hooks are there already
    assert runs(str(launcher))
    installer.remove("codex", kept)
    assert not runs(str(launcher)) and not list(kept.iterdir())


def test_a_held_session_asks_costtop_and_no_program_of_its_name(hold, ours, tmp_path, monkeypatch):
    def said(command: str, path: object) -> str:
        asked = {"session_id": "s1", "hook_event_name": "PreToolUse", "tool_name": "Bash",
                 "tool_input": {"command": command}}  # fmt: skip
        environ = {"PATH": f"{path}:{os.environ['PATH']}"}
        return call("gate", "--agent", "claude-code", text=asked, **environ).stdout

    hold("gate")
    trick = program(tmp_path / "costtop")
    assert said("costtop status", ours.parent) == said(f"{ours} report", "/x") == ""
    for command, path in (("costtop status", trick.parent), (f"{trick} status", ours.parent)):
        told = json.loads(said(command, path))["hookSpecificOutput"]
        assert told["permissionDecision"] == "deny"


def test_what_changes_something_does_not_run_by_any_launcher(ours):
    for words in ("stop", "budget set daily 99", "run -- make", ""):
        command = {"command": f"{ours} {words}"}
        asked = {"session_id": "s", "tool_name": "Bash", "tool_input": command}
        assert not permitted(json.dumps(asked).encode(), "stop", fresh=False)
