"""What a source is: a resumable fold from the bytes of one log format to events.

A source opens no files and knows no clock: it is handed a chunk and its memo, and answers with
events and the next memo. `read` never raises on bad input; it yields `Bad` and goes on.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from msgspec.json import encode

from costtop.model import Event
from costtop.named_tuples import NamedTuple

Memo = dict[str, Any]
"""JSON-able state of a fold, small: it is stored in the file's place with every commit."""

Roots = Callable[[Mapping[str, str], Path], list[Path]]
"""(environment, home) -> the folders where a format's files are looked for."""

Shape = Literal["lines", "document", "rows"]


def copied(memo: Memo) -> Memo:
    """A memo that may be changed: the one that was given still stands if the commit fails."""
    copy: Memo = json.loads(json.dumps(memo)) if memo else {}  # four times as quick as deepcopy
    return copy


def written(memo: Memo) -> str:
    """A memo as it is stored: JSON."""
    try:
        return encode(memo).decode()  # a fifth of what `json` takes
    except (UnicodeError, OverflowError):  # half a surrogate pair; a number beyond 64 bits
        return json.dumps(memo, separators=(",", ":"))


class Chunk(NamedTuple):
    """A piece of one log.

    `data` holds whole lines (shape "lines", each ending in a newline) or the whole file (shape
    "document", at every change). `rows` holds what the source's queries gave (shape "rows"): each
    row by its columns' names, and the query's name under "query".
    """

    path: str  # absolute
    data: bytes = b""
    offset: int = 0  # of data[0] in the file
    seen: int = 0  # receive time, ms UTC: the time of records that carry none
    rows: Sequence[Mapping[str, Any]] = ()
    written: int = 0  # when the file was last written, ms UTC: of documents that tell no time

    # Three times as quick as a PurePath, which is half of what a small document costs.
    @property
    def parts(self) -> list[str]:
        """The folders above the log, and its name."""
        return self.path.split("/")

    @property
    def stem(self) -> str:
        """The log's name without its last ending."""
        name = self.path.rpartition("/")[2]
        dot = name.rfind(".")
        return name[:dot] if 0 < dot < len(name) - 1 else name

    @property
    def folder(self) -> str:
        """The name of the folder that the log lies in."""
        return self.path.rpartition("/")[0].rpartition("/")[2]


class Query(NamedTuple):
    """One question to another tool's SQLite database, asked with its cursor as `:since`.

    `sql` selects rows changed since the cursor, oldest first, at most `:limit` of them; `:since` is
    NULL at first. `cursor` is the column, a number, whose last value becomes the next `:since`;
    rows with an equal one are selected again. `tables` must exist, otherwise the query is passed
    over. `slack` is how far the cursor is set back each time the database has changed: rows may be
    committed out of order. Rows seen again are harmless, their calls have the same keys. `page` is
    how many rows are asked for at most, where each is large.
    """

    name: str
    sql: str
    cursor: str
    tables: tuple[str, ...]
    slack: int = 0
    page: int = 1_000


class Source(NamedTuple):
    """One log format: where its files are and how they are read."""

    name: str
    title: str  # for people: "Claude Code"
    shape: Shape
    roots: Roots
    patterns: tuple[str, ...]  # globs below a root: "**/*.jsonl"
    read: Callable[[Chunk, Memo], tuple[list[Event], Memo]]
    queries: tuple[Query, ...] = ()
