"""What a made-up session does, moment by moment: records without a time.

A session is an iterator of beats. History gives them times of the past, a live agent gives each the
present one: the same session either way.
"""

import json
from typing import Any

from costtop.durations import iso
from costtop.named_tuples import NamedTuple

Record = dict[str, Any]
"""One line of a log. Its time stands as None under "timestamp" or "ts", where the log has it.

What a payload says of its moment stands in it as a function of that, ms UTC.
"""

_STAMPS = ("timestamp", "ts")


class Beat(NamedTuple):
    """Lines that one session writes at one moment."""

    pause: float  # s since the beat before
    file: str  # relative to the home
    records: tuple[Record, ...]
    cost: float = 0.0  # dollars, roughly: what budgets and lengths are chosen by


def lines(beat: Beat, at: int) -> bytes:
    """The beat as a log has it, written at `at` (ms UTC)."""
    stamp = iso(at)
    stamped = [
        {
            name: stamp if name in _STAMPS and value is None else _at(value, at)
            for name, value in each
        }
        for each in (record.items() for record in beat.records)
    ]
    return b"".join(
        json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        for record in stamped
    )


def _at(value: Any, at: int) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: told(at) if callable(told) else told for name, told in value.items()}
