"""What is usual in a group of finished sessions, as the reference of `analysis.drivers`.

It keeps nothing; the numbers are means over turns, so that the sum of all peers comes out right.
"""

from costtop.analysis.drivers import Reference
from costtop.detect.group import Group
from costtop.detect.peer import GRID


def reference(group: Group) -> Reference | None:
    """What is usual in a group: token-weighted means, the median length, the carry curve."""
    peers = [peer for peer in group.peers if peer.cost is not None and peer.turns]
    turns = sum(peer.turns for peer in peers)
    if not turns:
        return None
    count = len(peers)
    prompt = sum(peer.prompt for peer in peers) / count
    carried = sum(peer.carried_tokens for peer in peers)
    prices = [sum(peer.prices[nth] * peer.turns for peer in peers) / turns for nth in range(3)]
    lengths = sorted(peer.turns for peer in peers)
    return Reference(
        lengths[count // 2],
        sum(peer.retries for peer in peers) / count,
        sum(peer.missed_tokens for peer in peers) / carried if carried else 0.0,
        prompt,
        max(0.0, sum(peer.new_tokens for peer in peers) - prompt * count) / turns,
        sum(peer.output_tokens for peer in peers) / turns,
        sum(peer.agent_cost for peer in peers) / count,
        (prices[0], prices[1], prices[2]),
        _curve(group),
    )


def _curve(group: Group) -> tuple[tuple[int, float], ...]:
    """Tokens carried a turn by the ages of the grid, over peers that reached them."""
    sums: list[int] = []
    counts: list[int] = []
    for peer in group.peers:
        for nth, tokens in enumerate(peer.carried_at):
            if nth == len(sums):
                sums.append(0)
                counts.append(0)
            sums[nth] += tokens
            counts[nth] += 1
    return tuple((GRID[nth], total / counts[nth] / GRID[nth]) for nth, total in enumerate(sums)
                 if counts[nth] >= 3)  # fmt: skip
