"""What the compiled part says of a chunk: its steps, and a table of what is many (`claude.h`).

The tables are numbers and places in the chunk. Here their columns become values, each at once for
all of its rows.
"""

from array import array
from collections.abc import Iterator, Sequence
from ctypes import CDLL, POINTER, Structure, c_char_p, c_int32, c_int64, c_size_t, c_void_p
from functools import cache
from struct import pack
from typing import Any

from costtop.named import NamedTuple
from costtop.sources.fold import keys
from costtop.sources.fold.source import Chunk

_ROOM = 1 << 13  # numbers of each table: enough for most chunks
_REPLY, _TOOL, _RESULT = 18, 8, 11  # numbers of a row
_STOPS = (None, "", "end_turn", "stop_sequence", "tool_use")  # by the number of each
_ALONE = keys.half("")  # the other half of a key that an id is enough for
_HASH = 16  # hex digits


class Tables(NamedTuple):
    """The numbers of each table."""

    steps: list[int]
    replies: list[int]
    tools: list[int]
    results: list[int]


def tables(compiled: CDLL, chunk: Chunk, named: bool) -> Tables:
    """All that the chunk says; `named` says whether its name tells its session."""
    return _scanner(compiled).tables(chunk, named)


def replies(data: bytes, start: int, numbers: list[int]) -> Iterator[tuple[Any, ...]]:
    """The rows of replies in a chunk that begins at `start` of its file.

    Each is (own, as in `CallRow`; whether nothing is odd of it; request or None; time of the last
    row; stop; asks; placeholder; searches; how many tools).
    """
    (
        regular, offset, half, first_byte, last_byte, first, last, stop, asks, placeholder,
        searches, *tokens, tools,
    ) = _columns(numbers, _REPLY)  # fmt: skip
    raw = _bytes(half)
    key = [raw[n : n + 8] + _ALONE for n in range(0, len(raw), 8)]
    request = [
        data[one:end].decode() if one >= 0 else None
        for one, end in zip(first_byte, last_byte, strict=True)
    ]
    named = [one or "" for one in request]
    own = zip(key, first, *tokens, named, [start + one for one in offset], strict=True)
    stops = map(_STOPS.__getitem__, stop)
    told = (own, regular, request, last, stops, asks, placeholder, searches, tools)
    return zip(*told, strict=True)


def tools(data: bytes, numbers: list[int]) -> Iterator[tuple[Any, ...]]:
    """The tools that they ask for: (id, name, hash of its arguments, where they stand, searches)."""
    one, end, name, name_end, *where, hashed, searches = _columns(numbers, _TOOL)
    told = (_texts(data, one, end), _texts(data, name, name_end), _hashes(hashed), *where, searches)
    return zip(*told, strict=True)


def results(data: bytes, numbers: list[int]) -> Iterator[tuple[Any, ...]]:
    """Results: (tool's id, hash, the numbers of its row but for these)."""
    start, end, tool, tool_end, *rest, hashed, kind = _columns(numbers, _RESULT)
    return zip(_texts(data, tool, tool_end), _hashes(hashed), start, end, *rest, kind, strict=True)


def _columns(numbers: list[int], width: int) -> list[list[int]]:
    return [numbers[nth::width] for nth in range(width)]


def _texts(data: bytes, start: list[int], end: list[int]) -> list[str]:
    return [data[one:last].decode() for one, last in zip(start, end, strict=True)]


def _bytes(numbers: Sequence[int]) -> bytes:
    """Those of numbers of eight bytes each, the lowest first."""
    return pack(f"<{len(numbers)}q", *numbers)


def _hashes(numbers: list[int]) -> list[str]:
    digits = _bytes(numbers).hex()
    return [digits[nth : nth + _HASH] for nth in range(0, len(digits), _HASH)]


class _Table(Structure):
    _fields_ = (("out", c_void_p), ("capacity", c_size_t), ("size", c_size_t))


@cache
def _scanner(compiled: CDLL) -> "_Scanner":
    return _Scanner(compiled)


class _Scanner:
    """The compiled function, and the room for its answers, which is kept."""

    def __init__(self, compiled: CDLL) -> None:
        self._find = compiled.costtop_claude
        self._find.restype = c_int32
        self._find.argtypes = (c_char_p, c_size_t, c_int64, c_int32, POINTER(_Table))
        self._tables = (_Table * len(Tables._fields))()
        self._rooms = [array("q")] * len(Tables._fields)
        self._make_room(_ROOM)

    def _make_room(self, least: int) -> None:
        for nth, table in enumerate(self._tables):
            size = max(least, table.size)
            if table.capacity < size:
                self._rooms[nth] = array("q", bytes(8 * size))
                table.out, table.capacity = self._rooms[nth].buffer_info()

    def tables(self, chunk: Chunk, named: bool) -> Tables:
        """See `tables`."""
        data = chunk.data
        while not self._find(data, len(data), chunk.seen, named, self._tables):
            self._make_room(0)
        told = zip(self._rooms, self._tables, strict=True)
        return Tables._make([memoryview(room)[: table.size].tolist() for room, table in told])
