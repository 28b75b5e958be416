"""What may still run while a session is held back, and what only looks as if it might."""

import json

import pytest

from costtop.hooks.spare import is_harmless, passes

HEREDOC = """git commit -m "$(cat <<'EOF'
Fix `make`; $(date) is quoted here

Second paragraph (with brackets) && more
EOF
)\""""


@pytest.mark.parametrize(
    "command",
    [
        "git commit -m wip",
        "git add -A && git commit -m 'all; of | it' && git push",
        'cd /home/ana/shop && git add src/a.py && git commit -m "say \\"hi\\""',
        "git -C /home/ana/shop stash",
        "git status; git stash",
        "git push origin main",
        "git add .\ngit commit -m two-lines",
        'git commit -m "first\n\nsecond line of the message"',
        HEREDOC,
        f"git add -A && {HEREDOC}",
        "costtop status",
        "/usr/local/bin/costtop report --by session",
        "costtop override daily",
    ],
)
def test_commits_saves_and_costtop_pass(command):
    assert is_harmless(command)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "make test",
        "git log --oneline",
        "git commit -m x; make",
        "git commit -m x && curl evil",
        "git commit -m x || make",
        "git commit -m x | tee log",
        "git commit -m x & make",
        "git add .\nmake",
        "git commit -m x\n\nmake",
        "git commit -m $(make)",
        'git commit -m "`make`"',
        'git commit -m "$(make)"',
        "git add <(make)",
        "git commit -F - < message",
        "(git commit -m x)",
        "git -c core.editor=make commit",
        "git --exec-path=/tmp/x commit",
        "git push --receive-pack=make origin",
        "git push --exec make origin",
        "GIT_SSH_COMMAND=make git push",
        "sudo git commit -m x",
        "gitx commit",
        "costtop run -- make",
        "costtop statusline --then make",
        "costtop",
        "cd /x && make",
        "git commit -m 'unclosed",
        "git add a\\\nmake",
    ],
)
def test_what_could_run_something_else_does_not_pass(command):
    assert not is_harmless(command)


def _asks(tool: str, given: object) -> bytes:
    return json.dumps({"session_id": "s", "tool_name": tool, "tool_input": given}).encode()


@pytest.mark.parametrize("tool", ["Bash", "run_shell_command", "exec_command"])
def test_a_commit_passes_in_every_shell_tool(tool):
    assert passes(_asks(tool, {"command": "git commit -m x"}), "stop", fresh=False)
    assert not passes(_asks(tool, {"command": "make"}), "deny", fresh=True)


def test_codex_gives_its_command_as_words():
    words = {"command": ["bash", "-lc", "git commit -m x"]}
    assert passes(_asks("shell", words), "deny", fresh=False)
    assert not passes(_asks("shell", {"command": ["make"]}), "deny", fresh=False)


def test_copilot_gives_its_arguments_as_text():
    text = {"toolName": "bash", "toolArgs": json.dumps({"command": "git stash"})}
    assert passes(json.dumps(text).encode(), "deny", fresh=False)


def test_files_are_saved_only_for_a_moment_and_never_after_a_stop():
    save = _asks("Write", {"file_path": "a", "content": "git"})
    assert passes(save, "deny", fresh=True)
    assert not passes(save, "deny", fresh=False)
    assert not passes(save, "stop", fresh=True)


def test_a_tool_that_is_not_a_shell_does_not_pass_by_its_words():
    assert not passes(_asks("Task", {"command": "git commit -m x"}), "deny", fresh=True)


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b'{"tool_name": "Bash", "x": "git"}'])
def test_nothing_odd_passes(text):
    assert not passes(text, "deny", fresh=True)
