"""Finds the lines of a transcript that matter, by needles and by the head that its lines share.

Half of all lines say nothing of a request or a turn, and half of all bytes are results of tools:
neither is decoded. What is not as regular as Claude Code writes it goes the careful way. It counts
and decides nothing.
"""

import re
from collections.abc import Container, Iterator

from costtop.named_tuples import NamedTuple
from costtop.sources.fold.json_lines import has_negative_zero as is_there
from costtop.sources.fold.json_lines import marked_lines

USAGE, USER, OTHER = 0, 1, 2  # marks of lines
COMMON = (b'"output_tokens"', b'"user"')
_RARE = (b'"subtype"', b'"pr-link"', b'"last-prompt"', b'"worktree-state"')
_IDLE = re.compile(  # top-level fields up to a type that says nothing of a turn
    rb'\{(?:"(?!type)\w++":(?:"[^"\\]*+"|null|true|false),)*+'
    rb'"type":"(?:progress|attachment|file-history-snapshot)"'
).match
_USER_TYPE = b'user"'
_TYPES = (b'progress"', b'attachment"', _USER_TYPE)
_SNAPSHOT = b'{"type":"file-history-snapshot"'
_PARENT, _NAME = b'{"parentUuid":"', 51  # the 36 characters of a UUID end there
_HEAD = re.compile(
    rb'\{"parentUuid":"[^"\\]{36}'
    rb'("(?:,"(?!type)\w++":(?:"[^"\\]*+"|null|true|false))*+,"type":")'
).match
_TYPE, _MESSAGE = b'"type":"', b'"message":{'
_OPEN, _CLOSE = b"{}"
_COUNTS = b'"usage":{'

LONG = 2 << 10  # bytes of a line from which it pays not to decode it
_RESULT = re.compile(
    rb'user","message":\{"role":"user","content":\[\{'
    rb'(?:"tool_use_id":"([\w-]{1,200})","type":"tool_result"'
    rb'|"type":"tool_result","tool_use_id":"([\w-]{1,200})"),"content":'
).match
_AFTER = b']},"uuid":"'  # no text holds it: a quote in a text is escaped
_TIME = re.compile(rb'\]\},"uuid":"[^"\\]{1,64}","timestamp":"([^"\\]{1,40})"[,}]').match
_FAILED, _RIGHT = b',"is_error":true}', b',"is_error":false}'
_INTERRUPTED = b'"[Request interrupted by user'
_END_OF_LINE, _END = b'"uuid":"', 85  # with the 36 and the 24 characters of a UUID and a time


class LongResult(NamedTuple):
    """The result of one tool, of which nothing was decoded."""

    tool: str
    start: int  # of the content, raw JSON; 0 where nobody waits for it
    end: int
    error: bool
    at: str
    side: bool  # of a side chain


class LineHeads:
    """The fields that the lines of one transcript have between their parent and their type."""

    __slots__ = ("_reply", "_shared")

    def __init__(self) -> None:
        self._shared = self._reply = b"\n"  # of no line

    def type_at(self, data: bytes, start: int, end: int) -> int:
        """Where the top-level type of the line at `start` is named; 0 where that is not known."""
        if not (
            data.startswith(self._shared, start + _NAME)
            and data.find(b'"', start + len(_PARENT)) == start + _NAME
            and data.startswith(_PARENT, start)
            and data.find(b"\\", start + len(_PARENT), start + _NAME) < 0
        ):
            if data.startswith(self._reply, start + _NAME):
                return 0  # a reply names its type behind its message
            head = _HEAD(data, start, end)
            if head is None:
                return 0
            self._shared = head[1]
            self._reply = head[1][: -len(_TYPE)] + _MESSAGE
        return start + _NAME + len(self._shared)

    def is_side(self) -> bool:
        """Whether the line that was looked at last is of a side chain."""
        return self._shared.find(b'"isSidechain":true') >= 0


def lines(data: bytes, heads: LineHeads) -> Iterator[tuple[int, int, int]]:
    """(start, end, mark) of each line that holds a needle or is no JSON; see `marked_lines`."""
    start, size, find, usage = 0, len(data), data.find, -1
    while start < size:
        end = find(b"\n", start)
        if end < 0:
            end = size
        if data[start] != _OPEN or data[end - 1] != _CLOSE:
            yield from with_care(data, start, end)
        elif (kind := heads.type_at(data, start, end)) and data.startswith(_TYPES, kind):
            if data.startswith(_USER_TYPE, kind):
                yield start, end, USER
        else:
            if usage < start and (usage := find(COMMON[USAGE], start)) < 0:
                usage = size
            if usage < end:
                yield start, end, USAGE
            elif not data.startswith(_SNAPSHOT, start):
                yield from with_care(data, start, end)
        start = end + 1


def with_care(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The same for one line of which nothing is known."""
    for first, last, mark in marked_lines(data[start:end], COMMON, _RARE, _IDLE):
        yield start + first, start + last, mark


def long_result(
    data: bytes, start: int, end: int, heads: LineHeads, waiting: Container[str]
) -> LongResult | None:
    """The tool's result in a user's line; None where the line has to be decoded to know it.

    What follows the time, a second telling of the same result, is not looked at.
    """
    kind = heads.type_at(data, start, end)
    head = _RESULT(data, kind, end) if kind else None
    if head is None:
        return None
    first = head.end()
    after = data.find(_AFTER, first, end)
    time = _TIME(data, after, end) if after >= 0 else None
    if time is None or data.find(_INTERRUPTED, max(first, after - 200), after) >= 0:
        return None
    tool, at = (head[1] or head[2]).decode("ascii"), time[1].decode("ascii", "replace")
    if tool not in waiting:
        return LongResult(tool, 0, 0, False, at, heads.is_side())
    failed = data.endswith(_FAILED, first, after)
    tail = _FAILED if failed else _RIGHT if data.endswith(_RIGHT, first, after) else b"}"
    last = after - len(tail)
    if not data.endswith(tail, first, after) or not _is_alone(data, first, last):
        return None
    return LongResult(tool, first, last, failed, at, heads.is_side())


def _is_alone(data: bytes, start: int, end: int) -> bool:
    """Whether what stands there is one text or one list, with no other field behind it."""
    both = data[start : start + 1] + data[end - 1 : end]
    if end - start < 2 or both not in (b'""', b"[]"):
        return False
    return data.find(b'","' if both == b'""' else b'],"', start, end) < 0


def has_negative_zero(line: bytes) -> bool:
    """The same as `json_lines.has_negative_zero` of a line's usage, without its regular end.

    The usage is looked for from behind: what a reply says stands before it and is long.
    """
    end = len(line) - _END if line.startswith(_END_OF_LINE, len(line) - _END) else len(line)
    start = max(line.rfind(_COUNTS, 0, end), 0)
    return line.find(b"-", start, end) >= 0 and is_there(line, b'"usage"')
