"""The intake journal: what no log holds, written beside the store in the moment of its commit.

Calls that came over the socket or OTLP, and the rows of what users and alerts decided, one line a
commit, until a backup has them. A line is written before its commit and taken back where that
fails, so whatever was acknowledged is here; it is not flushed to the disk by itself. Lines carry a
checksum: one that a crash has cut is passed over.
"""

import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

from costtop.durations import now_ms
from costtop.files import private_directory, private_file
from costtop.named_tuples import NamedTuple
from costtop.store.recovery import kept_rows

WANTS_BACKUP = 64 << 20  # bytes from which a backup is made before its time
_MOST = 256 << 20  # bytes of all its files: where no backup can be made it stops there
_SUFFIX = ".jsonl"
log = logging.getLogger("costtop")


class JournalRecord(NamedTuple):
    """What one commit has left."""

    at: int  # ms UTC
    rows: list[list[Any]]  # [table, "put" | "cut", row by column]
    events: list[Any]  # as the daemon handed them over


def folder(database: Path) -> Path:
    """Where a database's journal lies: a file for each generation."""
    return database.parent / "intake"


class Journal:
    """Writes the journal of one open store. All methods run on the connection's thread."""

    def __init__(self, database: Path) -> None:
        self.trouble = ""  # why it cannot be written; the commits go on
        self.size = 0  # bytes of this generation
        self._folder = folder(database)
        self._generation = 0
        self._descriptor: int | None = None
        self._before = 0  # bytes of all earlier generations
        self._undone: int | None = None  # where the line of the running commit begins
        self._rows: list[str] = []
        self._events: list[bytes] = []

    def open(self, db: sqlite3.Connection, generation: int) -> None:
        """Begins a generation, and from now on hears of every row that is to be kept."""
        self._generation = generation
        self._before = sum(path.stat().st_size for path in _files(self._folder))
        kept_rows.listen(db, self._hear)

    def turn(self, generation: int) -> None:
        """Goes on in a new file: a backup is about to be made of all that came before."""
        self.close()
        self._before, self.size = self._before + self.size, 0
        self._generation = generation
        self.trouble = ""

    def note(self, events: bytes) -> None:
        """Adds events (JSON) to the line of the running transaction."""
        self._events.append(events)

    def _hear(self, table: str, deed: str, row: str) -> None:
        self._rows.append(f'["{table}","{deed}",{row}]')

    def write(self) -> None:
        """Writes the line of the running transaction; to be called right before its commit."""
        if not self._rows and not self._events:
            return
        text = b'{"at":%d,"rows":[%s],"events":[%s]}' % (
            now_ms(),
            ",".join(self._rows).encode("utf-8", "surrogatepass"),
            b",".join(self._events),
        )
        line = b"%08x %s\n" % (crc32(text), text)
        self._rows, self._events = [], []
        try:
            self._append(line)
        except OSError as error:
            self._fail(f"the intake journal cannot be written: {error.strerror}")

    def _append(self, line: bytes) -> None:
        if self._before + self.size + len(line) > _MOST:
            self._fail("the intake journal is full: no backup could be made for long")
            return
        if self._descriptor is None:
            private_directory(self._folder)
            path = self._folder / f"{self._generation:08d}{_SUFFIX}"
            self._descriptor = private_file(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            self.size = os.fstat(self._descriptor).st_size
        self._undone = self.size
        written = os.write(self._descriptor, line)
        self.size += written
        if written < len(line):
            self.undo()
            self._fail("the intake journal cannot be written: no space left")

    def _fail(self, why: str) -> None:
        if why != self.trouble:
            log.error("%s", why)
        self.trouble = why

    def keep(self) -> None:
        """The commit has gone through."""
        self._undone = None

    def undo(self) -> None:
        """The transaction was rolled back: its line goes with it."""
        self._rows, self._events = [], []
        if self._undone is not None and self._descriptor is not None:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._undone)
            self.size, self._undone = self._undone, None

    def close(self) -> None:
        """Lets the file go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def read(database: Path, since: int) -> Iterator[JournalRecord | None]:
    """The lines of this generation and all later ones, in order; None for one that is spoilt."""
    for path in _files(folder(database)):
        if int(path.stem) >= since:
            with open(path, "rb") as lines:
                yield from map(_record, lines)


def _record(line: bytes) -> JournalRecord | None:
    told, _, text = line.rstrip(b"\n").partition(b" ")
    try:
        if int(told, 16) != crc32(text):
            return None
        return JournalRecord(**json.loads(text))
    except (ValueError, TypeError):
        return None


def newest(database: Path) -> int:
    """The latest generation that has a file; 0 without any."""
    return max((int(path.stem) for path in _files(folder(database))), default=0)


def clear(database: Path, before: int) -> None:
    """Deletes generations that every backup has."""
    for path in _files(folder(database)):
        if int(path.stem) < before:
            path.unlink(missing_ok=True)


def _files(where: Path) -> list[Path]:
    return sorted(path for path in where.glob(f"*{_SUFFIX}") if path.stem.isdecimal())
