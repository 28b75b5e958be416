"""What is looked for and what was seen: folders with patterns, files with their stat, troubles.

Values only; walking is in find.py.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Root(NamedTuple):
    """A folder and the files below it that are logs. `label` is the caller's, carried unread."""

    path: bytes
    patterns: tuple[bytes, ...]
    shape: str = "lines"  # lines | document | rows
    label: str = ""


class Seen(NamedTuple):
    """A file that a walk found, with the stat it had then (`mtime`, `ctime` in ns).

    For shape "rows", `size` and `mtime` cover the database and its -wal together. A link is
    replaced by what it points to.
    """

    path: bytes
    root: Root
    dev: int
    ino: int
    size: int
    mtime: int
    ctime: int
    rotated: bool = False  # its name matches only with what log rotation appends


class Trouble(NamedTuple):
    """Something that could not be looked at, and why."""

    path: bytes
    reason: str


class FoundFiles(NamedTuple):
    """The result of one look."""

    seen: list[Seen]
    troubles: list[Trouble]

    def newest_first(self) -> list[Seen]:
        """What was seen, latest write first: today's spend is on the screen within a second."""
        return sorted(self.seen, key=lambda seen: -seen.mtime)


def rooted(
    path: str | Path, patterns: Sequence[str], shape: str = "lines", label: str = ""
) -> Root:
    """A Root from text; `~` is expanded, names may hold surrogate escapes."""
    full = os.path.abspath(os.path.expanduser(os.fspath(path)))
    return Root(os.fsencode(full), tuple(os.fsencode(p) for p in patterns), shape, label)


def rooted_glob(glob: str, shape: str = "lines", label: str = "") -> Root:
    """A Root from one glob of the config: `~/logs/*/app.jsonl` -> `~/logs` and `*/app.jsonl`."""
    parts = glob.split("/")
    magic = (i for i, part in enumerate(parts) if any(c in part for c in "*?["))
    first = next(magic, len(parts) - 1)
    folder = "/".join(parts[:first]) or ("/" if glob.startswith("/") else ".")
    return rooted(folder, ["/".join(parts[first:])], shape, label)
