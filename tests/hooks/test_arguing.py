"""An agent that argues and whose turn cannot be ended waits until a daemon has heard."""

import json
import select
import subprocess
import sys

import pytest

from costtop import paths
from costtop.store.alerts import breakers
from costtop.store.db import open_writer
from tests.hooks.conftest import heard, now
from tests.patience import PATIENCE

ASK = {"session_id": "s1", "hook_event_name": "PreToolUse", "tool_name": "exec_command",
       "tool_input": {"command": "make test"}}  # fmt: skip
PROMPT = {"session_id": "s1", "hook_event_name": "UserPromptSubmit", "prompt": "go on"}
GATE = "from costtop.hooks import gate; gate._WAIT = {}; gate.main(['--agent', '{}'])"
FOR_EVER = 600  # s: whoever waits so long has not answered


def asking(agent: str, asked: object, wait: float) -> subprocess.Popen[bytes]:
    """A gate that has been asked; `wait` is what an answer to an argument waits for."""
    made = subprocess.Popen(
        [sys.executable, "-c", GATE.format(wait, agent)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert made.stdin is not None
    made.stdin.write(json.dumps(asked).encode())
    made.stdin.close()
    made.stdin = None
    return made


def argue(session: str = "codex/s1") -> None:
    """One denial stands already."""
    with open_writer(paths.find().database) as db:
        breakers.denied(db, session, now())
    db.close()


def test_the_daemon_hears_of_an_argument_before_the_agent_has_its_answer(hold, ear):
    hold("gate")
    argue()
    gate = asking("codex", ASK, FOR_EVER)
    told = heard(ear)
    assert (told["said"], told["event"]) == ("stop", "PreToolUse")
    assert select.select([gate.stdout], [], [], 0.2)[0] == []
    gate.kill()
    gate.communicate()


def test_then_it_is_denied(hold, ear):
    hold("gate")
    argue()
    gate = asking("codex", ASK, 0.01)
    heard(ear)
    said, errors = gate.communicate(timeout=PATIENCE)
    assert json.loads(said)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert gate.returncode == 0 and not errors


@pytest.mark.parametrize(
    ("agent", "asked", "argues"),
    [
        ("codex", ASK, False),  # a first denial
        ("codex", PROMPT, True),  # its user waits, and nothing is spent
        ("claude-code", ASK, True),  # its turn ends
    ],
)
def test_all_others_are_answered_at_once(hold, ear, agent, asked, argues):
    hold("gate")
    if argues:
        argue(f"{agent}/s1")
    said, _ = asking(agent, asked, FOR_EVER).communicate(timeout=PATIENCE)
    assert b"budget daily is spent" in said


def test_where_no_daemon_hears_nobody_waits(hold):
    hold("gate")
    argue()
    said, _ = asking("codex", ASK, FOR_EVER).communicate(timeout=PATIENCE)
    assert b"budget daily is spent" in said


def test_an_interrupt_is_an_answer_and_no_traceback(hold, ear):
    hold("gate")
    argue()
    gate = asking("codex", ASK, FOR_EVER)
    heard(ear)
    select.select([gate.stdout], [], [], 0.2)  # let it get to its wait
    gate.send_signal(2)
    said, errors = gate.communicate(timeout=PATIENCE)
    assert b"budget daily is spent" in said and not errors
