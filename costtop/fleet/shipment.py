"""What a host ships: calls, what is said of their sessions, keys that are gone. It sends nothing.

Times are ms UTC, money int nano-dollars, None where unknown. `user`, `project`, `feature`, `model`
and `source` are names as the host chose to send them, each of up to 200 characters.
"""

from collections.abc import Sequence

from costtop.named_tuples import NamedTuple
from costtop.store.unsent import ToldSession
from costtop.store.unsent_sums import StoredTotals

FAILED, SHORT = 1, 2  # flags of a call: it failed; its cost is less than was billed

Column = Sequence[object]


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

    sessions: Sequence[ToldSession] = ()
    calls: Sequence[ShippedCall] = ()
    gone: Sequence[bytes] = ()


class ShippedLine(NamedTuple):
    """What this host spent in a quarter of an hour, by its names: all of it."""

    quarter: int  # ms UTC / 900,000
    user: str
    project: str
    model: str
    feature: str
    calls: int = 0
    errors: int = 0
    unpriced: int = 0
    short: int = 0
    cost: int = 0
    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0


class ShippedMinute(NamedTuple):
    """What a session spent in a minute; `of` is its place in the shipment."""

    minute: int  # ms UTC / 60,000
    of: int
    cost: int
    tokens: int
    calls: int
    unpriced: int


class SumShipment(NamedTuple):
    """Sums instead of calls: what is said of a quarter and of a session is all there is of it."""

    detail: str  # sessions | spend
    quarters: Sequence[int] = ()
    spend: Sequence[ShippedLine] = ()
    sessions: Sequence[ToldSession] = ()
    totals: Sequence[StoredTotals] = ()  # of the sessions, in their order
    minutes: Sequence[ShippedMinute] = ()
    gone: Sequence[tuple[str, str, str]] = ()  # (source, session, agent) that is no more


_NAMED = {"source", "user", "project", "feature", "model"}  # columns that point into the texts


def columns(shipment: Shipment) -> list[Column]:
    """The arguments of `costtop.ingest` after the first two: texts, then column by column."""
    texts: dict[str, int] = {}
    told = _columns(ToldSession._fields, shipment.sessions, texts)
    said = _columns(ShippedCall._fields, shipment.calls, texts)
    said[1] = [each.of + 1 for each in shipment.calls]  # SQL counts from 1
    return [list(texts), *told, *said, list(shipment.gone)]


def tree(shipment: SumShipment) -> dict[str, object]:
    """The last argument of `costtop.ingest_sums`: `texts`, and rows whose names point into them."""
    texts: dict[str, int] = {}

    def row(fields: dict[str, object]) -> dict[str, object]:
        return {
            "usr" if name == "user" else name: texts.setdefault(str(value), len(texts) + 1)
            if name in _NAMED
            else value
            for name, value in fields.items()
        }

    pairs = zip(shipment.sessions, shipment.totals, strict=True)
    found: dict[str, object] = {
        "quarters": list(shipment.quarters),
        "spend": [row(one._asdict()) for one in shipment.spend],
        "sessions": [row(one._asdict() | sums._asdict()) for one, sums in pairs],
        "minutes": [one._asdict() for one in shipment.minutes],
        "gone": [
            row({"source": source, "session": session, "agent": agent})
            for source, session, agent in shipment.gone
        ],
    }
    return found | {"texts": list(texts)}


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
