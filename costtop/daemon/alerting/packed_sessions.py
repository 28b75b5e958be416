"""Where packed sessions at rest lie: in a file without a name, whose pages the system may drop.

It ends with the process. What is in it is rebuilt from the store, so nothing of it is synced.
"""

import errno
import os
import tempfile
import weakref
from pathlib import Path

_BLOCK = 64  # bytes: what is given back is used again by what takes as many blocks
_LENGTH = 24  # bits of a ticket that say how many bytes it stands for


class FileShelf:
    """Keeps bytes for whoever has their ticket; where the disk takes none they are the ticket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None
        self._end = 0  # blocks
        self._free: dict[int, list[int]] = {}  # blocks -> where so many are free

    def put(self, data: bytes) -> bytes | int:
        """Takes bytes in."""
        if len(data) >> _LENGTH:
            return data
        count = -(-len(data) // _BLOCK)
        free = self._free.get(count)
        start = free.pop() if free else self._end
        try:
            written = os.pwrite(self._opened(), data, start * _BLOCK)
        except OSError:
            written = -1
        if start == self._end:
            self._end += count
        ticket = start << _LENGTH | len(data)
        if written == len(data):
            return ticket
        self.drop(ticket)
        return data

    def look(self, ticket: bytes | int) -> bytes:
        """The bytes; raises OSError where the disk does not give them back."""
        if isinstance(ticket, bytes):
            return ticket
        length = ticket & (1 << _LENGTH) - 1
        data = os.pread(self._opened(), length, (ticket >> _LENGTH) * _BLOCK)
        if len(data) != length:
            raise OSError(errno.EIO, "a file of sessions at rest is shorter than it was")
        return data

    def drop(self, ticket: bytes | int) -> None:
        """Nobody asks for them any more."""
        if isinstance(ticket, int):
            count = -(-(ticket & (1 << _LENGTH) - 1) // _BLOCK)
            self._free.setdefault(count, []).append(ticket >> _LENGTH)

    def _opened(self) -> int:
        if self._file is None:
            with tempfile.TemporaryFile(buffering=0, dir=self._folder) as file:
                self._file = os.dup(file.fileno())
            weakref.finalize(self, os.close, self._file)
        return self._file
