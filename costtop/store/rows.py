"""A stored call as a row, and the arithmetic of merging two sights of it. It runs no SQL.

Merging is commutative, so any order of files and any number of re-reads end alike: counters come
from the sight with the larger output, the owner is the earliest file, the time is the earliest.
"""

from typing import NamedTuple

ERROR, PLACEHOLDER, ESTIMATED, YIELDS = 1, 2, 4, 8

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
    owner, rank = (new, new_rank) if new_rank < old_rank else (old, old_rank)
    row = counts._replace(
        session=owner.session,
        context=owner.context,
        feature=owner.feature,
        place=owner.place,
        offset=owner.offset,
        at=min(old.at, new.at),
        seen=min(old.seen, new.seen),
        request=counts.request if counts.request is not None else other.request,
        reported=counts.reported if counts.reported is not None else other.reported,
        attempt=max(old.attempt, new.attempt),
        flags=_flags(counts, other),
    )
    if row.cost is None and row.reported is not None:
        row = row._replace(cost=row.reported)
    return row, rank


def _larger(a: Row, b: Row) -> bool:
    return _size(a) > _size(b)


def _size(row: Row) -> tuple[int, int, int, int, int]:
    # Equal counts: the sight that tells more of the cache (and so of the price) wins; the last
    # two fields only make the choice the same in either order.
    known = 0 if row.reported is None else 1
    return (row.output, row.input, row.cache_write_1h + row.searches, known, row.model)


def _flags(counts: Row, other: Row) -> int:
    flags = counts.flags & ~(YIELDS | PLACEHOLDER)
    return flags | (counts.flags & other.flags & (YIELDS | PLACEHOLDER))
