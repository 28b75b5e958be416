"""What an agent's gate has really done. That it stands in the settings proves nothing.

Codex runs a hook only once its user has trusted it, an old agent or a session that began before
runs none: until the gate was called since it was put in, it holds nothing.
"""

from collections.abc import Sequence
from typing import Literal

from costtop.durations import MINUTE, short
from costtop.errors import CosttopError
from costtop.hooks.dialects import dialect_of
from costtop.hooks.install import installer
from costtop.hooks.install.installer import Installed
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths
from costtop.queries.connection import Door
from costtop.queries.gates import Gates, gates
from costtop.store.sessions.gate_calls import GateCall

State = Literal["absent", "broken", "old", "waiting", "untrusted", "silent", "called"]
_SLACK = MINUTE  # an agent that was at work as the gate was put in


class Proof(NamedTuple):
    """How one agent's gate stands."""

    state: State
    words: str
    call: GateCall | None = None

    @property
    def holds(self) -> bool:
        """Whether it has been seen to run."""
        return self.state == "called"

    @property
    def fails(self) -> bool:
        """Whether the agent was at work and the gate was not called, or cannot be."""
        return self.state in {"broken", "old", "untrusted", "silent"}


def proofs(agents: Sequence[str], found: Paths, now: int) -> tuple[list[Installed], list[Proof]]:
    """How the settings of each agent stand, and what its gate has done by now (ms UTC)."""
    try:
        seen = Door(found).read(gates, now)
    except CosttopError:
        seen = Gates({}, {})  # nothing was ever read
    told = [installer.status(agent, found.hook_receipts) for agent in agents]
    sources = [dialect_of(agent).SOURCE for agent in agents]
    return told, [
        prove(one, seen.calls.get(source), seen.used.get(source), now)
        for one, source in zip(told, sources, strict=True)
    ]


def prove(one: Installed, call: GateCall | None, used: int | None, now: int) -> Proof:
    """How the gate stands by its latest call and by when the agent last spent; times in ms UTC."""
    if not one.commands:
        return Proof("absent", "not installed")
    if one.trouble:
        return Proof("broken", one.trouble)
    if call is not None and call.at >= one.since:
        by = f" by pid {call.pid}" if call.pid else ""
        return Proof("called", f"called {short(now - call.at)} ago{by}", call)
    if one.old:
        return Proof("old", one.old)
    trust = dialect_of(one.agent).TRUST
    if used is None or used <= one.since + _SLACK:
        return Proof("waiting", f"never called yet{_after(trust)}")
    if trust:
        return Proof("untrusted", f"never called, though the agent has been at work. {trust}")
    words = "never called, though the agent has been at work: start its sessions anew"
    return Proof("silent", words)


def _after(trust: str) -> str:
    return f". {trust}" if trust else ": its next tool proves it"
