"""`costtop run --task` tags all calls of an agent, whatever its own ids of prompts are."""

import json
import os
import sys
from pathlib import Path

import pytest

from costtop.cli.main import main
from costtop.model import Context
from costtop.store.sessions.runs import Run
from tests.conformance.pipeline import CLAUDE, append, ask, home, report, scan

PROMPTS = ["0f3b5c1e-1111-4111-8111-00000000000a", "0f3b5c1e-1111-4111-8111-00000000000b"]
SESSION = "11111111-1111-4111-8111-000000000001"

AGENT = """
import json, pathlib, sys, time
log, rows = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
log.parent.mkdir(parents=True, exist_ok=True)
for row in rows:
    row["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    with open(log, "a") as file:
        file.write(json.dumps(row) + "\\n")
"""


def rows(folder):
    made = []
    for n, prompt in enumerate(PROMPTS):
        about = {"sessionId": SESSION, "promptId": prompt, "cwd": str(folder), "version": "2.1.231"}
        words = {"role": "user", "content": "say"}
        made.append({"type": "user", "uuid": f"p{n}", "message": words, **about})
        usage = {"input_tokens": 1000, "output_tokens": 1000}
        message = {"id": f"msg_{n}", "model": "claude-sonnet-4-5", "role": "assistant",
                   "stop_reason": "end_turn", "content": [], "usage": usage}  # fmt: skip
        made.append({"type": "assistant", "uuid": f"a{n}", "requestId": f"req_{n}",
                     "message": message, **about})  # fmt: skip
    return made


def started(folder, *options):
    program = home() / "agent.py"
    program.write_text(AGENT)
    log = home() / CLAUDE / f"{SESSION}.jsonl"
    command = [sys.executable, str(program), str(log), json.dumps(rows(folder))]
    return main(["run", *options, "--", *command])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Path(os.getcwd())


def by_task():
    return {row["key"]: (row["calls"], row["tasks_completed"]) for row in report("task")["rows"]}


def test_the_runs_task_is_the_task_of_every_call_and_of_every_prompt(folder):
    assert started(folder, "--task", "t1", "--feature", "checkout") == 0
    scan()
    assert by_task() == {"t1": (2, 1)}
    assert ask("SELECT task, status FROM tasks") == [("t1", "completed")]


def test_without_a_task_the_agents_own_stay(folder):
    assert started(folder, "--feature", "checkout") == 0
    assert set(by_task()) == set(PROMPTS)


def test_calls_that_are_read_after_the_run_are_tagged_too(folder):
    assert started(folder, "--task", "t1") == 0
    late = rows(folder)[-1]
    late["message"] = {**late["message"], "id": "msg_late"}
    append(f"{CLAUDE}/{SESSION}.jsonl",
           {**late, "requestId": "late", "timestamp": "2026-11-20T10:00:00.000Z"})  # fmt: skip
    scan()
    assert by_task() == {"t1": (3, 1)}


@pytest.mark.parametrize(
    ("session", "task", "expected"),
    [("claude-code/s", "prompt", "t1"), ("codex/s", "turn", "t1"), ("costtop/s", "T-17", "T-17"),
     ("costtop/s", "", "t1"), ("otlp/s", "T-17", "T-17")],
)  # fmt: skip
def test_a_task_that_a_program_names_stays(session, task, expected):
    one = Run(id="r", pid=1, start=1, cwd="", feature="f", task="t1", user="", began=0)
    context = one.tagger(session)(Context(task=task, user="ana"))
    assert (context.task, context.feature, context.user) == (expected, "f", "ana")
