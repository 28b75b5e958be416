"""Takes lines apart that hold several JSON objects (`}{`). It knows no log format.

Qwen Code writes such lines when two writes meet (FORMATS 4). The whole line is tried first, for
`}{` may well stand inside a text.
"""

import json
from typing import TypeVar

import msgspec

from costtop.sources.fold.fields import counted
from costtop.sources.fold.json_lines import Unreadable

T = TypeVar("T")
_SCANNER = json.JSONDecoder()


def every(decoder: msgspec.json.Decoder[T], line: bytes) -> tuple[list[T], str]:
    """All objects of a line, and why what is left of it cannot be read ("" if it all can)."""
    try:
        return [counted(decoder, line)], ""
    except Unreadable as error:
        if not error.malformed or b"}{" not in line:
            return [], str(error)
    found: list[T] = []
    for part in _parts(line):
        try:
            found.append(counted(decoder, part))
        except Unreadable as error:
            return found, str(error)
    return found, ""


def _parts(line: bytes) -> list[bytes]:
    """The objects of the line, and whatever follows the last whole one."""
    rest = line.decode("utf-8", "replace").strip()
    parts: list[bytes] = []
    while rest:
        try:
            _, end = _SCANNER.raw_decode(rest)
        except (ValueError, RecursionError):
            end = len(rest)
        parts.append(rest[:end].encode())
        rest = rest[end:].lstrip()
    return parts
