"""Reads a chunk of a transcript with the compiled part, and hands what it says to the fold.

The compiled part (`costtop/native/c/claude.h`) reads what is regular and answers in numbers: steps,
each a kind and its numbers. Here they become the same values that decoded rows give; a line that is
not regular is decoded after all. Nothing is remembered from one chunk to the next.
"""

from collections.abc import Callable
from ctypes import CDLL
from itertools import islice

import msgspec

from costtop.model import Tokens
from costtop.sources.claude import native_tables
from costtop.sources.claude.native_tables import Tables
from costtop.sources.claude.replies import Manner, Told, Whose
from costtop.sources.claude.tokens import text
from costtop.sources.claude.tool_results import note_of
from costtop.sources.claude.transcript_fold import Fold
from costtop.sources.claude.transcript_lines import USER, LineHeads, with_care
from costtop.sources.claude.transcript_turns import Prompt
from costtop.sources.fold.fingerprints import KIND, outcome
from costtop.sources.fold.source import Chunk
from costtop.sources.fold.tool_memory import Asked

_SIDES = {0: False, 1: True, -1: None}
_NOTED = ("Bash", "Task", "Agent", "WebSearch")
_NOT_HASHED = -2  # for a kind of failure


def read(compiled: CDLL, chunk: Chunk, fold: Fold, heads: LineHeads) -> None:
    """Hands all that the chunk says to `fold`."""
    told = native_tables.tables(compiled, chunk, fold.session_given)
    _Steps(chunk, fold, heads, told).take(told.steps)


class _Steps:
    """The steps of one chunk, and what the last of them said for those that follow."""

    def __init__(self, chunk: Chunk, fold: Fold, heads: LineHeads, told: Tables) -> None:
        self._data = data = chunk.data
        self._fold, self._heads = fold, heads
        self._replies = native_tables.replies(data, chunk.offset, told.replies)
        self._tools = native_tables.tools(data, told.tools)
        self._results = native_tables.results(data, told.results)
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

    def _reply(self, _: list[int], at: int) -> int:
        own, regular, asked, last, stop, asks, placeholder, searches, count = next(self._replies)
        fold, whose, manner = self._fold, self._whose, self._manner
        tools = self._asked(count) if count else ()
        if regular and fold.regular((own, tools, last, stop, asks == 1), whose, manner):
            return at
        key, first, *tokens, request, offset = own
        side = whose.side is True
        told = Told(
            whose,
            manner,
            Tokens._make(tokens),
            request,
            offset,
            first,
            last,
            stop,
            asks == 1,
            tools,
            searches,
            placeholder == 1,
            yields=side,
        )
        if self._short is None:
            key = fold.global_key(key)
        else:
            key, self._short = fold.short_key(*self._short, asked, side), None
        fold.reply(key, told)
        return at

    def _asked(self, count: int) -> list[Asked]:
        asked: list[Asked] = []
        for tool, name, arguments, first, last, searches in islice(self._tools, count):
            note = None
            if name in _NOTED:
                model = None if searches else self._manner.model
                note = note_of(name, self._data[first:last], model)
            asked.append((tool, name, arguments, note))
        return asked

    def _told_short(self, numbers: list[int], at: int) -> int:
        start, end, row, row_end = numbers[at : at + 4]
        self._short = (self._data[start:end].decode(), self._data[row:row_end].decode())
        return at + 4

    def _result(self, _: list[int], at: int) -> int:
        (
            tool, hashed, start, end, content, content_end, time, error, side, kind
        ) = next(self._results)  # fmt: skip
        if tool not in self._fold.waiting:
            told = ""
        elif kind == _NOT_HASHED:
            told = outcome(self._data[content:content_end], error == 1)
        elif error:
            told = hashed + KIND + (_kind(kind) if kind >= 0 else "")
        else:
            told = hashed
        if not self._fold.result(tool, error == 1, told, time, side == 1):
            self._fold.line(start, end, USER, self._heads)
        return at

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


def _kind(number: int) -> str:
    return number.to_bytes(4, "little").hex()
