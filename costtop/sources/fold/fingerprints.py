"""Hashes what a tool was asked and what it answered, so that repeats show. It keeps no text.

What differs between two tries of the same thing is taken out first: digits, hex, timestamps,
temporary paths (DETECTION D7). Only the beginning is normalised with care; of what follows and of
the end all hex characters are dropped, which costs a tenth.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b

from costtop.model import Outcome, ToolUse

ARGUMENTS, RESULT = 320, 192  # bytes normalised with care; results are long and open with the news
_MORE = 1024  # bytes looked at after them, and at the end
_HEX = b"0123456789abcdefABCDEF"
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_TEMPORARY = re.compile(rb"/(?:tmp|var/folders)/[\w./+-]*")
_BEFORE, _AFTER = b"abcdefABCDEF", b"abcdefABCDEF:T.-"  # around a digit, in what varies


def fingerprint(raw: bytes, care: int, kind: str = "") -> str:
    """16 hex digits of `raw` (JSON as it stands in the log) without its varying parts.

    `care` is how many bytes are normalised by pattern; `kind` separates equal bytes of different
    tools. Inputs that agree in their first and their last KiB get the same fingerprint.
    """
    head = raw[:care]
    if b"/tmp/" in head or b"/var/folders/" in head:
        head = _TEMPORARY.sub(b"#", head)
    told = kind.encode("utf-8", "replace") + b"\0" + _settled(head)
    if len(raw) > care:
        rest = raw[care : care + _MORE] + raw[-_MORE:]
        told += rest.translate(None, _HEX)
    return blake2b(told, digest_size=8).hexdigest()


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
    return ToolUse(name or "tool", fingerprint(arguments, ARGUMENTS, name))


def answered(use: ToolUse, error: bool, result: bytes) -> ToolUse:
    """The same call with its outcome, where a format writes it beside the call."""
    return use._replace(error=error, result=fingerprint(result, RESULT))


def outcomes(key: bytes, tools: Iterable[ToolUse]) -> list[Outcome]:
    """What is known of the tools of the call `key`, for a store that knew the call before them."""
    return [
        Outcome(key, nth, use.error, use.result or "")
        for nth, use in enumerate(tools)
        if use.error is not None
    ]
