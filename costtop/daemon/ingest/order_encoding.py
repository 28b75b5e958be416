"""How orders cross to a worker process: as plain values. A pickle takes three times as long."""

import marshal
from collections.abc import Sequence

from costtop.daemon.ingest.fold import Order
from costtop.tail.place import Place
from costtop.tail.rotation import FileChange


def packed(orders: Sequence[Order]) -> bytes:
    """The orders as bytes, for `unpacked` alone; of a change what its fold needs."""
    return marshal.dumps(
        [
            (source, label, (change.kind, tuple(change.place), change.final), *rest)
            for source, label, change, *rest in orders
        ]
    )


def unpacked(data: bytes) -> list[Order]:
    """The orders again."""
    return [
        Order(source, label, FileChange(kind, Place._make(place), final=final), *rest)
        for source, label, (kind, place, final), *rest in marshal.loads(data)  # noqa: S302 - our own
    ]
