"""Which rows of a frame are others than in the frame before: those alike are the same objects."""

from collections.abc import Sequence
from itertools import compress
from operator import is_not

from costtop.queries.live.view import SessionRow


def changed(
    before: Sequence[SessionRow], rows: Sequence[SessionRow]
) -> Sequence[SessionRow] | None:
    """The rows that are others; None where the list is another one and all of them may be."""
    if rows is before:
        return ()
    if len(rows) != len(before):
        return None
    return tuple(compress(rows, map(is_not, rows, before)))
