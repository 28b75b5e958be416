"""Reads what is new in one file, in pieces, each with the place that goes into its transaction.

It does not know what the bytes mean, and it stores nothing: a crash between two pieces loses
nothing, because the place moves only with the rows of its piece.
"""

import json
import time
from collections.abc import Iterator
from contextlib import closing

from costtop.named_tuples import NamedTuple
from costtop.tail.content import Content, UnreadableFile, opened
from costtop.tail.find import RACY
from costtop.tail.fingerprint import INT63, digest, holds, stamped
from costtop.tail.lines import CHUNK, LIMIT, Cut, cut
from costtop.tail.place import HEAD, MARKER, Place
from costtop.tail.roots import Seen
from costtop.tail.rotation import DOCUMENT_LIMIT

_PADDING = b" \t\r\0\xef\xbb\xbf"  # blanks, NULs of a crashed disk, byte order mark
BUDGET = 4 << 20  # bytes of one file at a turn, so that a busy log does not starve the others


class Piece(NamedTuple):
    """Whole lines at `offset`, and the `place` after them."""

    data: bytes  # each line ends in a newline; empty if only the place moved
    offset: int
    place: Place
    more: bool = False  # the budget ended here, not the file
    overlong: int | None = None  # where a line starts that is too long and was passed over
    rest: bytes = b""  # the half line that waits; for a caller that sees the file vanish
    last: bytes = b""  # a record without its newline in a quiet file: `place` stays before it


def pieces(
    place: Place,
    budget: int = BUDGET,
    *,
    final: bool = False,
    chunk: int = CHUNK,
    limit: int = LIMIT,
) -> Iterator[Piece]:
    """The whole lines after `place`, about `chunk` bytes a piece, up to `budget` bytes.

    `final` takes a last line without newline as complete. Nothing comes if the file is gone or no
    longer holds what was read: comparing it anew tells. Never raises.
    """
    try:
        with closing(opened(place.path)) as content:
            if holds(content, place):
                yield from _pieces(content, place, budget, final, chunk, limit)
    except UnreadableFile:
        return


def document(place: Place, limit: int = DOCUMENT_LIMIT) -> Piece | None:
    """The whole file at `place.path`, or None if it cannot be read or is larger than `limit`."""
    try:
        with closing(opened(place.path)) as content:
            data = content.at(0, limit + 1)
            after = stamped(place, content, time.time_ns())
    except UnreadableFile:
        return None
    if len(data) > limit:
        return None
    if len(data) != after.size and not place.path.endswith(b".gz"):
        after = after._replace(mtime=0)  # it is being written: look again
    return Piece(data, 0, after._replace(offset=len(data)))


def rows_place(seen: Seen, place: Place, now: int | None = None) -> Place:
    """The place of a database that was asked after `seen`: its path and stat are all there is."""
    now = time.time_ns() if now is None else now
    mtime = seen.mtime if now - seen.mtime > RACY else 0
    dev, ino = seen.dev & INT63, seen.ino & INT63
    return place._replace(dev=dev, ino=ino, size=seen.size, mtime=mtime, gone=0)


def _pieces(
    content: Content, place: Place, budget: int, final: bool, chunk: int, limit: int
) -> Iterator[Piece]:
    start = place
    while True:
        found = cut(content.at, place.offset, place.skipping, chunk, limit)
        if found.done and final:
            found = _completed(content, found, limit)
        before, place = place, _after(content, place, found)
        budget -= place.offset - before.offset
        now = time.time_ns()
        place = stamped(place, content, now) if found.done else place._replace(mtime=0)
        last = _last(content, found, limit) if found.done and place.mtime else b""
        half = bool(last) and not _is_record(last)
        if half != place.half:
            place = place._replace(half=half)
        more = not found.done and budget <= 0
        if found.data or not found.done or place != start:
            yield Piece(
                data=found.data,
                offset=found.start,
                place=place,
                more=more,
                overlong=found.overlong,
                rest=found.rest,
                last=b"" if place.half else last,
            )
        if found.done or more:
            return


def _completed(content: Content, found: Cut, limit: int) -> Cut:
    """`found` with the last line as if it had its newline."""
    rest = content.at(found.end, limit)
    if found.skipping or not rest:
        return found
    end = found.end + len(rest)
    text = rest + b"\n" if rest.strip(b"\0") else b""
    return found._replace(data=found.data + text, end=end, rest=b"")


def _last(content: Content, found: Cut, limit: int) -> bytes:
    """What stands behind the last newline of a file that has been quiet."""
    size = content.stat.st_size - found.end
    if found.skipping or size <= 0:
        return b""
    rest = content.at(found.end, min(size, limit + 1)).rstrip(b"\0")  # what a writer has reserved
    return rest if len(rest) <= limit and rest.strip(_PADDING) else b""


def _is_record(line: bytes) -> bool:
    """Whether a line is a JSON object from its first brace to its last: no half of one is."""
    text = line.strip(_PADDING)
    if not (text.startswith(b"{") and text.endswith(b"}")):
        return False
    try:
        json.loads(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return True


def _seen(content: Content, found: Cut, offset: int, length: int) -> bytes:
    """What stands at `offset`: of what was read just now where that holds it, as mostly."""
    start, size = offset - found.start, len(found.data)
    if start >= 0 and start + length <= size == found.end - found.start:
        return found.data[start : start + length]
    return content.at(offset, length)


def _after(content: Content, place: Place, found: Cut) -> Place:
    """`place` moved to the end of what was found, with new hashes."""
    offset = found.end
    if offset == place.offset:
        return place
    length, head_length, head = min(MARKER, offset), place.head_length, place.head
    marker = digest(_seen(content, found, offset - length, length))
    if head_length < HEAD:
        head_length = min(HEAD, offset)
        head = digest(_seen(content, found, 0, head_length))
    return place._replace(
        offset=offset,
        head_length=head_length,
        head=head,
        marker=marker,
        skipping=found.skipping,
    )
