"""Which names below a root are log files, rotated copies included. It touches no disk.

A pattern is a glob relative to its root: `*` and `?` stay inside one name, `**/` crosses folders.
"""

import re
from functools import lru_cache

from costtop.named_tuples import NamedTuple

# What log rotation appends to a name: .1  -20261124  .2026-11-24T10:00  .old, and then .gz
SUFFIX = rb"(?:[.-]\d[\dT:_.-]*|\.old)?(?:\.gz)?"
_SUFFIX = re.compile(SUFFIX)
_MAGIC = re.compile(rb"[*?\[/]")


class NamePatterns(NamedTuple):
    """The compiled patterns of one root; all match paths relative to it."""

    files: re.Pattern[bytes]
    rotated: re.Pattern[bytes]
    folders: re.Pattern[bytes]  # may contain a match, so they are worth walking
    deep: bool  # a pattern crosses folders freely
    ending: bytes = b""  # what all files end with, and no other condition; b"": there is one


@lru_cache(maxsize=256)
def names(patterns: tuple[bytes, ...]) -> NamePatterns:
    """The patterns of one root, compiled once."""
    files = _either([_expression(p) for p in patterns])
    folders = _either([f for p in patterns for f in _folders(p)])
    rotated = b"(?:" + files + b")" + SUFFIX
    compiled = [re.compile(e, re.DOTALL) for e in (files, rotated, folders)]
    deep = any(b"**" in p for p in patterns)
    return NamePatterns(compiled[0], compiled[1], compiled[2], deep, _ending(patterns))


def related(one: bytes, other: bytes) -> bool:
    """Whether one base name is the other with what log rotation appends, or both share such a stem.

    `app.jsonl`, `app.jsonl.1` and `app.jsonl.2.gz` are; two session files are not.
    """
    return one == other or bool(_stems(one) & _stems(other))


def _ending(patterns: tuple[bytes, ...]) -> bytes:
    """`.jsonl` of `**/*.jsonl` alone, which any path with that ending matches."""
    ending = patterns[0].removeprefix(b"**/*") if len(patterns) == 1 else b""
    plain = patterns[:1] == (b"**/*" + ending,) and not _MAGIC.search(ending)
    return ending if plain else b""


def _stems(name: bytes) -> set[bytes]:
    """The name itself and what is left without a rotation suffix."""
    cuts = (i for i, byte in enumerate(name) if i and byte in b".-")
    return {name} | {name[:i] for i in cuts if _SUFFIX.fullmatch(name, i)}


def _either(expressions: list[bytes]) -> bytes:
    return b"|".join(b"(?:" + e + b")" for e in expressions) or rb"(?!)"


def _folders(pattern: bytes) -> list[bytes]:
    """Expressions for the folders on the way to a match of `pattern`."""
    ways: list[bytes] = []
    prefix: list[bytes] = []
    for part in pattern.split(b"/")[:-1]:
        if b"**" in part:
            return [*ways, b"/".join([*prefix, b".*"])]
        prefix.append(_expression(part))
        ways.append(b"/".join(prefix))
    return ways


def _expression(pattern: bytes) -> bytes:
    """A glob as a regular expression."""
    tokens = {b"**/": rb"(?:[^/]+/)*", b"**": rb".*", b"*": rb"[^/]*", b"?": rb"[^/]"}
    parts = re.findall(rb"\*\*/|\*\*|\*|\?|\[!?[^\]/]+\]|[^*?\[]+|\[", pattern, re.DOTALL)
    return b"".join(tokens.get(p) or _literal(p) for p in parts)


def _literal(part: bytes) -> bytes:
    if part.startswith(b"[") and part.endswith(b"]"):
        inside = part[1:-1].replace(b"\\", rb"\\")
        return b"[" + (b"^" + inside[1:] if inside.startswith(b"!") else inside) + b"]"
    return re.escape(part)
