"""The Python files of one package, read and parsed once."""

import ast
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Module(NamedTuple):
    """One file: its path from the package on, its text and its syntax."""

    path: Path  # costtop/store/db.py
    text: str
    syntax: ast.Module

    @property
    def name(self) -> str:
        """As Python imports it."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def is_room(self) -> bool:
        """Whether the file is one that a stranger looks for: all but `__init__` and `__main__`."""
        return not self.path.stem.startswith("__")

    @property
    def lines(self) -> int:
        """As an editor counts them."""
        return len(self.text.splitlines())


class Tree:
    """The package costtop/ of the checkout at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def modules(self) -> list[Module]:
        """Every file, sorted by its path."""
        return list(self._read())

    def _read(self) -> Iterator[Module]:
        for path in sorted((self.root / "costtop").rglob("*.py")):
            text = path.read_text()
            yield Module(path.relative_to(self.root), text, ast.parse(text))
