"""Reads a chunk of a transcript with the compiled part, and hands what it says to the fold.

The compiled part (`costtop/native/c/claude.h`) reads what is regular and answers with steps, as
values that `marshal` makes at once. Here they become what decoded rows give; a line that is not
regular is decoded after all. Nothing is remembered from one chunk to the next.
"""

import marshal
from collections.abc import Callable
from ctypes import CDLL, c_char_p, c_int32, c_int64, c_size_t, create_string_buffer
from functools import cache, lru_cache
from typing import Any

import msgspec

from costtop.model import Tokens
from costtop.sources.claude.replies import Manner, Told, Whose
from costtop.sources.claude.tokens import text
from costtop.sources.claude.tool_results import note_of
from costtop.sources.claude.transcript_fold import Fold
from costtop.sources.claude.transcript_lines import USER, LineHeads, with_care
from costtop.sources.claude.transcript_turns import Prompt
from costtop.sources.fold.fingerprints import outcome
from costtop.sources.fold.source import Chunk
from costtop.sources.fold.tool_memory import Asked

_ROOM = 1 << 18  # bytes: enough for most chunks

Step = tuple[Any, ...]
"""Its kind, and what `claude_step` of claude.h names."""


def read(compiled: CDLL, chunk: Chunk, fold: Fold, heads: LineHeads) -> None:
    """Hands all that the chunk says to `fold`."""
    _Steps(chunk, fold, heads).take(_scanner(compiled).steps(chunk, fold.session_given))


@cache
def _scanner(compiled: CDLL) -> "_Scanner":
    return _Scanner(compiled)


class _Scanner:
    """The compiled function, and the room for its answers, which is kept."""

    def __init__(self, compiled: CDLL) -> None:
        self._find = compiled.costtop_claude
        self._find.restype = c_int64
        room = (c_char_p, c_size_t)
        self._find.argtypes = (c_char_p, c_size_t, c_int64, c_int64, c_int32, *room)
        self._out = create_string_buffer(_ROOM)

    def steps(self, chunk: Chunk, named: bool) -> list[Step]:
        """The steps of a chunk; `named` says whether its name tells its session."""
        data = chunk.data
        while True:
            out, room = self._out, len(self._out)
            size = self._find(data, len(data), chunk.offset, chunk.seen, named, out, room)
            if size <= room:
                found: list[Step] = marshal.loads(memoryview(out)[:size])  # noqa: S302 - our own
                return found
            self._out = create_string_buffer(size)


class _Steps:
    """The steps of one chunk, and what the last of them said for those that follow."""

    def __init__(self, chunk: Chunk, fold: Fold, heads: LineHeads) -> None:
        self._data = chunk.data
        self._fold, self._heads = fold, heads
        self._whose = Whose()
        self._manner = Manner("")
        self._short: tuple[str, str] | None = None  # id and first row of the reply that comes

    def take(self, steps: list[Step]) -> None:
        """Takes all steps, each by its kind."""
        kinds: tuple[Callable[[Step], None], ...] = (
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
        for step in steps:
            kinds[step[0]](step)

    def _careful(self, step: Step) -> None:
        _, start, end, user = step
        if user:
            self._fold.line(start, end, USER, self._heads)
        else:
            for first, last, mark in with_care(self._data, start, end):
                self._fold.line(first, last, mark, self._heads)

    def _session(self, step: Step) -> None:
        self._fold.about(text(_decoded(step[1])))

    def _told_whose(self, step: Step) -> None:
        _, *texts, side = step
        self._whose = Whose._make([*map(_decoded, texts), side])

    def _told_manner(self, step: Step) -> None:
        self._manner = Manner(*step[1:])

    def _reply(self, step: Step) -> None:
        _, plain, regular, noted, asked, placeholder, searches = step
        if noted:
            tools, *rest = plain
            plain = ([self._noted(*one) for one in tools], *rest)
        fold, whose, manner = self._fold, self._whose, self._manner
        if regular and fold.regular(plain, whose, manner):
            return
        tools, (key, first, *tokens, request, offset), last, stop, asks = plain
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
            asks,
            tools,
            searches,
            placeholder,
            yields=side,
        )
        if self._short is None:
            key = fold.global_key(key)
        else:
            key, self._short = fold.short_key(*self._short, asked, side), None
        fold.reply(key, told)

    def _noted(self, tool: str, name: str, arguments: str, where: Any) -> Asked:
        if where is None:
            return (tool, name, arguments, None)
        first, last, searches = where
        model = None if searches else self._manner.model
        return (tool, name, arguments, note_of(name, self._data[first:last], model))

    def _told_short(self, step: Step) -> None:
        _, name, row = step
        self._short = (name, row)

    def _result(self, step: Step) -> None:
        _, tool, told, time, error, side, start, end, content, content_end = step
        if told is None and tool in self._fold.waiting:
            told = outcome(self._data[content:content_end], error)
        if not self._fold.result(tool, error, told, time, side):
            self._fold.line(start, end, USER, self._heads)

    def _ended(self, step: Step) -> None:
        _, time, side = step
        self._fold.turn_over(time, side)

    def _prompt(self, step: Step) -> None:
        _, uuid, task, parent, time, side = step
        follows = parent.decode("ascii", "replace")
        self._fold.prompt(Prompt(task, uuid, uuid, follows, time), side)


@lru_cache(maxsize=1024)  # folders, branches, versions: the same in many logs
def _decoded(text: bytes | None) -> str | None:
    """A text that stands so in JSON."""
    return None if text is None else msgspec.json.decode(b'"%b"' % text, type=str)
