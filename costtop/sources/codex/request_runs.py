"""Takes counts of a rollout that follow each other at once: the compiled part tells the requests.

It is handed what the memo says of the counts so far, and tells what it has to say from then on, so
that nothing is remembered twice (costtop/native/c/codex_requests.h).
"""

import marshal
import struct
import sys
from ctypes import (
    CDLL,
    Array,
    Structure,
    addressof,
    byref,
    c_char_p,
    c_int64,
    c_uint64,
    c_void_p,
    create_string_buffer,
)
from struct import Struct
from typing import Any

from costtop.sources.codex import request_keys
from costtop.sources.fold.source import Chunk, Memo

_ROOM = 1 << 18  # bytes: enough for most runs
_COUNTED, _BEGAN, _LONGEST = Struct("=8q12s260s"), 76, 260

Request = tuple[tuple[Any, ...], tuple[Any, ...]]
"""A `PlainCall`'s own fields, and one of its tools."""


class _Run(Structure):
    """What `codex_run` is told."""

    _fields_ = (
        ("offset", c_int64),
        ("seen", c_int64),
        ("rows", c_void_p),
        ("count", c_int64),
        ("prefix", c_char_p),
        ("prefix_size", c_int64),
        ("by_chain", c_int64),
        ("half", c_uint64),  # its bytes
    )


class RequestRuns:
    """The compiled function, with room for what it is handed and what it answers."""

    def __init__(self, compiled: CDLL, rows: "Array[c_int64]") -> None:
        self._take = compiled.costtop_codex_requests
        self._take.argtypes = [c_char_p, *[c_void_p] * 3, c_int64, *[c_void_p] * 2]
        self._take.restype = c_int64
        self._rows, self._run = addressof(rows), _Run()
        self._counted = create_string_buffer(_COUNTED.size)
        self._out, self._written, self._made = create_string_buffer(_ROOM), c_int64(), c_int64()
        told = (self._run, self._counted, self._out)
        self._told = (*map(addressof, told), _ROOM, byref(self._written), byref(self._made))

    def take(self, chunk: Chunk, place: int, count: int, memo: Memo, thread: str) -> int:
        """Takes up to `count` rows from the byte `place` of all on; gives how many it took."""
        total, began = memo.get("total"), memo.get("began", "").encode()
        told = (*(total or (0,) * 6), total is not None, len(began), memo.get("chain", "").encode())
        try:
            _COUNTED.pack_into(self._counted, 0, *told, began)
        except struct.error:  # a count beyond 64 bits
            return 0
        if len(began) > _LONGEST:
            return 0
        prefix, by_chain, half = request_keys.owner(memo, thread, memo.get("logged", ""))
        run, raw = self._run, prefix.encode("utf-8", "surrogatepass")
        run.offset, run.seen = chunk.offset, chunk.seen
        run.rows, run.count = self._rows + place, count
        run.prefix, run.prefix_size, run.by_chain = raw, len(raw), by_chain
        run.half = int.from_bytes(half, sys.byteorder)
        taken: int = self._take(chunk.data, *self._told)
        return taken

    def remember(self, memo: Memo) -> None:
        """Puts into the memo what was counted up to the rows that were taken."""
        told = _COUNTED.unpack_from(self._counted)
        size, chain = told[7:9]
        memo["total"] = [*told[:6]]
        if size:
            if "began" not in memo:
                memo["began"] = self._counted.raw[_BEGAN : _BEGAN + size].decode()
            memo["chain"] = chain.decode()

    def requests(self) -> list[Request]:
        """The requests of the rows that were taken."""
        found: list[Request] = marshal.loads(memoryview(self._out)[: self._written.value])  # noqa: S302 - our own
        return found
