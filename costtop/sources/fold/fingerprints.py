"""Hashes what a tool was asked and what it answered, so that repeats show. It keeps no text.

Of the arguments only that is taken out which differs between two tries of the same thing: moments,
ids, temporary paths. A number that makes calls different stays: reading the next page is no repeat.
Of an answer all numbers go (DETECTION D7), of what follows its beginning all hex characters. A
failure has its kind beside it: what is said of it without names, so that the same error shows
whatever it was made with.
"""

import re
from _blake2 import blake2b  # all of hashlib takes milliseconds
from collections.abc import Iterable

from costtop.model import Outcome, ToolUse

_ARGUMENTS, _RESULT = 2400, 192  # bytes looked at with care; results are long, open with the news
_MORE = 1024  # bytes looked at after them, and at the end
_HEX = b"0123456789abcdefABCDEF"
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_HEXES = bytes.maketrans(_HEX[1:], b"0" * (len(_HEX) - 1))
_TEMPORARY = re.compile(rb"/(?:tmp|var/folders)/[\w./+-]*")
_ID = re.compile(rb"(?<![0-9A-Za-z])(?=[a-fA-F-]*[0-9])[0-9a-fA-F][0-9a-fA-F-]{7,}(?![0-9A-Za-z])")
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d[\d:.Z+]*)?|\d\d:\d\d:\d\d[\d.]*")
_BEFORE, _AFTER = b"abcdefABCDEF", b"abcdefABCDEF:T.-"  # around a digit, in what varies
_FORM = re.compile(rb"(?i)exit code|wall time|chunk id|process exited|output:?$|\W*$")
# Each way begins with a character of its own, which makes the search five times as quick.
_QUOTED = re.compile(rb"\\\\*\"[^\"]*\"|\"[^\"]*\"|'(?<![A-Za-z]')[^']*'|`[^`]*`")
_DOTTED = re.compile(rb"\.\w")
_MARKED = bytes.maketrans(b"0123456789_=<>@\\", b"/" * 16)  # what paths, names, numbers have
_TAGS = re.compile(rb"</?\w+>")
_SAID, _LINE = 600, 160  # bytes in which the first line that says something stands, and of it
_SPOKEN = (
    b'text":', b'text\\":', b'output":', b'output\\":', b'error":', b'error\\":', b'message":',
    b'message\\":',
)  # fmt: skip
KIND = "~"
"""Parts the hash of a failed result from the hash of its kind."""


def fingerprint(raw: bytes, kind: str) -> str:
    """16 hex digits of the arguments `raw` (JSON as it stands in the log) of the tool `kind`.

    Without moments, ids and temporary paths. Long ones that agree in their first and their last
    KiB get the same fingerprint.
    """
    head = raw if len(raw) <= _ARGUMENTS else raw[: _ARGUMENTS - _MORE] + raw[-_MORE:]
    head = _settled_paths(head)
    plain = head.translate(_DIGITS)  # to look for a shape is ten times as quick as the pattern
    if plain.find(b"0000-00-00") >= 0 or plain.find(b"00:00:00") >= 0:
        head = _MOMENT.sub(b"#", head)
    if head.translate(_HEXES).find(b"00000000") >= 0:
        head = _ID.sub(b"#", head)
    return blake2b(kind.encode("utf-8", "replace") + b"\0" + head, digest_size=8).hexdigest()


def _settled_paths(head: bytes) -> bytes:
    """`head` with a "#" for each temporary path."""
    # `find`, for `in` makes an error of a number first, and drops it: three times as slow.
    if head.find(b"/tmp/") >= 0 or head.find(b"/var/folders/") >= 0:
        return _TEMPORARY.sub(b"#", head)
    return head


def outcome(raw: bytes, error: bool) -> str:
    """16 hex digits of a result without its numbers; of a failure, KIND and 8 of its kind."""
    told = b"\0" + _settled(_settled_paths(raw[:_RESULT]))
    if len(raw) > _RESULT:
        told += (raw[_RESULT : _RESULT + _MORE] + raw[-_MORE:]).translate(None, _HEX)
    hashed = blake2b(told, digest_size=8).hexdigest()
    return hashed + KIND + _kind(raw) if error else hashed


def _kind(raw: bytes) -> str:
    """8 hex digits of an error's first line that says something, without what it names; or ""."""
    for line in _said(raw[:_SAID]).split(b"\\n"):
        said = _TAGS.sub(b"", line[:_LINE]).strip(b'\\[{": ')
        if _FORM.match(said):
            continue
        marked = _QUOTED.sub(b"", said).translate(_MARKED).split()
        words = [word for word in marked if word.isalpha() or _is_plain(word)]
        return blake2b(b" ".join(words), digest_size=4).hexdigest() if words else ""
    return ""


def _is_plain(word: bytes) -> bool:
    return word.find(b"/") < 0 and not _DOTTED.search(word)


def _said(raw: bytes) -> bytes:
    """What a result says: the text of a block, the output of a command, or all of it."""
    for mark in _SPOKEN if raw.find(b'":') >= 0 else ():
        at = raw.rfind(mark)
        if at >= 0:
            return raw[at + len(mark) :]
    return raw


def _settled(head: bytes) -> bytes:
    r"""`head` with a "#" for each number, hex, UUID or time: `[a-fA-F]*\d[\da-fA-F:T.-]*`.

    Every match has a digit, so it is split at digits: ten times as quick as the pattern.
    """
    first, *parts = head.translate(_DIGITS).split(b"0")
    if not parts:
        return first
    last = parts.pop()
    kept = [first.rstrip(_BEFORE)]
    kept += [rest.rstrip(_BEFORE) for part in parts if (rest := part.lstrip(_AFTER))]
    return b"#".join([*kept, last.lstrip(_AFTER)])


def asked(name: str, arguments: bytes) -> ToolUse:
    """A tool call with the arguments as raw JSON."""
    return ToolUse(name or "tool", fingerprint(arguments, name or "tool"))


def answered(use: ToolUse, error: bool, result: bytes) -> ToolUse:
    """The same call with its outcome, where a format writes it beside the call."""
    return use._replace(error=error, result=outcome(result, error))


def outcomes(key: bytes, tools: Iterable[ToolUse]) -> list[Outcome]:
    """What is known of the tools of the call `key`, for a store that knew the call before them."""
    return [
        Outcome(key, nth, use.error, use.result or "")
        for nth, use in enumerate(tools)
        if use.error is not None
    ]
