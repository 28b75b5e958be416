"""What commands print: plain tables with aligned columns, JSON, what the daemon said."""

import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from costtop.text import clean


def plain(head: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int]) -> str:
    """The table as text; the columns in `right` are aligned to the right."""
    cells = [list(head), *([clean(cell) for cell in row] for row in rows)]
    widths = [max(width(row[n]) for row in cells) for n in range(len(head))]
    return "\n".join(_line(row, widths, right) for row in cells)


def _line(row: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    padded = [
        " " * (size - width(cell)) + cell if n in right else cell + " " * (size - width(cell))
        for n, (cell, size) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def width(text: str) -> int:
    """Terminal cells that `text` takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def count(number: int) -> str:
    """A token count for people: 950, 12.1k, 3.40M, 1.20G."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            digits = 1 if number >= 10 * size or letter == "k" else 2
            return f"{number / size:.{digits}f}{letter}"
    return str(number)


def put_json(tree: object) -> None:
    """Prints a tree for programs."""
    import json

    put(json.dumps(tree, indent=1))


def put_said(answer: Mapping[str, Any]) -> None:
    """Prints what the daemon says that it did."""
    for line in answer.get("said", ()):
        put(str(line))


def put(text: str) -> None:
    """Prints text, whatever the terminal's encoding can show of it."""
    try:
        print(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        print(text.encode(encoding, "replace").decode(encoding))
