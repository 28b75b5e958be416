"""Which agents are in use, and which of their gates were called: what can be held at all."""

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from costtop.durations import DAY
from costtop.named_tuples import NamedTuple
from costtop.processes.evidence.agents import AGENTS
from costtop.scope import fits
from costtop.store.sessions import gate_calls
from costtop.store.sessions.gate_calls import GateCall

if TYPE_CHECKING:
    from costtop.model import Budget

_LATELY = 14 * DAY
_BY_HOOK = {"gate", "stop"}  # actions that only an agent's own hook carries out
HOOKS = {
    "claude-code": "claude-code",
    "codex": "codex",
    "copilot": "copilot",
    "gemini-cli": "gemini",
    "qwen-code": "qwen",
}
"""By source, what `costtop hooks install` calls the agent."""


class Gates(NamedTuple):
    """By source: the latest call of its gate, and the latest spend (ms UTC) of the last 14 days."""

    calls: dict[str, GateCall]
    used: dict[str, int]


def gates(db: sqlite3.Connection, now: int) -> Gates:
    """As stored, inside the caller's transaction."""
    return Gates(gate_calls.latest(db), gate_calls.in_use(db, now - _LATELY))


def unheld(seen: Gates, budget: "Budget", now: int) -> list[str]:
    """Why a budget that acts by hooks cannot hold agents that are in use, a line each."""
    if budget.action not in _BY_HOOK:
        return []
    wanted = dict(budget.scope).get("source", "*")
    return [
        f"{budget.action} cannot hold {source}: {why}"
        for source in sorted(AGENTS.keys() & seen.used.keys())
        if fits(source, wanted) and (why := _ungated(source, seen.calls.get(source), now))
    ]


def all_unheld(seen: Gates, budgets: "Iterable[Budget]", now: int) -> list[str]:
    """The same of all budgets, each line with its budget's name."""
    return [f"budget {one.name}: {line}" for one in budgets for line in unheld(seen, one, now)]


def gate_of(db: sqlite3.Connection, session: str) -> int | None:
    """When the gate of "source/session" was last called, ms UTC; 0: never; None: no agent's."""
    if session.partition("/")[0] not in AGENTS:
        return None
    return gate_calls.last(db, session) or 0


def _ungated(source: str, call: GateCall | None, now: int) -> str:
    if source not in HOOKS:
        return "it has no hook for costtop; pause and kill hold it"
    if call is not None and now - call.at < _LATELY:
        return ""
    seen = "was never called" if call is None else "was not called for 14 days"
    return f"its hook {seen}; see: costtop hooks status {HOOKS[source]}"
