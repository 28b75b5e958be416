"""A running daemon hears of pull requests from a status line and from git: what they cost."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.instance import COSTTOP, Instance, claude_line, claude_log
from tests.patience import PATIENCE, until

ONE = "5ecre701-1111-4111-8111-111111111111"
WHO = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")


def git(top: Path, *asked: str) -> None:
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = dict.fromkeys(WHO, "a")
    subprocess.run(["git", *asked], cwd=top, check=True, env={**os.environ, **alone, **who})


def keys(instance: Instance) -> dict[str, Any]:
    tree = json.loads(instance.cli("report", "--by", "pr", "--json"))
    return {row["key"]: row for row in tree["rows"]}


@pytest.mark.timeout(240)
def test_the_pull_request_of_a_status_line_is_that_of_its_session(instance: Instance) -> None:
    instance.append(claude_log(ONE), claude_line(ONE, 1))
    instance.start()
    until(lambda: instance.ask("SELECT count(*) FROM calls") == 1)
    pull = {"number": 12, "url": "https://github.com/acme/shop/pull/12", "review_state": "pending"}
    line = {"session_id": ONE, "transcript_path": str(instance.home / claude_log(ONE)), "pr": pull}
    for _ in range(2):  # each drawing tells it again
        subprocess.run([*COSTTOP, "statusline"], input=json.dumps(line), text=True, check=True,
                       stdout=subprocess.DEVNULL, timeout=PATIENCE)  # fmt: skip
    until(lambda: instance.ask("SELECT count(*) FROM pull_links") == 1)
    (row,) = keys(instance).values()
    assert row["key"] == "acme/shop#12"
    assert row["pull_request"]["url"] == pull["url"]


@pytest.mark.timeout(240)
@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_a_daemon_asks_git_about_folders_in_which_agents_work(
    instance: Instance, tmp_path: Path
) -> None:
    top = tmp_path / "shop"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    git(top, "commit", "-q", "--allow-empty", "-m", "Begin")
    git(top, "checkout", "-q", "-b", "fix-1")
    git(top, "commit", "-q", "--allow-empty", "-m", "Mend")
    git(top, "checkout", "-q", "main")
    said = "Merge pull request #7 from acme/fix-1"
    git(top, "merge", "-q", "--no-ff", "-m", said, "fix-1")
    line = {**json.loads(claude_line(ONE, 1)), "cwd": str(top), "gitBranch": "fix-1"}
    instance.append(claude_log(ONE), json.dumps(line) + "\n")
    instance.start()
    until(lambda: instance.ask("SELECT count(*) FROM merged_pulls") == 1)
    (row,) = keys(instance).values()
    assert (row["key"], row["pull_request"]["branch"]) == ("shop#7", "fix-1")
    assert row["pull_request"]["merged_at"]
