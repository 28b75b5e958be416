"""What the daemon does with the tail, in small: find, compare, read, remember. Test support."""

import time
from collections.abc import Sequence
from pathlib import Path

from costtop.tail.find import find
from costtop.tail.place import Place, restored
from costtop.tail.read import BUDGET, Piece, pieces
from costtop.tail.roots import Root, rooted
from costtop.tail.rotation import FileChange, Known

MINUTE = 60 * 10**9


class Reader:
    """Reads everything new below its roots at each `scan`, and can be restarted from its rows."""

    def __init__(self, *roots: Root) -> None:
        self.roots = roots
        self.rows: dict[bytes, tuple[str, int]] = {}  # what a store would hold
        self.known = Known()
        self.lines: list[bytes] = []
        self.pieces: list[Piece] = []
        self.later = 0  # ns that the reader's clock is ahead

    def now(self) -> int:
        return time.time_ns() + self.later

    def scan(self, budget: int = BUDGET, chunk: int = 1 << 20) -> list[FileChange]:
        """One look: every change that was not settled."""
        changes = []
        for seen in find(self.roots, self.now()).newest_first():
            if self.known.settled(seen, self.now()):
                continue
            change = self.known.compare(seen, self.now())
            changes.append(change)
            if change.displaced:
                self.rows[change.displaced.path] = self.rows.pop(change.place.path)
            if change.readable:
                self.read(change, budget, chunk)
        return changes

    def read(self, change: FileChange, budget: int = BUDGET, chunk: int = 1 << 20) -> None:
        place = change.place
        more = True
        while more:
            more = False
            for piece in pieces(place, budget, final=change.final, chunk=chunk):
                self.commit(piece)
                place, more = piece.place, piece.more

    def commit(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.lines += piece.data.splitlines()
        self.rows[piece.place.path] = piece.place.state(), piece.place.born
        self.known.put(piece.place)

    def restart(self) -> None:
        """All that a kill -9 leaves: the rows."""
        self.known = Known(restored(path, *row) for path, row in self.rows.items())

    def taken(self) -> list[bytes]:
        """The lines read since the last call."""
        lines, self.lines = self.lines, []
        return lines


def reader(folder: Path, patterns: Sequence[str] = ("**/*.jsonl",)) -> Reader:
    return Reader(rooted(folder, patterns))


def place_of(path: Path) -> Place:
    import os

    return Place(os.fsencode(path))
