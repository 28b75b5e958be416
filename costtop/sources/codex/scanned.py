"""Reads a rollout's regular records as the compiled part hands them over: rows of numbers.

What a row holds is said in costtop/native/c/codex.h. Its lines are proved to say just that; all
others are handed over as they stand, in their order, and are decoded as if there were no rows.
"""

from collections.abc import Callable
from ctypes import CDLL, POINTER, Array, byref, c_char_p, c_int64, c_size_t
from functools import cache
from struct import Struct
from typing import Any

from costtop.sources.codex.thread import Thread
from costtop.sources.codex.tool_calls import SHELL
from costtop.sources.fold.fingerprints import KIND
from costtop.sources.fold.source import Chunk
from costtop.sources.fold.times import EARLIEST, held

Lines = Callable[[bytes, int], None]
"""Takes whole lines that stand at an offset of the file."""

WIDTH = 19  # CODEX_ROW: numbers of a row
_ROW = Struct("=17q8s8s")
_ROWS = 2048  # in one go
CAREFUL, _, _ASKED, ANSWERED, _USED, _LIMITS, _COUNTED, _REQUEST, *_TURNS = range(11)
_STARTED, _COMPLETED, _CONTEXT = _TURNS


def bound(compiled: CDLL) -> Any:
    """`costtop_codex`: (data, size, out, rows that fit, place) -> rows; the place moves."""
    scan = compiled.costtop_codex
    scan.argtypes = [c_char_p, c_size_t, POINTER(c_int64), c_size_t, POINTER(c_size_t)]
    scan.restype = c_int64
    return scan


def read(compiled: CDLL, chunk: Chunk, thread: Thread, lines: Lines) -> None:
    """Tells the thread what the chunk's lines say; `lines` takes those that are not regular."""
    data, size = chunk.data, len(chunk.data)
    place = c_size_t(_begun(chunk, thread, lines))
    scan, out = bound(compiled), _room()
    view = memoryview(out).cast("B")
    rows = _Rows(chunk, thread, lines)
    while place.value < size:
        count = scan(data, size, out, _ROWS, byref(place))
        rows.take(view[: count * _ROW.size])


@cache
def _room() -> "Array[c_int64]":
    """Where rows are written: one is enough, for they are taken before the next are asked for."""
    return (c_int64 * (WIDTH * _ROWS))()


def _begun(chunk: Chunk, thread: Thread, lines: Lines) -> int:
    """Where the lines begin that come after the thread's first record, which says when it began."""
    data, at = chunk.data, 0
    while at < len(data) and "start" not in thread.memo:
        end = data.find(b"\n", at) + 1 or len(data)
        lines(data[at:end], chunk.offset + at)
        at = end
    return at


class _Rows:
    """Takes the rows of a chunk."""

    def __init__(self, chunk: Chunk, thread: Thread, lines: Lines) -> None:
        self._data, self._offset = chunk.data, chunk.offset
        self._thread, self._lines = thread, lines
        self._limits = 0  # where those stand that were told last

    def take(self, rows: memoryview) -> None:
        """Takes rows in their order."""
        data, thread, seen = self._data, self._thread, self._thread.seen
        memo, tools = thread.memo, thread.tools
        for row in _ROW.iter_unpack(rows):
            kind, told, start, a, b, c, d, e, f, g, h, i, j, k, m, n, o, arguments, result = row
            if kind == CAREFUL:
                self._lines(data[start:a], self._offset + start)
                continue
            at = told if EARLIEST <= told <= seen else held(told, seen)
            thread.at = told or at
            if kind == _USED:
                call_id, name = data[a:b].decode(), data[c:d].decode() or SHELL
                hashed = _outcome(result, g, h)
                if not tools.use(call_id, name, arguments.hex(), bool(g), hashed):
                    tools.ask(call_id, name, arguments.hex())
                    tools.answer(call_id, bool(g), data, slice(e, f), hashed)
                memo["asked"] = at
            elif kind == _COUNTED:
                self._tell_limits(a, b, at)
                thread.counted((c, d, e, f, g, h), (i, j, k, m, n, o), "", at, self._offset + start)
            elif kind == _REQUEST:
                model, turn, response, session = self._names(a, b, c, d, e, f, g, h)
                used = (i, j, k, m, n, o)
                thread.model(model)
                thread.requested(response, turn, session, used, used, at, self._offset + start)
            elif kind == _ASKED:
                tools.ask(data[a:b].decode(), data[c:d].decode() or SHELL, arguments.hex())
            elif kind == ANSWERED:
                hashed = _outcome(result, g, h)
                if told_of := tools.answer(data[a:b].decode(), bool(g), data, slice(e, f), hashed):
                    thread.events.append(told_of)
                memo["asked"] = at
            else:
                self._say(kind, (a, b, c, d, e, f), at)

    def _say(self, kind: int, spans: tuple[int, ...], at: int) -> None:
        """What comes once a turn."""
        thread = self._thread
        if kind == _LIMITS:
            self._tell_limits(spans[0], spans[1], at)
            return
        turn, cwd, model = self._names(*spans)
        if kind == _CONTEXT:
            thread.context(turn, cwd, model, at)
        elif kind == _STARTED:
            thread.begins(turn, at, fresh=True)
            thread.memo["asked"] = at
        elif kind == _COMPLETED:
            thread.finishes(turn, "completed", at)

    def _names(self, *spans: int) -> list[str]:
        return [self._data[a:b].decode() for a, b in zip(spans[::2], spans[1::2], strict=True)]

    def _tell_limits(self, start: int, end: int, at: int) -> None:
        """Those that stand where the last ones did say the same."""
        if start and start != self._limits and not self._thread.replaying():
            self._limits = start
            self._thread.rate_limits(self._data[start:end], at)


def _outcome(result: bytes, failed: int, kind: int) -> str:
    """A result's hash, as `fingerprints.outcome` gives it."""
    if not failed:
        return result.hex()
    return result.hex() + KIND + (f"{kind:08x}" if kind >= 0 else "")
