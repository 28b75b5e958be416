"""The bill beside what costtop counted: each request once, to the token and the nano-dollar."""

from collections.abc import Sequence
from typing import NamedTuple

from laboratory.beside import Counted, as_stored
from laboratory.bill import Billed


class Books(NamedTuple):
    """What became of the requests of a bill."""

    exact: int  # counted once, at their very price
    untold: Sequence[Billed]  # billed and not counted: an agent's log does not tell of all
    extra: int  # counted and not billed, or twice
    lag: float  # s from the end of a reply to its row in the database, the longest

    @property
    def words(self) -> str:
        """For the table: `8 of 8`, or what is missing."""
        billed = self.exact + len(self.untold)
        side = sum(one.side for one in self.untold)
        parts = [f"{self.exact} of {billed}"]
        if side:
            parts.append(f"{side} of a side request untold")
        if len(self.untold) > side:
            parts.append(f"{len(self.untold) - side} UNTOLD")
        if self.extra:
            parts.append(f"{self.extra} TOO MANY")
        return ", ".join(parts)

    @property
    def holds(self) -> bool:
        """Whether all that agents' logs tell was counted once; they tell of no side requests."""
        return self.exact > 0 and not self.extra and all(one.side for one in self.untold)


def compare(billed: Sequence[Billed], counted: Sequence[Counted]) -> Books:
    """Pairs them by their counts and price, the oldest with the oldest."""
    left = list(counted)
    untold, lags = [], [0.0]
    for one in billed:
        same = (x for x in left if x.tokens == as_stored(one.tokens) and x.cost == one.cost)
        found = next(same, None)
        if found is None:
            untold.append(one)
            continue
        left.remove(found)
        lags.append(found.seen - one.done)
    return Books(len(billed) - len(untold), untold, len(left), max(lags))
