"""The process that reads a fleet for another one: `python -m costtop.fleet.mirror.reader_child`.

Lines of JSON come in: one says where to read and into which file, the others what to bring; each is
answered by a line. It ends with its standard input. No URL is ever on its command line, and none in
what it says. One process at a time writes a file: another one waits for what the first brings.
"""

import fcntl
import json
import os
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from costtop.errors import FleetError
from costtop.files import private_directory, private_file
from costtop.fleet.mirror import asked_span, picture, picture_refresh, reading_link, span_rows
from costtop.fleet.mirror.asked_span import AskedRows
from costtop.fleet.mirror.own_store import OwnStore

NAME = "costtop-reader"


def main() -> int:
    """Answers until nobody asks any more."""
    asked_for = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - a line, not more
    first = json.loads(asked_for.readline() or "{}")
    if not first:
        return 0
    try:
        child = _Child(first)
    except Exception as error:
        _say({"error": reading_link.said(error)})
        return 1
    while line := asked_for.readline():
        asked = json.loads(line)
        if "follow" in asked:
            child.follow(float(asked["follow"]))
            break
        try:
            _say({"at": child.answer(asked)})
        except Exception as error:  # whatever it is: who asked is told in a line
            child.close()
            _say({"error": reading_link.said(error)})
    child.close()
    return 0


class _Child:
    """What it was told at first, its file's lock, and the connection that it keeps."""

    def __init__(self, first: Mapping[str, Any]) -> None:
        self._first, self._path = first, Path(first["path"])
        private_directory(self._path.parent)
        self._lock = private_file(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT)
        self._db: psycopg.Connection | None = None

    def close(self) -> None:
        """Lets the connection go."""
        if self._db is not None:
            self._db.close()
        self._db = None

    def follow(self, every: float) -> None:
        """Keeps the picture, as soon as no other process does."""
        while not self._is_ours():
            if picture_refresh.has_ended(every):
                return
        store = picture.opened(self._path, self._first["told"])
        with closing(store.db):
            picture_refresh.follow(self._first, store, self._path, every)

    def answer(self, asked: Mapping[str, Any]) -> int:
        """Brings what is asked for, into the file or into one for it alone; its moment."""
        own = asked.get("path")
        if not own and not self._is_ours():
            if "pull" in asked:
                return picture_refresh.waited_for(self._path)
            raise FleetError(f"another costtop is writing {self._path}")
        store = picture.opened(Path(own or self._path), self._first["told"])
        with closing(store.db):
            self._db = self._db or reading_link.connect(self._first, NAME)
            _bring(self._db, store, asked)
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        return store.at

    def _is_ours(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _bring(db: psycopg.Connection, store: OwnStore, asked: Mapping[str, Any]) -> None:
    if "first" in asked:
        store.at = span_rows.first(db) or 0
    elif "pull" in asked:
        picture.pull_whole(db, store, _told)
        store.save_slices()
    else:
        asked_span.fetch(db, store, _wanted(asked), _told)


def _wanted(asked: Mapping[str, Any]) -> AskedRows:
    sums, calls = ([(a, b) for a, b in asked.get(key, ())] for key in ("sums", "calls"))
    return AskedRows(sums, asked.get("zone", ""), calls, asked.get("session", ""))


def _told(done: int, of: int) -> None:
    _say({"done": done, "of": of})


def _say(line: Mapping[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
