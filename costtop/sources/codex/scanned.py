"""Reads a rollout's regular records as the compiled part hands them over: rows of numbers.

What a row holds is said in costtop/native/c/codex.h. Its lines are proved to say just that; all
others are handed over as they stand, in their order, and are decoded as if there were no rows.
Counts that follow each other are taken together (`request_runs`), where nothing stands against it.
"""

from collections.abc import Callable
from ctypes import CDLL, POINTER, Array, byref, c_char_p, c_int64, c_size_t
from functools import cache
from struct import Struct
from typing import Any

from costtop.sources.codex.request_runs import RequestRuns
from costtop.sources.codex.thread import Thread
from costtop.sources.codex.tool_calls import SHELL
from costtop.sources.fold.fingerprints import KIND
from costtop.sources.fold.source import Chunk
from costtop.sources.fold.times import EARLIEST, held

Lines = Callable[[bytes, int], None]
"""Takes whole lines that stand at an offset of the file."""
_Row = tuple[Any, ...]

WIDTH = 29  # numbers of a row
ROWS = 1024  # in one go
_ROW = Struct("=27q8s8s")
CAREFUL, _, _ASKED, ANSWERED, _USED, LIMITS, _COUNTED, _REQUEST, *_TURNS = range(11)
_STARTED, _COMPLETED, _CONTEXT = _TURNS
_SAID = {_REQUEST: 8, _STARTED: 2, _COMPLETED: 2, _CONTEXT: 6}  # numbers of names
_SPANS, _TOTAL, _COUNTS, _TOOL = slice(3, 11), slice(5, 11), slice(11, 17), slice(18, 29)
_LINE, _LEFT, FAILED, _ANSWERED_AT = 2, 17, 24, 26


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
    scan, out, runs = _scanner(compiled)
    rows = _Rows(chunk, thread, lines, out, runs)
    while place.value < size:
        rows.take(scan(data, size, out, ROWS, byref(place)))


@cache
def _scanner(compiled: CDLL) -> "tuple[Any, Array[c_int64], RequestRuns]":
    """The scan, where it writes rows, and who takes runs of them.

    One room is enough: rows are taken before the next are asked for.
    """
    out = (c_int64 * (WIDTH * ROWS))()
    return bound(compiled), out, RequestRuns(compiled, out)


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

    def __init__(
        self, chunk: Chunk, thread: Thread, lines: Lines, out: "Array[c_int64]", runs: RequestRuns
    ) -> None:
        self._chunk, self._thread, self._lines = chunk, thread, lines
        self._rows, self._runs = memoryview(out).cast("B"), runs
        self._limits = 0  # where those stand that were told last

    def take(self, count: int) -> None:
        """Takes rows in their order."""
        thread, seen, n = self._thread, self._thread.seen, 0
        while n < count:
            row = _ROW.unpack_from(self._rows, n * _ROW.size)
            kind, told, *_ = row
            n += 1
            if kind == CAREFUL:
                start, end = row[_SPANS][:2]
                self._lines(self._chunk.data[start:end], self._chunk.offset + start)
                self._limits = 0  # these lines may have told others
                continue
            at = told if EARLIEST <= told <= seen else held(told, seen)
            thread.at = told or at
            if kind == _COUNTED:
                n += self._counted(n - 1, row, at)
            elif kind in (_ASKED, ANSWERED, _USED):
                self._tool(kind, row, at)
            else:
                self._say(kind, row, at)

    def _counted(self, n: int, row: _Row, at: int) -> int:
        """Takes a count, and at once those that follow it where that can be; how many of them."""
        thread, memo, taken = self._thread, self._thread.memo, 0
        if not (thread.tools.asked or memo.get("records") or thread.replaying()):
            place = n * _ROW.size
            taken = self._runs.take(self._chunk, place, row[_LEFT], memo, thread.name)
        if not taken and row[FAILED] >= 0:
            self._tool(_USED, row, held(row[_ANSWERED_AT], thread.seen))
        self._tell_limits(row[_SPANS], at)
        if not taken:
            offset = self._chunk.offset + row[_LINE]
            thread.counted(row[_TOTAL], row[_COUNTS], "", at, offset)
            return 0
        self._runs.remember(memo)
        thread.ran(self._runs.requests())
        return taken - 1

    def _tool(self, kind: int, row: _Row, at: int) -> None:
        """Takes a tool call, its answer, or both."""
        a, b, c, d, start, end, failed, failure, _, arguments, result = row[_TOOL]
        data, tools, memo = self._chunk.data, self._thread.tools, self._thread.memo
        call_id, name, hashed = data[a:b].decode(), data[c:d].decode() or SHELL, arguments.hex()
        if kind == _ASKED:
            tools.ask(call_id, name, hashed)
            return
        told = _outcome(result, failed, failure)
        if kind == ANSWERED:
            if told_of := tools.answer(call_id, bool(failed), data, slice(start, end), told):
                self._thread.events.append(told_of)
        elif not tools.use(call_id, name, hashed, bool(failed), told):
            tools.ask(call_id, name, hashed)
            tools.answer(call_id, bool(failed), data, slice(start, end), told)
        memo["asked"] = at

    def _say(self, kind: int, row: _Row, at: int) -> None:
        """What comes once a turn, or with a response's id."""
        thread, spans = self._thread, row[_SPANS]
        if kind == LIMITS:
            self._tell_limits(spans, at)
            return
        first, *more = self._names(spans[: _SAID[kind]])
        if kind == _CONTEXT:
            cwd, model = more
            thread.context(first, cwd, model, at)
        elif kind == _STARTED:
            thread.begins(first, at, fresh=True)
            thread.memo["asked"] = at
        elif kind == _COMPLETED:
            thread.finishes(first, "completed", at)
        elif kind == _REQUEST:
            thread.model(first)
            turn, response, session = more
            used, offset = row[_COUNTS], self._chunk.offset + row[_LINE]
            thread.requested(response, turn, session, used, used, at, offset)

    def _names(self, spans: _Row) -> list[str]:
        data = self._chunk.data
        return [data[a:b].decode() for a, b in zip(spans[::2], spans[1::2], strict=True)]

    def _tell_limits(self, spans: _Row, at: int) -> None:
        """Those that stand where the last ones did say the same."""
        start, end = spans[:2]
        if start and start != self._limits and not self._thread.replaying():
            self._limits = start
            self._thread.rate_limits(self._chunk.data[start:end], at)


def _outcome(result: bytes, failed: int, kind: int) -> str:
    """A result's hash, as `fingerprints.outcome` gives it."""
    if not failed:
        return result.hex()
    return result.hex() + KIND + (f"{kind:08x}" if kind >= 0 else "")
