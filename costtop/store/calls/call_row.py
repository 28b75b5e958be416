"""A stored call as a row, and the arithmetic of merging two sights of it. It runs no SQL.

Merging is commutative and looks only at values that every order of reading gives (no ids of rows),
so any order of files and any number of re-reads end alike: counters come from the sight with the
larger output, the owner is the earliest file, the time is the earliest.
"""

import json
from _blake2 import blake2b  # hashlib loads OpenSSL
from collections.abc import Iterable, Sequence
from struct import unpack

from costtop.columnar.call_columns import CallRest
from costtop.model import Call, FloorReason, Media, Tokens
from costtop.named_tuples import NamedTuple

ERROR, PLACEHOLDER, ESTIMATED, YIELDS, HEARD, SETTLED = 1, 2, 4, 8, 16, 32
COARSE = 192  # two bits: how coarse a telling is, see model.Call
UNREADABLE, TIER, MODALITY = 256, 512, 1024
SHORT: dict[FloorReason, int] = {
    "placeholder": PLACEHOLDER,
    "unreadable": UNREADABLE,
    "tier": TIER,
    "modality": MODALITY,
}
ANY_SHORT = PLACEHOLDER | UNREADABLE | TIER | MODALITY


class CallRow(NamedTuple):
    """One row of `calls` without its id; integers are ids of names, contexts, cards, places."""

    key: bytes
    computed: int | None
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
    reported: int | None
    card: int | None
    place: int
    offset: int
    request: int | None
    flags: int
    attempt: int
    media: str | None  # JSON of model.Media


class CallIds(NamedTuple):
    """What a call's texts are in this database: the same for most calls of a session."""

    session: int
    context: int
    feature: int
    model: int
    provider: int
    variant: int
    root_key: str
    feature_name: str
    owner: str  # the user of whom the session is


COLUMNS = ", ".join(CallRow._fields)

# What a row is kept by, which spares a tenth of the table. Most keys are a message's own: their
# second half is that of no text, and is not written. Most costs are the computed ones: NULL stands
# for "as cost", _NONE for a computed cost that is None beside one that counts.
BEGINNING = 4  # bytes of a key that are indexed
_NO_TEXT = blake2b(b"", digest_size=8).digest()
_NONE = -1


def fields(table: str = "") -> str:
    """The columns in order as a `SELECT` reads them back; `table` is a name before each."""
    name = f"{table}." if table else ""
    read = {"key": key_of(name), "computed": computed_of(name)}
    return ", ".join(read.get(one, f"{name}{one}") for one in CallRow._fields)


def key_of(name: str = "") -> str:
    """A call's key in SQL; `name` is the table's with its dot."""
    whole = f"CAST({name}key || x'{_NO_TEXT.hex()}' AS BLOB)"
    return f"CASE length({name}key) WHEN 8 THEN {whole} ELSE {name}key END"


def begins(key: str) -> str:
    """The beginning of a key in SQL, by which calls are indexed: few of millions share theirs."""
    return f"substr({key}, 1, {BEGINNING})"


def has_key(name: str, other: str) -> str:
    """The condition in SQL that a call has the key `other`; found by the index of beginnings."""
    return f"{begins(f'{name}key')} = {begins(other)} AND {key_of(name)} = {other}"


def computed_of(name: str = "") -> str:
    """The computed cost of a call in SQL."""
    return f"nullif(coalesce({name}computed, {name}cost), {_NONE})"


def kept_keys(keys: Iterable[bytes]) -> list[bytearray]:
    """Keys as the table holds them, to be bound: `sqlite3` looks for adapters of `bytes`."""
    return [bytearray(key[:8] if key[8:] == _NO_TEXT else key) for key in keys]


def kept_computed(computed: int | None, cost: int | None) -> int | None:
    """A computed cost as the table holds it, beside what counts."""
    if computed == cost:
        return None
    return _NONE if computed is None else computed


Rank = tuple[int, int, bytes]
"""Who owns a call that several files hold: (file's first time, mtime when first seen, path), the
lowest. A fork or resume copies history into a younger file."""


def request_hash(request: str) -> int:
    """What stands for a provider's request id in the table: 63 bits."""
    return int.from_bytes(blake2b(request.encode(), digest_size=8).digest()) >> 1


def request_hashes(requests: Sequence[str]) -> Sequence[int | None]:
    """`request_hash` of each; None where there is no id."""
    told = [blake2b(one.encode(), digest_size=8).digest() for one in requests if one]
    hashes = [half >> 1 for half in unpack(f">{len(told)}Q", b"".join(told))]
    if len(told) == len(requests):
        return hashes
    rest = iter(hashes)
    return [next(rest) if one else None for one in requests]


def call_flags(call: Call | CallRest) -> int:
    """What a row says of the call in single bits."""
    return (
        (ERROR if call.status != "ok" else 0)
        | (PLACEHOLDER if call.placeholder else 0)
        | (ESTIMATED if call.estimated else 0)
        | (YIELDS if call.yields else 0)
        | (HEARD if call.heard else 0)
        | (SETTLED if call.settled and call.reported is not None else 0)
        | (call.coarse << 6)
        | (UNREADABLE if call.unreadable else 0)
    )


def merged(old: CallRow, old_rank: Rank, new: CallRow, new_rank: Rank) -> tuple[CallRow, Rank]:
    """One row for two sights of the same call, and the rank of its owner.

    A side copy adds nothing to its message, not even a time: where the message came first, the
    copy is not looked at either.
    """
    if (old.flags ^ new.flags) & YIELDS:
        return (new, new_rank) if old.flags & YIELDS else (old, old_rank)
    owner, rank = (new, new_rank) if _owns(new, new_rank, old, old_rank) else (old, old_rank)
    counts = _fullest(old, new, owner)
    other = old if counts is new else new
    row = counts._replace(
        session=owner.session,
        context=owner.context,
        feature=owner.feature,
        place=owner.place,
        offset=counts.offset if counts.place == owner.place else owner.offset,
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


def _owns(new: CallRow, new_rank: Rank, old: CallRow, old_rank: Rank) -> bool:
    """Whose session a call is: what a log or a program itself says goes before the wire."""
    heard, known = new.flags & HEARD, old.flags & HEARD
    return new_rank < old_rank if heard == known else not heard


def _reported(counts: CallRow, other: CallRow) -> int | None:
    """A settled cost goes before one that merely stands beside the tokens; of equals the larger."""
    told = [row for row in (counts, other) if row.reported is not None]
    return max(told, key=lambda row: (row.flags & SETTLED, row.reported)).reported if told else None


def _fullest(a: CallRow, b: CallRow, owner: CallRow) -> CallRow:
    """The sight whose counters stay: of equal ones of a file the last line, else the owner's."""
    first, second = _size(a), _size(b)
    if first == second:
        return max(a, b, key=lambda row: row.offset) if a.place == b.place else owner
    return a if first > second else b


def _size(row: CallRow) -> tuple[int | str, ...]:
    # Equal counts: the sight that tells more of the cache (and so of the price) wins, and a log
    # before the wire, and the dearer; the last fields only make the choice the same in any order.
    split = row.cache_write_1h + row.searches + (row.media is not None)
    logged = not row.flags & HEARD
    price = -1 if row.computed is None else row.computed
    told = row.media or ""
    rest = (row.reasoning, row.cache_read, row.cache_write, row.model, row.variant, told)
    return (row.output, row.input, split, logged, price, *rest)


def _flags(counts: CallRow, other: CallRow) -> int:
    both = (
        YIELDS | PLACEHOLDER | HEARD | UNREADABLE
    )  # true of the call only where it is true of every sight
    flags = counts.flags & ~(both | COARSE)
    flags |= counts.flags & other.flags & both
    flags |= min(counts.flags & COARSE, other.flags & COARSE)
    return flags | (other.flags & SETTLED)


def tokens_of(row: CallRow) -> Tokens:
    """The row's counters."""
    return Tokens(
        row.input, row.cache_read, row.cache_write, row.cache_write_1h, row.output, row.reasoning
    )


def media_of(row: CallRow) -> Media | None:
    """Which of the row's tokens are no text."""
    return Media(*json.loads(row.media)) if row.media else None


def reasons(row: CallRow) -> tuple[FloorReason, ...]:
    """Why the row's cost is less than what was billed; a cost that was reported is whole."""
    short = shortfall(row.flags, row.cost, row.computed, counted=bool(row.input or row.output))
    told = tuple(reason for reason, bit in SHORT.items() if short & bit) if short else ()
    if row.cost is None and not short & UNREADABLE:  # what could not be read may have a price
        return ("unpriced", *told)
    return told


def shortfall(flags: int, cost: int | None, computed: int | None, *, counted: bool) -> int:
    """Those of the flags by which the cost is less than what was billed; `counted`: has tokens."""
    short = flags & ANY_SHORT
    if short & PLACEHOLDER and cost is not None and not counted:
        short &= ~PLACEHOLDER  # searches that alone are known of a request count for themselves
    return short if cost is None or cost == computed else 0


def coarseness(row: CallRow) -> int:
    """0 for a log's call or one with a request id, up to 3 for a sum of many requests."""
    return (row.flags & COARSE) >> 6


def outdoes(row: CallRow) -> int:
    """What is coarser than this gives way to it: a log's call 0, a heard one 1 or more."""
    return max(1, coarseness(row)) if row.flags & HEARD else coarseness(row)
