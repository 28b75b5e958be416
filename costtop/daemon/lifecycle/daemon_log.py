"""The daemon's log: three files of 10 MB at most, repeats folded. It does not judge what is told.

Where standard error is not that file (a terminal, a journal), whoever reads it does the keeping.
"""

import logging
import os
import sys
import time
from collections import OrderedDict
from pathlib import Path
from typing import TextIO

from costtop.files import private_file

LARGEST = 10_000_000  # bytes of one file
OLDER = 2  # files kept besides
_AGAIN = 600.0  # s within which the same words are only counted
_REMEMBERED = 200  # words


def begin(path: Path) -> None:
    """Sends this process's log to standard error, kept small where that is the file `path`."""
    stream = LogFile(path, LARGEST) if _is(2, path) else sys.stderr
    told: logging.StreamHandler[TextIO | LogFile] = logging.StreamHandler(stream)
    told.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    told.addFilter(Repeats())
    logging.basicConfig(handlers=[told], level=logging.INFO)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False


class LogFile:
    """Text appended to the file behind standard error, which begins anew before it is too large.

    Other processes of costtop append to it by its name, and tracebacks go there by themselves.
    """

    def __init__(self, path: Path, largest: int) -> None:
        self._path, self._largest = path, largest

    def write(self, text: str) -> None:
        """Writes it at once."""
        data = text.encode("utf-8", "replace")
        if os.fstat(2).st_size + len(data) > self._largest:
            self._begin_anew()
        os.write(2, data)

    def flush(self) -> None:
        """Nothing waits."""

    def _begin_anew(self) -> None:
        """Moves the files on; standard output too, where it goes there."""
        if not _is(2, self._path):
            return  # moved away or deleted by somebody: what is open is written on
        both = _is(1, self._path)
        for number in range(OLDER, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path.with_name(f"{self._path.name}.{number - 1}")
            source = self._path if number == 1 else newer
            if source.exists():
                source.replace(older)
        fresh = private_file(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(fresh, 2)
        if both:
            os.dup2(fresh, 1)
        os.close(fresh)


class Repeats:
    """Lets the same words through once in ten minutes, then with how often they came between."""

    def __init__(self, again: float = _AGAIN) -> None:
        self._again = again
        self._said: OrderedDict[str, list[float]] = OrderedDict()  # words: [when, how often since]

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is written; its words may have a count behind."""
        fault = record.exc_info[1] if record.exc_info else None
        words = f"{record.getMessage()}{fault!r}"
        before = self._said.get(words)
        if before and record.created - before[0] < self._again:
            before[1] += 1
            return False
        if before and before[1]:
            since = time.strftime("%H:%M:%S", time.localtime(before[0]))
            record.msg = f"{record.getMessage()} ({before[1]:.0f} more times since {since})"
            record.args = ()
        self._said[words] = [record.created, 0]
        self._said.move_to_end(words)
        if len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)
        return True
