"""Logs that are there: read where a tool has a second home, else listed with what reads them."""

import json
import os
import subprocess
import sys
import tomllib

import pytest

from costtop import paths
from costtop.cli.reports.doctor import diagnosis
from costtop.daemon.ingest.log_roots import second_homes
from tests.conformance.pipeline import report, run, total

ROW = {
    "type": "assistant", "uuid": "u1", "sessionId": "s1", "requestId": "req_1",
    "timestamp": "2026-11-20T10:00:00.000Z",
    "message": {"id": "msg_1", "model": "claude-sonnet-4-5", "role": "assistant",
                "usage": {"input_tokens": 1000, "output_tokens": 1000}},
}  # fmt: skip


def transcript(projects, n=1):
    folder = projects / "-w-a"
    folder.mkdir(parents=True)
    message = {**ROW["message"], "id": f"msg_{n}"}
    row = {**ROW, "sessionId": f"s{n}", "requestId": f"req_{n}", "message": message}
    (folder / f"s{n}.jsonl").write_text(json.dumps(row) + "\n")


def agent(**environ):
    """A living process with these variables."""
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
        env={**os.environ, **environ}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    child.stdout.readline()
    return child


def listed(home):
    """What doctor lists below this test's folder: other agents of the user are seen too."""
    found = diagnosis(paths.find())["unread"]
    return [one for one in found if str(home.parent) in one["folder"] or "source" in one["title"]]


def test_every_home_of_claude_code_is_read(home):
    for n, name in enumerate((".claude", ".claude-work", ".claude.old", ".config/claude"), 1):
        transcript(home / name / "projects", n)
    (home / ".claude.json").write_text("{}")
    (home / ".claude-squad").mkdir()
    assert total()["calls"] == 4
    assert listed(home) == []


def test_a_tool_whose_variable_names_its_home_has_no_other(home, monkeypatch):
    for n, name in enumerate((".claude", ".claude-work"), 1):
        transcript(home / name / "projects", n)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / ".claude-work"))
    assert second_homes() == []
    assert total()["calls"] == 1


def test_the_home_of_a_running_agent_is_listed_with_lines_that_read_it(home, tmp_path):
    transcript(tmp_path / 'else "where"' / "projects")
    child = agent(CLAUDE_CONFIG_DIR=str(tmp_path / 'else "where"'))
    try:
        assert total()["calls"] == 0
        (found,) = listed(home)
        assert found["folder"] == str(tmp_path / 'else "where"' / "projects")
        assert f"process {child.pid}" in found["why"] and "CLAUDE_CONFIG_DIR=" in found["why"]
        config = paths.find().config
        config.write_text(found["lines"] + "\n")
        assert tomllib.loads(found["lines"])["source"][0]["format"] == "claude-code"
        assert total()["calls"] == 1
        assert listed(home) == []
    finally:
        child.communicate()


def test_an_agent_whose_home_is_read_or_gone_is_not_listed(home, tmp_path):
    transcript(home / ".claude" / "projects")
    children = [agent(CLAUDE_CONFIG_DIR=str(home / ".claude")), agent(CODEX_HOME="/nowhere/codex")]
    try:
        assert listed(home) == []
    finally:
        for child in children:
            child.communicate()


@pytest.mark.parametrize("folder", [".config/Claude", "Library/Application Support/Claude"])
def test_claude_desktops_agents_are_listed_with_lines_that_read_them(home, folder):
    sessions = home / folder / "local-agent-mode-sessions"
    transcript(sessions / "a" / "b" / ".claude" / "projects")
    assert total()["calls"] == 0
    (found,) = listed(home)
    assert found["title"] == "Claude Desktop"
    paths.find().config.write_text(found["lines"] + "\n")
    assert total()["calls"] == 1
    assert listed(home) == []


def test_a_named_source_of_which_nothing_is_understood_is_listed(home):
    (home / "l").mkdir()
    (home / "l" / "a.jsonl").write_text('{"what": "ever"}\n')
    config = paths.find().config
    config.parent.mkdir(mode=0o700)
    config.write_text(
        '[[source]]\nname = "mine"\nformat = "claude-code"\npaths = ["~/l/*.jsonl"]\n'
    )
    assert total()["calls"] == 0
    (found,) = listed(home)
    assert found["title"] == 'source "mine"' and found["lines"] == 'format = "claude-code"'
    (home / "l" / "b.jsonl").write_text(json.dumps(ROW) + "\n")
    assert total()["calls"] == 1
    assert listed(home) == []
    assert report("total")["total"]["calls"] == 1 and run("report")
