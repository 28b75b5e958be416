"""The absolute cap for a session that is the first of its kind and size.

It is silent as soon as enough of these have finished.
"""

from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.peers import PeerView
from costtop.money import dollars


def quiet(peers: PeerView) -> int:
    """The cap, nano-dollars."""
    return peers.peers.settings.session_cap


def judge(at: Moment, memory: Memory[None]) -> Claim | None:
    """C beyond the cap of the config while too few of its kind and size have finished."""
    cost, cap = at.session.cost, at.settings.session_cap
    if cost <= cap or at.peers.beyond(at.session.turns, cost) is not None:
        return None
    return Claim(
        statistic=cost,
        limit=cap,
        excess=cost - cap,
        projected=cost - cap,
        words=lambda: (
            f"${dollars(cost)} is past the cap of ${dollars(cap)} that holds while fewer than"
            f" {at.settings.min_peers} sessions of its kind and size have finished"
        ),
    )
