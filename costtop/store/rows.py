"""A stored call as a row, and the arithmetic of merging two sights of it. It runs no SQL.

Merging is commutative, so any order of files and any number of re-reads end alike: counters come
from the sight with the larger output, the owner is the earliest file, the time is the earliest.
"""

from typing import NamedTuple

ERROR, PLACEHOLDER, ESTIMATED, YIELDS, HEARD, SETTLED = 1, 2, 4, 8, 16, 32
COARSE = 192  # two bits: how coarse a telling is, see model.Call

COLUMNS = (
    "key, session, context, feature, model, provider, variant, at, seen, input, cache_read,"
    " cache_write, cache_write_1h, output, reasoning, searches, cost, computed, reported, card,"
    " place, offset, request, flags, attempt"
)


class Row(NamedTuple):
    """One row of `calls` without its id; integers are ids of names, contexts, cards, places."""

    key: bytes
    session: int
    context: int
    feature: int
    model: int
    provider: int
    variant: int
    at: int
    seen: int
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int
    reasoning: int
    searches: int
    cost: int | None
    computed: int | None
    reported: int | None
    card: int | None
    place: int
    offset: int
    request: int | None
    flags: int
    attempt: int


Rank = tuple[int, int, int, int]
"""Who owns a call that several files hold: (file's first time, mtime when first seen, session,
place), the lowest. A fork or resume copies history into a younger file."""


def merged(old: Row, old_rank: Rank, new: Row, new_rank: Rank) -> tuple[Row, Rank]:
    """One row for two sights of the same call, and the rank of its owner."""
    counts = new if _larger(new, old) else old
    other = old if counts is new else new
    owner, rank = (new, new_rank) if _owns(new, new_rank, old, old_rank) else (old, old_rank)
    row = counts._replace(
        session=owner.session,
        context=owner.context,
        feature=owner.feature,
        place=owner.place,
        offset=owner.offset,
        at=min(old.at, new.at),
        seen=min(old.seen, new.seen),
        request=counts.request if counts.request is not None else other.request,
        reported=_reported(counts, other),
        attempt=max(old.attempt, new.attempt),
        flags=_flags(counts, other),
    )
    if row.reported is not None and (row.cost is None or row.flags & SETTLED):
        row = row._replace(cost=row.reported)
    return row, rank


def _owns(new: Row, new_rank: Rank, old: Row, old_rank: Rank) -> bool:
    """Whose session a call is: what a log or a program itself says goes before the wire."""
    heard, known = new.flags & HEARD, old.flags & HEARD
    return new_rank < old_rank if heard == known else not heard


def _reported(counts: Row, other: Row) -> int | None:
    """A settled cost goes before one that merely stands beside the tokens."""
    first, second = counts, other
    if other.flags & SETTLED and not counts.flags & SETTLED:
        first, second = other, counts
    return first.reported if first.reported is not None else second.reported


def _larger(a: Row, b: Row) -> bool:
    return _size(a) > _size(b)


def _size(row: Row) -> tuple[int, int, int, bool, bool, int]:
    # Equal counts: the sight that tells more of the cache (and so of the price) wins, and a log
    # before the wire; the last two fields only make the choice the same in either order.
    split = row.cache_write_1h + row.searches
    logged = not row.flags & HEARD
    return (row.output, row.input, split, logged, row.reported is not None, row.model)


def _flags(counts: Row, other: Row) -> int:
    both = YIELDS | PLACEHOLDER | HEARD  # true of the call only where it is true of every sight
    flags = counts.flags & ~(both | COARSE)
    flags |= counts.flags & other.flags & both
    flags |= min(counts.flags & COARSE, other.flags & COARSE)
    return flags | (other.flags & SETTLED)


def coarseness(row: Row) -> int:
    """0 for a log's call or one with a request id, up to 3 for a sum of many requests."""
    return (row.flags & COARSE) >> 6


def outdoes(row: Row) -> int:
    """What is coarser than this gives way to it: a log's call 0, a heard one 1 or more."""
    return max(1, coarseness(row)) if row.flags & HEARD else coarseness(row)
