"""Keeps a picture near the server for as long as somebody looks at it, and says how it goes.

What it says of itself lies beside the picture, in the form in which a daemon says it: whoever reads
how a daemon is reads that.
"""

import os
import random
import select
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from costtop import __version__
from costtop.durations import now_ms, words
from costtop.errors import FleetError
from costtop.fleet.mirror import picture, reading_link, server_rows
from costtop.fleet.mirror.fleet_reader import status_of
from costtop.fleet.mirror.own_store import OwnStore
from costtop.store import daemon_status

NAME = "costtop-screen"
_FIRST, _LONGEST = 1.0, 15.0  # s to the next try where the server is away
_QUICKEST, _SLOWEST = 0.1, 0.25  # s between two looks, each a small question
_SHARE = 3.0  # how much longer than a pull took nothing is pulled: a reader is one of many
_PATIENCE = 20.0  # s for another process to bring its picture up to now
_LOOKS = 0.05  # s


def follow(first: Mapping[str, Any], store: OwnStore, path: Path, every: float) -> None:
    """Pulls as soon as a host has told anything, and every so many seconds, until input ends."""
    looking = _Looking(first, store, every)
    while True:
        wait = looking.look()
        _write(path, store, looking.trouble)
        if has_ended(wait):
            break
    looking.close()
    status_of(path).unlink(missing_ok=True)


class _Looking:
    """A connection, when it was pulled last, and how long to wait where the server is away."""

    def __init__(self, first: Mapping[str, Any], store: OwnStore, every: float) -> None:
        self._first, self._store, self._every = first, store, every
        self._db: psycopg.Connection | None = None
        self._mark, self._pulled = (-1, -1), 0.0
        self._pause, self.trouble = _FIRST, ""

    def close(self) -> None:
        """Lets the connection go."""
        if self._db is not None:
            self._db.close()
        self._db = None

    def look(self) -> float:
        """Pulls where there may be news; for how many seconds to wait then."""
        try:
            wait = self._news()
            self._pause, self.trouble = _FIRST, ""
        except Exception as error:  # whatever it is: who looks is told, and the picture stays
            self.close()
            self.trouble = reading_link.said(error)
            wait = random.uniform(self._pause / 2, self._pause)  # noqa: S311 - no secret
            self._pause = min(self._pause * 2, _LONGEST)
        return wait

    def _news(self) -> float:
        db = self._db = self._db or reading_link.connect(self._first, NAME)
        began, mark = time.monotonic(), server_rows.mark(db)
        if mark == self._mark and began - self._pulled < self._every:
            return self._pace()
        picture.pull(db, self._store)
        self._mark, self._pulled = mark, time.monotonic()
        if not picture.is_whole(self._store):
            return 0.0
        return max(self._pace(), _SHARE * (self._pulled - began))

    def _pace(self) -> float:
        """A part of the time for which hosts gather: readers add little to it."""
        return min(max(self._store.window / 5, _QUICKEST), _SLOWEST)


def has_ended(seconds: float) -> bool:
    """Whether nobody looks any more, found within so many seconds."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return bool(ready) and not os.read(sys.stdin.fileno(), 4096)


def _write(path: Path, store: OwnStore, trouble: str) -> None:
    done, of = picture.left(store) if store.at else (0, 0)
    if trouble and (read := store.at or store.last_word()):
        trouble = f"{trouble}; shown is what was read {words(max(now_ms() - read, 0))} ago"
    if not trouble and done < of:
        trouble = f"the fleet's past is being read: {done} of {of} parts, sums are not complete"
    daemon_status.write(
        status_of(path),
        {
            "at": now_ms(),
            "pid": os.getpid(),
            "pid_space": daemon_status.pid_space(),
            "version": __version__,
            "trouble": trouble,
            "picture": store.at,
            "whole": done == of > 0,
        },
    )


def waited_for(path: Path) -> int:
    """The moment of the picture that another process keeps, once it is of now."""
    began, deadline = now_ms(), time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        said = daemon_status.read(status_of(path))
        if said.get("whole") and int(said.get("at", 0)) >= began and not said.get("trouble"):
            return int(said["picture"])
        time.sleep(_LOOKS)
    raise FleetError("another costtop reads the fleet, and does not get on with it")
