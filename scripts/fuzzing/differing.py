"""Folds spoilt logs with the compiled part and without it: events and memo must be the same."""

import json
import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from costtop.columnar.call_columns import made
from costtop.model import PlainCall
from costtop.native import library
from costtop.sources.fold.source import Chunk, Source
from costtop.sources.registry import SOURCE
from fuzzing.driving import LOGS, ROOT

SEEN = 1_795_478_400_000  # 2026-11-24T00:00:00Z
_PIECES = (
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r", b" ", b"null", b"true", b"-0",
    b"0", b"1e9", b"1.0", b"\\u0041", b"\\ud83d", b"\xff", b"\xc3\xa9", b"\0", b"}{", b"-1",
    b'"type":"x",', b"1000000001", b'""', b"[[[[", b'{"a":1}', b"Exit code 1", b"\x7f",
    b'"success":false',
)  # fmt: skip


def spoilt(seed: int) -> str:
    """A golden log, spoilt or not, in both ways; how they differ, "" if they do not."""
    chance = random.Random(seed)  # noqa: S311 - the same at the same seed
    name = chance.choice(LOGS)
    source, path, data = SOURCE[name], *_log(name, chance)
    cuts = sorted(chance.choices(range(len(data) + 1), k=chance.randrange(4)))
    if why := library.load():
        return f"no compiled part: {why}"
    compiled = _folded(source, path, data, cuts)
    library.leave()
    pure = _folded(source, path, data, cuts)
    return "" if compiled == pure else _difference(seed, name, compiled, pure)


def _log(name: str, chance: random.Random) -> tuple[str, bytes]:
    root = ROOT / "tests/logs" / name / "input"
    files = sorted(root.rglob("*.jsonl"))
    path = chance.choice(files)
    lines = path.read_bytes().splitlines(keepends=True)
    for _ in range(chance.choice([0, 1, 1, 3])):  # lines elsewhere, twice, or not at all
        other = chance.choice(files).read_bytes().splitlines(keepends=True)
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(other))
        del lines[chance.randrange(len(lines))]
    data = bytearray(b"".join(lines))
    for _ in range(chance.choice([0, 1, 2, 6])):
        _spoil(data, chance)
    return f"/logs/{path.relative_to(root)}", bytes(data)


def _spoil(data: bytearray, chance: random.Random) -> None:
    at, more = chance.randrange(len(data) + 1), chance.choice([0, 1, 1, 4, 40])
    put = chance.choice(
        [b"", chance.choice(_PIECES), chance.randbytes(1), bytes(data[at : at + more])]
    )
    data[at : at + chance.choice([0, len(put), more])] = put


def _folded(
    source: Source, path: str, data: bytes, cuts: list[int]
) -> tuple[list[Any], dict[str, Any]]:
    events: list[Any] = []
    memo: dict[str, Any] = {}
    for start, end in _edges(data, cuts):
        found, memo = source.read(Chunk(path, data[start:end], start, SEEN), memo)
        events += [made(event) if isinstance(event, PlainCall) else event for event in found]
    return events, memo


def _edges(data: bytes, cuts: list[int]) -> Iterator[tuple[int, int]]:
    """Chunks end with a line, but for the last one."""
    ends = {0, len(data), *(data.find(b"\n", cut) + 1 for cut in cuts)}
    return pairwise(sorted(ends))


def _difference(seed: int, name: str, compiled: Any, pure: Any) -> str:
    for mine, right in zip(compiled[0], pure[0], strict=False):
        if mine != right:
            return f"{name}, log {seed}: {mine}\nbut without the compiled part: {right}"
    return f"{name}, log {seed}: {json.dumps(compiled[1])}\nbut: {json.dumps(pure[1])}"
