"""A file beside the database that is given up when the disk is full, to write down that it is."""

import contextlib
import os
from pathlib import Path

SIZE = 1 << 20  # bytes: an alert and what becomes of its letters need a tenth of it


class Reserve:
    """Keeps SIZE bytes of the database's disk."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name("costtop.reserve")

    def keep(self) -> None:
        """Takes the space, if it is there and not taken."""
        with contextlib.suppress(OSError):
            if self._path.stat().st_size == SIZE:
                return
        try:
            with open(self._path, "wb", opener=_private) as file:
                file.write(bytes(SIZE))
                file.flush()
                os.fsync(file.fileno())  # a file system may find out late that it is full
        except OSError:
            self.free()

    def free(self) -> bool:
        """Gives the space up; True where there was some."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
