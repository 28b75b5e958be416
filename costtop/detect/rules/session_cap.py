"""The absolute cap for a session that has no peers yet. It is silent as soon as there are any."""

from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.money import dollars


def judge(at: Moment, memory: Memory[None]) -> Claim | None:
    """C beyond the cap of the config while no group has enough finished sessions."""
    cost, cap = at.session.cost, at.settings.session_cap
    if cost <= cap or at.peers.usual() is not None:
        return None
    return Claim(
        statistic=cost,
        limit=cap,
        excess=cost - cap,
        projected=cost - cap,
        words=f"${dollars(cost)} is past the cap of ${dollars(cap)} that holds while fewer than"
        f" {at.settings.min_peers} sessions have finished",
    )
