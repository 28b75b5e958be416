"""What a host ships: calls, what is said of their sessions, keys that are gone. It sends nothing.

Times are ms UTC, money int nano-dollars, None where unknown. `user`, `project`, `feature`, `model`
and `source` are names as the host chose to send them, each of up to 200 characters.
"""

from collections.abc import Sequence

from costtop.named import NamedTuple

FAILED, SHORT = 1, 2  # flags of a call: it failed; its cost is less than was billed

Column = Sequence[object]


class ShippedSession(NamedTuple):
    """The host's latest word on one (source, session, agent); agent "" is the session itself."""

    source: str
    session: str
    agent: str
    root: str  # the session that it is folded into
    user: str
    project: str
    feature: str
    model: str
    started: int | None
    last: int
    ended: int | None = None


class ShippedCall(NamedTuple):
    """The host's latest word on one call; `of` is the place of its session in the shipment."""

    key: bytes  # 16 bytes
    of: int
    at: int
    model: str
    feature: str
    project: str
    user: str
    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    flags: int = 0
    cost: int | None = None
    computed: int | None = None
    reported: int | None = None


class Shipment(NamedTuple):
    """One batch: up to 2,000 rows of calls and keys, each key once."""

    sessions: Sequence[ShippedSession] = ()
    calls: Sequence[ShippedCall] = ()
    gone: Sequence[bytes] = ()


_NAMED = {"source", "user", "project", "feature", "model"}  # columns that point into the texts


def columns(shipment: Shipment) -> list[Column]:
    """The arguments of `costtop.ingest` after the first two: texts, then column by column."""
    texts: dict[str, int] = {}
    told = _columns(ShippedSession._fields, shipment.sessions, texts)
    said = _columns(ShippedCall._fields, shipment.calls, texts)
    said[1] = [each.of + 1 for each in shipment.calls]  # SQL counts from 1
    return [list(texts), *told, *said, list(shipment.gone)]


def _columns(
    fields: tuple[str, ...], rows: Sequence[tuple[object, ...]], texts: dict[str, int]
) -> list[Column]:
    plain: list[Column] = list(zip(*rows, strict=True)) if rows else [()] * len(fields)
    return [
        [texts.setdefault(str(text), len(texts) + 1) for text in column]
        if field in _NAMED
        else list(column)
        for field, column in zip(fields, plain, strict=True)
    ]
