"""Reads a chunk of a transcript with the compiled part, and hands what it says to the fold.

The compiled part (`costtop/native/c/claude.h`) reads what is regular and answers in numbers: steps,
each a kind and its numbers. Here they become the same values that decoded rows give; a line that is
not regular is decoded after all. Nothing is remembered from one chunk to the next.
"""

from array import array
from collections.abc import Callable
from ctypes import CDLL, c_char_p, c_int32, c_int64, c_size_t, c_void_p
from functools import cache
from typing import Any

import msgspec

from costtop.model import Tokens
from costtop.sources.claude.replies import AskedTool, Manner, Told, Whose
from costtop.sources.claude.tokens import text
from costtop.sources.claude.tool_results import note_of
from costtop.sources.claude.transcript_fold import Fold
from costtop.sources.claude.transcript_lines import USER, LineHeads, with_care
from costtop.sources.claude.transcript_turns import Prompt
from costtop.sources.fold.fingerprints import KIND, outcome
from costtop.sources.fold.source import Chunk

_ROOM = 1 << 15  # numbers: enough for most chunks
_STOPS = (None, "", "end_turn", "stop_sequence", "tool_use")  # by the number of each
_SIDES = {0: False, 1: True, -1: None}
_NOTED = ("Bash", "Task", "Agent", "WebSearch")
_NOT_HASHED = -2  # for a kind of failure


def read(compiled: CDLL, chunk: Chunk, fold: Fold, heads: LineHeads) -> None:
    """Hands all that the chunk says to `fold`."""
    numbers = _scanner(compiled).numbers(chunk, fold.session_given)
    _Steps(chunk, fold, heads).take(numbers)


@cache
def _scanner(compiled: CDLL) -> "_Scanner":
    return _Scanner(compiled)


class _Scanner:
    """The compiled function, and the room for its answers, which is kept."""

    def __init__(self, compiled: CDLL) -> None:
        self._find = compiled.costtop_claude
        self._find.restype = c_int64
        self._find.argtypes = (c_char_p, c_size_t, c_int64, c_int32, c_void_p, c_size_t)
        self._out = array("q", bytes(8 * _ROOM))

    def numbers(self, chunk: Chunk, named: bool) -> list[int]:
        """The steps of a chunk; `named` says whether its name tells its session."""
        while True:
            room, size = self._out.buffer_info()
            found: int = self._find(chunk.data, len(chunk.data), chunk.seen, named, room, size)
            if found <= size:
                return memoryview(self._out)[:found].tolist()
            self._out = array("q", bytes(8 * found))


class _Steps:
    """The steps of one chunk, and what the last of them said for those that follow."""

    def __init__(self, chunk: Chunk, fold: Fold, heads: LineHeads) -> None:
        self._data, self._start = chunk.data, chunk.offset
        self._fold, self._heads = fold, heads
        self._whose = Whose()
        self._manner = Manner("")
        self._short: tuple[str, str] | None = None  # id and first row of the reply that comes

    def take(self, numbers: list[int]) -> None:
        """Takes all steps, each as `claude_step` of claude.h says."""
        kinds: tuple[Callable[[list[int], int], int], ...] = (
            self._careful,
            self._session,
            self._told_whose,
            self._told_manner,
            self._reply,
            self._result,
            self._ended,
            self._prompt,
            self._told_short,
        )
        at, size = 0, len(numbers)
        while at < size:
            at = kinds[numbers[at]](numbers, at + 1)

    def _careful(self, numbers: list[int], at: int) -> int:
        start, end, user = numbers[at : at + 3]
        if user:
            self._fold.line(start, end, USER, self._heads)
        else:
            for first, last, mark in with_care(self._data, start, end):
                self._fold.line(first, last, mark, self._heads)
        return at + 3

    def _session(self, numbers: list[int], at: int) -> int:
        self._fold.about(text(self._text(numbers, at)))
        return at + 2

    def _told_whose(self, numbers: list[int], at: int) -> int:
        *texts, side = range(at, at + 15, 2)
        said = [self._text(numbers, one) for one in texts]
        self._whose = Whose._make([*said, _SIDES[numbers[side]]])
        return at + 15

    def _told_manner(self, numbers: list[int], at: int) -> int:
        self._manner = Manner(*[self._text(numbers, one) or "" for one in range(at, at + 8, 2)])
        return at + 8

    def _text(self, numbers: list[int], at: int) -> str | None:
        """The text of which the two numbers there tell where it stands."""
        start, end = numbers[at : at + 2]
        found: str | None = None
        if start >= 0:
            found = msgspec.json.decode(b'"%b"' % self._data[start:end], type=str)
        return found

    def _reply(self, numbers: list[int], at: int) -> int:
        (
            offset, half, request, request_end, first, last, stop, asks, placeholder, searches,
            whole, read, write, long, output, thinking, count,
        ) = numbers[at : at + 17]  # fmt: skip
        at += 17
        tools: list[AskedTool] = []
        for _ in range(count):
            tools.append(self._tool(numbers[at : at + 8]))
            at += 8
        whose, fold, make = self._whose, self._fold, tuple.__new__
        asked = self._data[request:request_end].decode() if request >= 0 else None
        told: Any = (
            whose,
            self._manner,
            make(Tokens, (whole, read, write, long, output, thinking)),
            asked or "",
            self._start + offset,
            first,
            last,
            _STOPS[stop],
            asks == 1,
            tools,
            searches,
            placeholder == 1,
            whose.side is True,
            False,
            None,
            None,
        )
        if self._short is None:
            key = fold.global_key(half.to_bytes(8, "little", signed=True))
        else:
            key, self._short = fold.short_key(*self._short, asked, whose.side is True), None
        fold.reply(key, make(Told, told))
        return at

    def _told_short(self, numbers: list[int], at: int) -> int:
        start, end, row, row_end = numbers[at : at + 4]
        self._short = (self._data[start:end].decode(), self._data[row:row_end].decode())
        return at + 4

    def _tool(self, numbers: list[int]) -> AskedTool:
        start, end, name_start, name_end, first, last, hashed, searches = numbers
        data, note = self._data, None
        name = data[name_start:name_end].decode()
        if name in _NOTED:
            note = note_of(name, data[first:last], None if searches else self._manner.model)
        return AskedTool(data[start:end].decode(), name, _hex(hashed, 8), note)

    def _result(self, numbers: list[int], at: int) -> int:
        start, end, first, last, content, content_end = numbers[at : at + 6]
        time, error, side, hashed, kind = numbers[at + 6 : at + 11]
        tool, told = self._data[first:last].decode(), ""
        if tool in self._fold.waiting:
            if kind == _NOT_HASHED:
                told = outcome(self._data[content:content_end], error == 1)
            else:
                told = _hex(hashed, 8)
                if error:
                    told += KIND + (_hex(kind, 4) if kind >= 0 else "")
        if not self._fold.result(tool, error == 1, told, time, side == 1):
            self._fold.line(start, end, USER, self._heads)
        return at + 11

    def _ended(self, numbers: list[int], at: int) -> int:
        self._fold.turn_over(numbers[at], bool(numbers[at + 1]))
        return at + 2

    def _prompt(self, numbers: list[int], at: int) -> int:
        start, end, name, name_end, parent, parent_end, time, side = numbers[at : at + 8]
        data = self._data
        task, uuid = data[name:name_end].decode() if name >= 0 else "", data[start:end].decode()
        follows = data[parent:parent_end].decode("ascii", "replace")
        self._fold.prompt(Prompt(task, uuid, uuid, follows, time), side == 1)
        return at + 8


def _hex(number: int, size: int) -> str:
    return number.to_bytes(size, "little", signed=size == 8).hex()
