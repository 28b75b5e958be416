"""What a sum is short of, by reason, and whether people are to see it: exact or `≥`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from costtop.named_tuples import NamedTuple

if TYPE_CHECKING:
    from costtop.model import FloorReason

_WORTH = 200  # people see a floor where more than a 200th of the sum, 0.5 %, may be hidden
_DEARER = {"tier": 1, "modality": 10}  # how much more such calls may cost, in times of their cost


class Floor(NamedTuple):
    """Calls by reason; one call may have several. All zero: the sum is exact."""

    unpriced: int = 0
    placeholder: int = 0
    unreadable: int = 0
    tier: int = 0
    modality: int = 0
    dearer: int = 0  # nano-dollars that calls of `tier` and `modality` may cost besides
    silent: int = 0  # quarters of an hour of which a machine of a fleet has not told yet

    @property
    def exact(self) -> bool:
        """Whether nothing is missing from the sum."""
        return not any(self)

    def shows(self, cost: int, calls: int) -> bool:
        """Whether people are told that a sum of so many nano-dollars and calls is a floor.

        What hides in an output that never ended, or in a row that could not be read, is taken to be
        at most what a call costs in the mean. Of a model without a price nothing can be said, nor
        of a machine that is silent.
        """
        if self.exact or self.unpriced or self.silent or not cost:
            return not self.exact
        hidden = (self.placeholder + self.unreadable) * cost // max(calls, 1) + self.dearer
        return hidden * _WORTH > cost

    def known(self, cost: int) -> int | None:
        """The sum for people: None, "?", where not one of its calls has a price."""
        return None if self.unpriced and not cost else cost

    def reasons(self) -> "list[tuple[FloorReason, int]]":
        """(reason, calls) of what is missing."""
        every: tuple[tuple[FloorReason, int], ...] = (*self.all_reasons(), ("silent", self.silent))
        return [(reason, calls) for reason, calls in every if calls]

    def all_reasons(self) -> "tuple[tuple[FloorReason, int], ...]":
        """(reason, calls) of every reason of this machine's own, also of those no call has."""
        return (
            ("unpriced", self.unpriced),
            ("placeholder", self.placeholder),
            ("unreadable", self.unreadable),
            ("tier", self.tier),
            ("modality", self.modality),
        )

    def tree(self) -> dict[str, object]:
        """As JSON carries it."""
        told = [{"reason": reason, "calls": calls} for reason, calls in self.reasons()]
        return {"floor": not self.exact, "floor_reasons": told}


EXACT = Floor()


def of_reasons(rows: "Iterable[tuple[FloorReason, int, int]]") -> Floor:
    """The floor of (reason, calls, what those calls count for)."""
    calls, dearer = {"dearer": 0}, 0
    for reason, count, cost in rows:
        calls[reason] = calls.get(reason, 0) + count
        dearer += _DEARER.get(reason, 0) * cost
    return Floor(**{**calls, "dearer": dearer})


def together(floors: Iterable[Floor]) -> Floor:
    """The floor of several sums in one."""
    return Floor._make(map(sum, zip(EXACT, *floors, strict=True)))


class Sum(NamedTuple):
    """Nano-dollars of calls, and what they are short of."""

    cost: int = 0
    calls: int = 0
    short: Floor = EXACT

    @property
    def floor(self) -> bool:
        """Whether people see it as a floor."""
        return self.short.shows(self.cost, self.calls)
