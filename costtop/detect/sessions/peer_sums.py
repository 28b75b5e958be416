"""What is usual in a group of finished sessions, as the reference of `analysis.drivers`.

It keeps sums, so that nothing is counted again at an alert: the reference is means over all turns,
and what peers had carried at the ages of the grid.
"""

from costtop.analysis.drivers import Reference
from costtop.detect.sessions.finished_peer import GRID, Peer

_LEAST = 3  # sessions that must have reached an age for it to stand in the curve


class Sums:
    """Sums over the priced sessions of a group."""

    __slots__ = ("_carried", "_counts", "_prices", "_sums", "_turns", "sessions")

    def __init__(self) -> None:
        self.sessions = 0
        self._turns = 0
        self._sums = [0] * 7  # retries, prompt, new, output, agent cost, missed, carried
        self._prices = [0, 0, 0]  # times turns
        self._carried: list[int] = []  # by age
        self._counts: list[int] = []

    def note(self, peer: Peer, sign: int) -> None:
        """Take a session in (1) or out (-1)."""
        if peer.cost is None or not peer.turns:
            return
        self.sessions += sign
        self._turns += sign * peer.turns
        for nth, amount in enumerate(
            (
                peer.retries,
                peer.prompt,
                peer.new_tokens,
                peer.output_tokens,
                peer.agent_cost,
                peer.missed_tokens,
                peer.carried_tokens,
            )
        ):
            self._sums[nth] += sign * amount
        for nth, price in enumerate(peer.prices):
            self._prices[nth] += sign * price * peer.turns
        missing = len(peer.carried_at) - len(self._counts)
        if missing > 0:
            self._carried += [0] * missing
            self._counts += [0] * missing
        for nth, tokens in enumerate(peer.carried_at):
            self._carried[nth] += sign * tokens
            self._counts[nth] += sign

    def reference(self, length: float) -> Reference | None:
        """What is usual, for sessions of the usual length in turns; None without any session."""
        count, turns = self.sessions, self._turns
        if not turns:
            return None
        retries, prompt, new, output, agents, missed, carried = self._sums
        read, paid, out = (price / turns for price in self._prices)
        return Reference(
            turns=length,
            retries=retries / count,
            missed=missed / carried if carried else 0.0,
            prompt=prompt / count,
            new=max(0, new - prompt) / turns,
            output=output / turns,
            agent_cost=agents / count,
            prices=(read, paid, out),
            carry=tuple(
                (GRID[nth], self._carried[nth] / times / GRID[nth])
                for nth, times in enumerate(self._counts)
                if times >= _LEAST
            ),
        )
