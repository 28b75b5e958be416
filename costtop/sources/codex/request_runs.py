"""Takes counts of a rollout that follow each other at once: the compiled part names the requests.

It is handed what the memo says of the counts so far, and tells what it has to say from then on, so
that nothing is remembered twice (costtop/native/c/codex_requests.h).
"""

import struct
from ctypes import CDLL, Array, addressof, c_char_p, c_int64, c_void_p, create_string_buffer
from struct import Struct

from costtop.model import Tokens, ToolUse
from costtop.named import NamedTuple
from costtop.sources.codex import request_keys
from costtop.sources.codex.tool_calls import SHELL
from costtop.sources.fold.fingerprints import KIND
from costtop.sources.fold.source import Chunk, Memo
from costtop.sources.fold.times import EARLIEST, held

WIDTH = 29  # numbers of a row
ROW = Struct("=27q8s8s")
_TIME, _LINE, _COUNTS = 1, 2, 11
_TOOL, _FAILED, _FAILURE = 20, 24, 25
_HASHES = Struct("=216x8s8s")
_KEY = 16
_COUNTED, _BEGAN, _LONGEST = Struct("=8q12s260s"), 76, 260
_OWNER = Struct("=2q8s")


class Run(NamedTuple):
    """Requests of one turn that follow each other, by columns in their order."""

    keys: list[bytes]
    tokens: list[Tokens]
    at: list[int]
    tools: list[tuple[ToolUse, ...]]
    offsets: list[int]


class RequestRuns:
    """The compiled function, with room for what it is handed and what it answers."""

    def __init__(self, compiled: CDLL, rows: "Array[c_int64]") -> None:
        self._name = compiled.costtop_codex_requests
        self._name.argtypes = [c_void_p, c_int64, c_char_p, *[c_void_p] * 4]
        self._name.restype = c_int64
        self._rows = memoryview(rows).cast("B")
        self._numbers = self._rows.cast("q")
        self._owner = create_string_buffer(_OWNER.size)
        self._counted = create_string_buffer(_COUNTED.size)
        self._keys = create_string_buffer(_KEY * len(rows) // WIDTH)
        self._made = c_int64()
        self._first = addressof(rows)
        self._rest = tuple(map(addressof, (self._owner, self._counted, self._keys, self._made)))

    def named(self, n: int, count: int, memo: Memo, thread: str) -> int:
        """Names the requests of up to `count` rows from `n` on; gives how many rows it took."""
        prefix, by_chain, half = request_keys.owner(memo, thread, memo.get("logged", ""))
        raw = prefix.encode("utf-8", "surrogatepass")
        total, began = memo.get("total"), memo.get("began", "").encode()
        told = (*(total or (0,) * 6), total is not None, len(began), memo.get("chain", "").encode())
        try:
            _COUNTED.pack_into(self._counted, 0, *told, began)
        except struct.error:  # a count beyond 64 bits
            return 0
        if len(began) > _LONGEST:
            return 0
        _OWNER.pack_into(self._owner, 0, len(raw), by_chain, half)
        taken: int = self._name(self._first + n * ROW.size, count, raw, *self._rest)
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

    def run(self, n: int, chunk: Chunk) -> Run:
        """The requests of the rows that were taken from `n` on."""
        count = self._made.value
        first, end, numbers = n * WIDTH, (n + count) * WIDTH, self._numbers
        at, lines = (numbers[first + c : end : WIDTH].tolist() for c in (_TIME, _LINE))
        if at and (min(at) < EARLIEST or max(at) > chunk.seen):
            at = [held(one, chunk.seen) for one in at]
        whole, read, write, output, reasoning = (
            numbers[first + c : end : WIDTH].tolist() for c in range(_COUNTS, _COUNTS + 5)
        )
        thought = [*map(min, reasoning, output)]
        raw = self._keys.raw
        return Run(
            keys=[raw[k : k + _KEY] for k in range(0, count * _KEY, _KEY)],
            tokens=[
                *map(
                    Tokens._make, zip(whole, read, write, [0] * count, output, thought, strict=True)
                )
            ],
            at=at,
            tools=self._tools(first, end, chunk.data),
            offsets=[chunk.offset + line for line in lines],
        )

    def _tools(self, first: int, end: int, data: bytes) -> list[tuple[ToolUse, ...]]:
        numbers = self._numbers
        starts, ends, failed, failures = (
            numbers[first + c : end : WIDTH].tolist() for c in (_TOOL, _TOOL + 1, _FAILED, _FAILURE)
        )
        hashes = _HASHES.iter_unpack(self._rows[first * 8 : end * 8])
        return [
            ()
            if error < 0
            else (
                ToolUse(
                    data[a:b].decode() or SHELL,
                    hashed.hex(),
                    bool(error),
                    told_outcome(result, error, failure),
                ),
            )
            for a, b, error, failure, (hashed, result) in zip(
                starts, ends, failed, failures, hashes, strict=True
            )
        ]


def told_outcome(result: bytes, failed: int, kind: int) -> str:
    """A result's hash, as `fingerprints.outcome` gives it."""
    if not failed:
        return result.hex()
    return result.hex() + KIND + (f"{kind:08x}" if kind >= 0 else "")
