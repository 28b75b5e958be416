"""A gate is proven by having been called; what a settings file says proves nothing."""

import json
import re

import pytest

from costtop import paths
from costtop.cli.reports import doctor
from costtop.cli.reports.diagnosis import told_lines
from costtop.durations import DAY, HOUR, MINUTE
from costtop.hooks.dialects import AGENTS, dialect_of
from costtop.hooks.install.installer import Installed
from costtop.hooks.install.proof import prove
from costtop.model import Budget
from costtop.processes.evidence import agents as known
from costtop.queries.gates import HOOKS, Gates, unheld
from costtop.store.db import open_writer
from costtop.store.sessions import gate_calls
from costtop.store.sessions.gate_calls import GateCall
from tests.hooks.conftest import call, now

NOW = 1_800_000_000_000
IN = Installed("claude-code", paths.find().config, ("costtop gate",), "", NOW - HOUR)
CODEX = IN._replace(agent="codex")


def at(ms: int) -> GateCall:
    return GateCall(ms, 4711, "claude-code/s1")


@pytest.mark.parametrize(
    ("one", "seen", "used", "state", "words"),
    [
        (IN._replace(commands=()), at(NOW), NOW, "absent", "not installed"),
        (IN._replace(trouble="switched off"), at(NOW), NOW, "broken", "switched off"),
        (IN, at(NOW - 3 * MINUTE), NOW, "called", "called 3m ago by pid 4711"),
        (IN, GateCall(NOW - 3 * MINUTE, 0, "x"), NOW, "called", "called 3m ago"),
        (IN, None, None, "waiting", "never called yet: its next tool proves it"),
        (IN, None, NOW - 2 * HOUR, "waiting", "never called yet: its next tool proves it"),
        (IN, at(NOW - 2 * HOUR), NOW, "silent", "start its sessions anew"),  # an earlier gate's
        (IN._replace(old="too old"), None, NOW, "old", "too old"),
        (IN._replace(old="too old"), at(NOW), NOW, "called", "called"),  # another one is at work
        (CODEX, None, None, "waiting", "type /hooks and trust"),
        (CODEX, None, NOW, "untrusted", "though the agent has been at work"),
    ],
)
def test_how_a_gate_stands(one, seen, used, state, words):
    told = prove(one, seen, used, NOW)
    assert told.state == state and words in told.words
    assert told.holds == (state == "called")
    assert told.fails == (state in {"broken", "old", "silent", "untrusted"})


def test_a_budget_says_which_agents_it_cannot_hold():
    used = {"claude-code": NOW, "codex": NOW, "opencode": NOW, "my-app": NOW}
    seen = Gates({"claude-code": at(NOW - DAY)}, used)
    day = Budget("daily", "day", 10**9, (100,), (), "gate")
    assert unheld(seen, day, NOW) == [
        "gate cannot hold codex: its hook was never called; see: costtop hooks status codex",
        "gate cannot hold opencode: it has no hook for costtop; pause and kill hold it",
    ]
    assert unheld(seen, day._replace(scope=(("source", "claude-*"),)), NOW) == []
    assert unheld(seen, day._replace(action="kill"), NOW) == []
    (late,) = unheld(seen, day._replace(scope=(("source", "claude-*"),)), NOW + 14 * DAY)
    assert "was not called for 14 days" in late


def test_every_agent_with_a_gate_is_named_as_it_is_installed():
    assert {dialect_of(name).SOURCE: name for name in AGENTS} == HOOKS
    assert HOOKS.keys() <= known.AGENTS.keys()


def test_status_doctor_and_budget_say_what_the_gate_has_done(stored):
    call("hooks", "install", "claude-code")
    said = call("hooks", "status", "claude-code")
    assert "  ! never called yet" in said.stdout and said.returncode == 0
    told = call("budget", "set", "daily", "5", "--action", "gate").stdout
    assert "gate cannot hold claude-code: its hook was never called" in told
    assert any("daily: gate cannot hold" in one for one in _doctor()["problems"])
    with open_writer(paths.find().database) as db:
        gate_calls.put(db, "claude-code", GateCall(now() + 1000, 4711, "claude-code/s1"))
    db.close()
    said = call("hooks", "status", "claude-code").stdout
    assert re.search(r"called \d+s ago by pid 4711", said), said
    (tree,) = json.loads(call("hooks", "status", "claude-code", "--json").stdout)["agents"]
    assert (tree["gate"], tree["pid"]) == ("called", 4711)
    assert "cannot hold" not in call("budget", "set", "daily", "6").stdout
    problems, (gate,) = _doctor()["problems"], _doctor()["gates"]
    assert gate["gate"] == "called" and not any("cannot hold" in one for one in problems)
    assert "  ✓ gate of claude-code" in "\n".join(told_lines.plain(_doctor()))


def _doctor():
    return doctor.diagnosis(paths.find())
