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
from costtop.durations import now_ms
from costtop.errors import CosttopError, FleetError
from costtop.fleet import server_link
from costtop.fleet.mirror import picture
from costtop.fleet.mirror.fleet_reader import status_of
from costtop.fleet.mirror.own_store import OwnStore
from costtop.store import daemon_status

NAME = "costtop-screen"
_FIRST, _LONGEST = 1.0, 15.0  # s to the next try where the server is away
_PATIENCE = 20.0  # s for another process to bring its picture up to now
_LOOKS = 0.05  # s


def follow(first: Mapping[str, Any], store: OwnStore, path: Path, every: float) -> None:
    """Pulls every so many seconds until standard input ends."""
    db: psycopg.Connection | None = None
    pause, trouble = _FIRST, ""
    while True:
        began, wait = time.monotonic(), every
        try:
            db = db or server_link.connect(first["url"], insecure=first["insecure"], name=NAME)
            picture.pull(db, store)
            pause, trouble = _FIRST, ""
        except (psycopg.Error, CosttopError) as error:
            _close(db)
            db = None
            trouble = server_link.said(error) if isinstance(error, psycopg.Error) else str(error)
            wait = random.uniform(pause / 2, pause)  # noqa: S311 - no secret
            pause = min(pause * 2, _LONGEST)
        _write(path, store, trouble)
        if not trouble and not picture.is_whole(store):
            wait = 0.0
        if has_ended(max(wait - (time.monotonic() - began), 0.0)):
            break
    _close(db)
    status_of(path).unlink(missing_ok=True)


def _close(db: psycopg.Connection | None) -> None:
    if db is not None:
        db.close()


def has_ended(seconds: float) -> bool:
    """Whether nobody looks any more, found within so many seconds."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return bool(ready) and not os.read(sys.stdin.fileno(), 4096)


def _write(path: Path, store: OwnStore, trouble: str) -> None:
    done, of = picture.left(store) if store.at else (0, 0)
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
