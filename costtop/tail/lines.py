"""Cuts the bytes of a growing log into whole lines. It opens nothing: it is handed a way to read.

The half line at the end waits. A line longer than the limit is passed over without ever being
held: a newline is looked for first, and only a line that has one near enough is read whole.
"""

from collections.abc import Callable

from costtop.named_tuples import NamedTuple

CHUNK = 1 << 20
LIMIT = 32 << 20  # bytes of one line; Claude and Codex write lines of 43 MB only by accident

At = Callable[[int, int], bytes]
"""`at(offset, length)` gives that many bytes of the log, fewer only where it ends."""


class Cut(NamedTuple):
    """What `cut` found: whole lines `data` at `start`, and where to go on."""

    data: bytes  # empty, or ends in a newline
    start: int
    end: int
    skipping: bool = False  # `end` is inside a line that is too long
    overlong: int | None = None  # where a line that is too long starts, told once
    done: bool = False  # the end of the log was reached
    rest: bytes = b""  # the half line that waits, if shorter than a chunk


def cut(at: At, offset: int, skipping: bool = False, chunk: int = CHUNK, limit: int = LIMIT) -> Cut:
    """The next whole lines from `offset` (a line's start, unless `skipping`): about `chunk` bytes.

    Any chunk size gives the same lines. Memory: one chunk, or one line of at most `limit` bytes.
    """
    data = at(offset, chunk)
    done = len(data) < chunk
    if skipping:
        return _skip(data, offset, done)
    if data.startswith(b"\0"):
        return _after_zeros(at, offset, chunk, limit)
    size = data.rfind(b"\n") + 1
    if size or done:
        return Cut(data[:size], offset, offset + size, done=done, rest=data[size:] if done else b"")
    return _long_line(at, offset, chunk, limit)


def _skip(data: bytes, offset: int, done: bool) -> Cut:
    """Goes on to the end of a line that is too long."""
    size = data.find(b"\n") + 1
    if not size:
        return Cut(b"", offset, offset + len(data), skipping=True, done=done)
    return Cut(b"", offset, offset + size, done=done and size == len(data))


def _long_line(at: At, offset: int, chunk: int, limit: int) -> Cut:
    """A line that does not fit into one chunk: whole, still waiting, or passed over."""
    here = offset + chunk
    while here - offset <= limit:
        block = at(here, chunk)
        size = block.find(b"\n") + 1
        if size and here + size - offset <= limit:
            end = here + size
            return Cut(at(offset, end - offset), offset, end)
        if size:
            return Cut(b"", offset, here + size, overlong=offset)
        if len(block) < chunk and here + len(block) - offset <= limit:
            return Cut(b"", offset, offset, done=True)
        here += len(block)
    return Cut(b"", offset, here, skipping=True, overlong=offset)


def _after_zeros(at: At, offset: int, chunk: int, limit: int) -> Cut:
    """Passes over NUL bytes at the start of a line, but only when something follows them.

    A writer that keeps its position through a copytruncate leaves such a hole before its next line.
    At the end of the log they may be space reserved for lines to come, so they wait.
    """
    here = offset
    while block := at(here, chunk):
        text = block.lstrip(b"\0")
        if text:
            return cut(at, here + len(block) - len(text), False, chunk, limit)
        here += len(block)
    return Cut(b"", offset, offset, done=True)
