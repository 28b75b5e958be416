"""What may still run while a session is held back, and what only looks as if it might."""

import json
import os
import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.hooks.allowed_while_held import exact, permitted

LAUNCHER = Path(sys.executable).with_name("costtop")


@pytest.fixture(autouse=True)
def _launcher(monkeypatch):
    """costtop on PATH; which programs of that name are is another test's."""
    monkeypatch.setenv("PATH", str(LAUNCHER.parent), prepend=os.pathsep)


def harmless(command: str) -> str:
    return permitted(_asks("Bash", {"command": command}), "stop", fresh=False)


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("git commit -m wip", "commit"),
        ("git commit -m 'all; of | it' --all", "commit"),
        ('git commit -m "first\n\nsecond line of the message (with brackets) & more"', "commit"),
        ("git -C /home/ana/shop stash", "commit"),
        ("git add -A", "stage"),
        ("git add 'src/a b.py' tests/", "stage"),
        ("git status", "look"),
        ("  costtop status  ", "look"),
        (f"{LAUNCHER} report --by session", "look"),
        ("costtop --once --json", "look"),
        ("costtop override daily", "look"),
        ("costtop budget list", "look"),
        ("costtop alerts", "look"),
        ("costtop alerts --json", "look"),
        ("costtop hooks status", "look"),
        ("costtop config show --origin", "look"),
    ],
)
def test_commits_and_what_only_reads_pass(command, kind):
    assert harmless(command) == kind


@pytest.mark.parametrize(
    "command",
    [
        "", "make test", "git log --oneline", "git push origin main", "git", "gitx commit",
        "git commit -m x; make", "git commit -m x && git commit -m y", "git add .\ngit commit -m x",
        "git commit -m x || make", "git commit -m x | tee log", "git commit -m x & make",
        "git commit -m $(make)", 'git commit -m "`make`"', 'git commit -m "$(make)"',
        'git commit -m "$HOME"', "git add <(make)", "git commit -F - < message", "git add *.py",
        "(git commit -m x)", "git add {a,b}", "git add ~/x", "git add a # b", "git add a\\\nmake",
        "git commit -m 'unclosed", "git -c core.editor=make commit", "git --exec-path=/x commit",
        "GIT_SSH_COMMAND=make git commit", "sudo git commit -m x", "cd /x && git add -A", "cd /x",
        "costtop", "costtop run -- make", "costtop statusline --then make", "costtop stop",
        "costtop budget set daily 99", "costtop budget", "costtop alerts silence --budget daily",
        "costtop hooks remove codex", "costtop config edit", "costtop export -o /etc/passwd",
        "costtop uninstall", "./costtop status", "bin/costtop status", "costtopx status",
    ],
)  # fmt: skip
def test_what_could_run_or_change_something_else_does_not_pass(command):
    assert harmless(command) == ""


@given(st.lists(st.text(min_size=1, alphabet=st.characters(exclude_characters="\0")), min_size=1))
def test_words_are_taken_only_as_a_shell_takes_them(words):
    found = exact(shlex.join(words))
    assert found in ([], words)


@given(st.text(alphabet="git comit-'\"\\$`;&|()<>*?[{#~\n\t aA=!"))
def test_what_is_taken_is_what_a_shell_would_run(command):
    found = exact(command)
    assert not found or found == shlex.split(command)


def _asks(tool: str, given: object) -> bytes:
    return json.dumps({"session_id": "s", "tool_name": tool, "tool_input": given}).encode()


@pytest.mark.parametrize("tool", ["Bash", "run_shell_command", "exec_command"])
def test_a_commit_passes_in_every_shell_tool(tool):
    assert permitted(_asks(tool, {"command": "git commit -m x"}), "stop", fresh=False)
    assert not permitted(_asks(tool, {"command": "make"}), "deny", fresh=True)


@pytest.mark.parametrize(
    "words", [["bash", "-lc", "git commit -m 'x y'"], ["git", "commit", "-m", "x; y"]]
)
def test_codex_gives_its_command_as_words(words):
    assert permitted(_asks("shell", {"command": words}), "deny", fresh=False) == "commit"
    for other in (["make"], ["bash", "-lc", "git commit -m x; make"], ["git", 7], []):
        assert not permitted(_asks("shell", {"command": other}), "deny", fresh=False)


def test_copilot_gives_its_arguments_as_text():
    text = {"toolName": "bash", "toolArgs": json.dumps({"command": "git stash"})}
    assert permitted(json.dumps(text).encode(), "deny", fresh=False) == "commit"


def test_files_are_saved_only_for_a_moment_and_never_after_a_stop():
    save = _asks("Write", {"file_path": "a", "content": "git"})
    assert permitted(save, "deny", fresh=True) == "save"
    assert not permitted(save, "deny", fresh=False)
    assert not permitted(save, "stop", fresh=True)


def test_a_tool_that_is_not_a_shell_does_not_pass_by_its_words():
    assert not permitted(_asks("Task", {"command": "git commit -m x"}), "deny", fresh=True)


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b'{"tool_name": "Bash", "x": "git"}'])
def test_nothing_odd_passes(text):
    assert not permitted(text, "deny", fresh=True)
