"""What an event can concern: a glance that spares a session most of its judging.

A rule that names a concern is asked only where the event has it; it would say nothing elsewhere,
and remember nothing of it. The others are asked at every event.
"""

from collections.abc import Callable
from typing import Final

from costtop.detect.rules.rule import Moment
from costtop.detect.sessions.peers import PeerView
from costtop.detect.sessions.running_session import TURN

DEAR: Final = 1  # the session costs more than what all rules of its cost let pass
SWARM: Final = 2  # it has begun several subagents
MOVED: Final = 4  # a call of another model than the first
BARE: Final = 8  # a turn that asked for no tool
EVERY: Final = DEAR | SWARM | MOVED | BARE
FEW = 4  # subagents that are no swarm yet


def concern(at: Moment, quiet: Callable[[PeerView], int]) -> int:
    """The sum of what the event has; `quiet` is the cost, nano-dollars, that all rules let pass."""
    session, call = at.session, at.spend.call
    found = 0
    if session.cost > at.peers.once(quiet):
        found = DEAR
    if len(session.agents) >= FEW:
        found |= SWARM
    if call.model != session.first_model:
        found |= MOVED
    if at.moved == TURN and not call.tools:
        found |= BARE
    return found
