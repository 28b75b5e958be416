"""Which rows of a frame are others than in the frame before: those alike are the same objects."""

from collections.abc import Sequence
from itertools import compress
from operator import is_not

from costtop.durations import SECOND
from costtop.queries.live.view import SessionRow, Snapshot


class MovedRows:
    """Compares a frame with the one before it once, for all who ask."""

    def __init__(self) -> None:
        self._of: tuple[Sequence[SessionRow], Sequence[SessionRow]] = (), ()
        self._found: Sequence[SessionRow] | None = ()

    def between(
        self, before: Sequence[SessionRow], rows: Sequence[SessionRow]
    ) -> Sequence[SessionRow] | None:
        """The rows that are others; None where the list is another one and all of them may be."""
        if rows is before:
            return ()
        if len(rows) != len(before):
            return None
        if self._of[0] is not before or self._of[1] is not rows:
            self._of = before, rows
            self._found = tuple(compress(rows, map(is_not, rows, before)))
        return self._found


def alike(one: Snapshot, other: Snapshot) -> bool:
    """Whether two frames look the same: of one second, with nothing changed but the clocks."""
    if one.sessions is not other.sessions or one.at // SECOND != other.at // SECOND:
        return False
    pulses = (frame.pulse._replace(at=0) for frame in (one, other))
    return next(pulses) == next(pulses) and one == other._replace(at=one.at, pulse=one.pulse)
