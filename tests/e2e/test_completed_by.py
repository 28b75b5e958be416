"""What completes a task, through the real commands and a real repository."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.instance import Instance, claude_log

SESSION = "d0e5d0e5-1111-4111-8111-111111111111"
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not there")


def stamp(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))


def prompt(instance: Instance, name: str, at: float, folder: Path) -> None:
    """One prompt of a user, and its answer ten seconds later."""
    asked = {"type": "user", "uuid": name, "promptId": name, "sessionId": SESSION,
             "timestamp": stamp(at), "cwd": str(folder), "gitBranch": "fix",
             "message": {"role": "user", "content": "x"}}  # fmt: skip
    answer = {"type": "assistant", "uuid": f"a{name}", "parentUuid": name, "sessionId": SESSION,
              "timestamp": stamp(at + 10), "requestId": f"r{name}", "cwd": str(folder),
              "gitBranch": "fix",
              "message": {"id": f"m{name}", "role": "assistant", "model": "claude-sonnet-4-5",
                          "stop_reason": "end_turn", "content": [{"type": "text", "text": "x"}],
                          "usage": {"input_tokens": 900, "output_tokens": 900}}}  # fmt: skip
    instance.append(claude_log(SESSION), f"{json.dumps(asked)}\n{json.dumps(answer)}\n")


def git(folder: Path, at: float, *words: str) -> None:
    when = f"{round(at)} +0000"
    who = {f"GIT_{one}_{what}": "ana@example.org" for one in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")}  # fmt: skip
    env = os.environ | who | {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    subprocess.run(["git", *words], cwd=folder, env=env, check=True, capture_output=True)


def tasks(instance: Instance) -> dict[str, Any]:
    tree = instance.report("task")
    return {row["key"]: row["completed_by"] for row in tree["rows"]} | {
        "by": tree["tasks_completed_by"], "completed": tree["total"]["tasks_completed"],
    }  # fmt: skip


def test_the_definition_in_force_counts_and_is_named(instance: Instance) -> None:
    folder, now = instance.home / "shop", time.time() - 3_600
    folder.mkdir()
    git(folder, now, "init", "-q", "-b", "fix")
    prompt(instance, "p1", now, folder)
    prompt(instance, "p2", now + 60, folder)
    git(folder, now + 65, "commit", "-q", "--allow-empty", "-m", "Mend it")
    instance.cli("scan")
    assert tasks(instance) == {"p1": "answer", "p2": "answer", "by": "answer", "completed": 2}
    assert "Tasks are completed by an answered prompt." in instance.cli("report")
    instance.configure('[tasks]\ncompleted_by = "commit"\n')
    instance.cli("scan")
    assert tasks(instance) == {"p1": None, "p2": "commit", "by": "commit", "completed": 1}
    assert "Tasks are completed by a commit." in instance.cli("report")
    assert "completed by a commit" in instance.cli("review")
    prompt(instance, "p3", now + 120, folder)
    git(folder, now + 200, "commit", "-q", "--allow-empty", "-m", "And this")
    instance.cli("scan")
    assert tasks(instance)["p3"] == "commit"
    instance.configure('[tasks]\ncompleted_by = "pr"\n')
    instance.cli("scan")
    assert tasks(instance) == {"p1": None, "p2": None, "p3": None, "by": "pr", "completed": 0}
    instance.configure("")
    instance.cli("scan")
    assert tasks(instance)["completed"] == 3
    instance.configure('[tasks]\ncompleted_by = "merge"\n')
    assert "completed_by" in instance.cli("scan", code=78)
