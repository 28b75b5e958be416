"""The process that asks for a deed on another machine's session, and waits for what became of it.

It lives for one command, with an operator's login. The command's id is the asker's, so that one
whose connection was cut is asked again and done once. When its daemon goes, it goes.
"""

import json
import os
import sys
import time
from typing import Any

import msgspec
import psycopg

from costtop.durations import running_ms
from costtop.errors import FleetError
from costtop.fleet import server_link
from costtop.fleet.daemon_pipe import Inbox, say
from costtop.fleet.server_url import url_of
from costtop.fleet.ship_to_server import passes
from costtop.named_tuples import NamedTuple
from costtop.settings.fleet_settings import Fleet

_ASK = b"SELECT * FROM costtop.command(%s::uuid, %s, %s, %s, %s, %s::jsonb, %s)"
_HEAR = b"SELECT * FROM costtop.outcome(%s::uuid)"
_LOOK = 0.2  # s between two looks for the answer
_LATE = 3_000  # ms after its time in which the answer of what was begun may still come
_TRIES = 10_000  # ms in which a command that was cut is asked again
_OURS = {"CT004"}  # refusals in words of costtop's own functions, which hold no secret
_NO_OPERATOR = (
    "this login may not command sessions of the fleet (costtop fleet grant ROLE TEAM --operator)"
)


class FarAsked(NamedTuple):
    """What stands of a command: asked, done, refused or expired; ms that are left to begin it."""

    state: str
    answer: str
    left_ms: int


def serve() -> None:
    """Takes its order from the pipe, says the answer, and ends."""
    order = json.loads(sys.stdin.buffer.readline())
    Inbox()  # ends this process with the pipe
    try:
        fleet = msgspec.convert(order["fleet"], Fleet)
        found = _Asker(fleet, order["command"]).ask()
        say({"state": found.state, "answer": found.answer})
    except FleetError as error:
        say({"error": str(error)})
    os._exit(0)


class _Asker:
    """One command on its way; `_end` is when to give up, of `running_ms`."""

    def __init__(self, fleet: Fleet, command: dict[str, Any]) -> None:
        self._fleet, self._command = fleet, command
        self._db: psycopg.Connection | None = None
        self._asked = False
        self._end = running_ms() + _TRIES

    def ask(self) -> FarAsked:
        """What became of it; raises FleetError where nobody can know, or it may not be asked."""
        while True:
            try:
                found = self._look()
            except psycopg.Error as error:
                self._bear(error)
            else:
                self._asked, self._end = True, running_ms() + found.left_ms + _LATE
                if found.state in ("done", "refused") or found.left_ms < -_LATE:
                    return found
            time.sleep(_LOOK)

    def _look(self) -> FarAsked:
        db = self._db = self._db or self._connect()
        one = self._command
        if self._asked:
            row = db.execute(_HEAR, (one["id"],)).fetchone()
        else:
            names = ("id", "team", "host", "session", "verb")
            given = json.dumps(one["given"])
            row = db.execute(_ASK, (*(one[name] for name in names), given, one["on"])).fetchone()
        if row is None or row[0] is None:
            raise FleetError(f"the fleet's server knows this command no more: {one['host']} left")
        return FarAsked(*row)

    def _connect(self) -> psycopg.Connection:
        url = url_of(self._fleet, "operator", os.environ)
        return server_link.connect(url, insecure=self._fleet.insecure, name="costtop-ask")

    def _bear(self, error: psycopg.Error) -> None:
        """Goes on after a cut while there is time; raises FleetError else."""
        if error.sqlstate in _OURS:
            raise FleetError(str(error.diag.message_primary))
        if error.sqlstate == "42501":
            own = str(error.diag.message_primary or "")
            raise FleetError(own if own.startswith("no host ") else _NO_OPERATOR)
        if self._db is not None:
            self._db.close()
        was_cut, self._db = self._db is not None or self._asked, None
        if not passes(error) or not was_cut or running_ms() >= self._end:
            words = server_link.said(error)
            raise FleetError(f"{words}; nobody knows whether it was done" if was_cut else words)
