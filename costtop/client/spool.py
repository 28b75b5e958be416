"""Lines kept in files while no daemon takes them: whole, in order, private.

The daemon follows the spool's folder like any other source. One file a day is shared by all
programs of the user, so that thousands of short scripts leave one file and not thousands.
"""

import errno
import fcntl
import os
import time
from collections.abc import Sequence
from pathlib import Path

from costtop.files import private_directory, private_file

LARGEST = 1 << 30  # bytes of one day's file; a daemon that is never started must not fill a disk


def append(folder: Path, lines: Sequence[bytes]) -> None:
    """Adds lines, each ending in a newline, all or none; raises OSError or Unusable."""
    private_directory(folder)
    name = time.strftime("%Y-%m-%d.jsonl", time.gmtime())
    file = private_file(folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)  # half a line of one program must not take another's
        _write(file, b"".join(lines))
    finally:
        os.close(file)


def _write(file: int, data: bytes) -> None:
    before = os.fstat(file).st_size
    if before + len(data) > LARGEST:
        raise OSError(errno.EFBIG, "the day's spool file is full")
    try:
        written = os.write(file, data)
    except OSError:
        os.ftruncate(file, before)
        raise
    if written < len(data):
        os.ftruncate(file, before)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
