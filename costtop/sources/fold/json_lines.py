"""Finds the lines of a chunk that matter and decodes them. It knows no log format.

Searching bytes for a needle is ten times as fast as decoding JSON, so a line is decoded only when
it holds one. A needle is a JSON string with its quotes: inside another string the quotes are
escaped, so quoted text never matches. What cannot be read is reported without its text.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from costtop.model import Bad

T = TypeVar("T")
Idle = Callable[[bytes, int, int], object]
"""`re.Pattern.match` of heads of lines that say nothing: (data, start, end) -> truth."""

ODD = -1  # the mark of a line that is no JSON at all
LARGEST = 1_000_000_000  # tokens in one record; more is a broken log (RELIABILITY R7)

_OPEN, _CLOSE, _RETURN = b"{}\r"
_PADDING = b" \t\r\n\0\xef\xbb\xbf"  # blanks, NULs of a crashed disk, byte order mark
_CONTROL = bytes(range(32))
_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_FLOAT = re.compile(rb'((?<!\\)"\s*:\s*)(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,}])')
_NEGATIVE_ZERO = re.compile(rb'_tokens"\s*:\s*-0\s*[,}]')
_ANYTHING = msgspec.json.Decoder(msgspec.Raw)
_SCANNER = json.JSONDecoder(strict=False)  # strict=False: a control character in a text is mended


class Unreadable(ValueError):
    """A line that cannot be used; the message is the reason and holds no text of the line.

    `malformed` tells broken JSON from JSON with a value that is out of range or of a wrong type.
    """

    def __init__(self, reason: str, malformed: bool) -> None:
        super().__init__(reason)
        self.malformed = malformed


def marked_lines(
    data: bytes, needles: Sequence[bytes], rare: Sequence[bytes] = (), idle: Idle | None = None
) -> Iterator[tuple[int, int, int]]:
    """(start, end, mark) of each line that holds a needle or is no JSON, in order.

    The mark is the index of the first of `needles` and `rare` that the line holds, or ODD. A line
    whose head `idle` matches is not searched for `rare`: a head is short, a line may be long.
    Blank lines and JSON that is no object are passed over. No needles: every JSON object is
    marked 0.
    """
    start, size, find = 0, len(data), data.find
    common, seldom = list(enumerate(needles)), list(enumerate(rare, len(needles)))
    while start < size:
        end = find(b"\n", start)
        if end < 0:
            end = size
        last = end - 1
        if last > start and data[last] == _RETURN:
            last -= 1
        if last > start and data[start] == _OPEN and data[last] == _CLOSE:
            if not needles:
                yield start, end, 0
            for mark, needle in common:
                if find(needle, start, end) >= 0:
                    yield start, end, mark
                    break
            else:
                if seldom and not (idle and idle(data, start, end)):
                    found = _first_mark(data, start, end, seldom)
                    if found is not None:
                        yield start, end, found
        elif (odd := _odd_mark(data[start:end], (*needles, *rare))) is not None:
            yield start, end, odd
        start = end + 1


def _first_mark(data: bytes, start: int, end: int, needles: list[tuple[int, bytes]]) -> int | None:
    for mark, needle in needles:
        if data.find(needle, start, end) >= 0:
            return mark
    return None


def decoded(decoder: msgspec.json.Decoder[T], line: bytes) -> T:
    """`line` as the decoder's type; raises Unreadable, never anything else.

    A cut emoji (a lone surrogate), invalid UTF-8, a byte order mark or a control character in
    some text must not cost the billed usage beside it, so such a line is mended and tried again;
    so is one that counts in floats ("1000.0"), as some proxies do.
    """
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return decoded_after(error, decoder, line)


def decoded_after(error: Exception, decoder: msgspec.json.Decoder[T], line: bytes) -> T:
    """The same for a line that was tried and gave `error`."""
    if isinstance(error, RecursionError):
        raise Unreadable("nested too deeply", malformed=True) from None
    if not isinstance(error, msgspec.ValidationError):
        return _decoded_mended(decoder, _mended(line))
    if "got `float`" not in (reason := str(error)):
        raise Unreadable(reason, malformed=False) from None
    return _decoded_mended(decoder, _mended(_FLOAT.sub(_as_int, line)))


def objects(line: bytes) -> list[bytes]:
    """The objects of a line that holds several (`}{`), and what is left after the last whole one.

    Tools write such lines when two writes meet. To be asked only when a line cannot be decoded, for
    `}{` may well stand inside a text; an empty list where there is nothing to take apart.
    """
    if b"}{" not in line:
        return []
    rest = line.strip(_PADDING).decode("utf-8", "replace")
    parts: list[bytes] = []
    while rest:
        try:
            _, end = _SCANNER.raw_decode(rest)
        except (ValueError, RecursionError):
            end = len(rest)
        parts.append(rest[:end].encode())
        rest = rest[end:].lstrip()
    return parts if len(parts) > 1 else []


def taken(line: bytes, offset: int, read: Callable[[bytes, int], object]) -> list[Bad]:
    """What of a line `read` cannot take; where a line holds several records, it is given each."""
    try:
        read(line, offset)
    except Unreadable as error:
        parts = objects(line) if error.malformed else []
        if not parts:
            return [Bad(offset, str(error))]
        found = (taken(part, offset + nth, read) for nth, part in enumerate(parts))
        return [bad._replace(offset=offset) for bads in found for bad in bads]
    return []


def has_negative_zero(line: bytes, after: bytes = b"") -> bool:
    """Whether a token count of the line is "-0", which decoders take for 0 and no tool writes.

    `after` names a key that stands before all counts: what comes earlier is not searched.
    """
    start = line.find(after)
    if line.find(b"-0", max(start, 0)) < 0:
        return False  # as nearly every line
    return _NEGATIVE_ZERO.search(line) is not None


def _decoded_mended(decoder: msgspec.json.Decoder[T], mended: bytes) -> T:
    try:
        return decoder.decode(mended)
    except msgspec.ValidationError as error:
        if "got `float`" in str(error) and (whole := _FLOAT.sub(_as_int, mended)) != mended:
            return _decoded_mended(decoder, whole)
        raise Unreadable(str(error), malformed=False) from None
    except (msgspec.DecodeError, ValueError):
        raise Unreadable("not valid JSON", malformed=True) from None
    except RecursionError:
        raise Unreadable("nested too deeply", malformed=True) from None


def _as_int(found: re.Match[bytes]) -> bytes:
    """`:1000.0` as `:1000`; what is no whole number stays as it is."""
    value = float(found[2])
    return b"%b%d" % (found[1], value) if value.is_integer() and value <= LARGEST else found[0]


def _mended(line: bytes) -> bytes:
    text = line.strip(_PADDING).translate(None, _CONTROL)
    valid = text.decode("utf-8", "replace").encode()
    return _LONE_SURROGATE.sub(rb"\\ufffd", valid)


def _odd_mark(line: bytes, needles: Sequence[bytes]) -> int | None:
    """The mark of a line that does not begin and end like an object; None: nothing to say."""
    if not line.strip():
        return None
    text = line.strip(_PADDING)
    if text[:1] == b"{" and text[-1:] == b"}":
        found = (mark for mark, needle in enumerate(needles) if needle in text)
        return next(found, None) if needles else 0
    try:
        decoded(_ANYTHING, text)
    except Unreadable:
        return ODD
    return None
