"""The process `costtop-fleet`: ships what a daemon has stored, and carries words both ways.

It alone of a daemon's processes loads the driver. It reads the store and writes nothing: what was
taken it tells the daemon, which takes it from the outbox. A crash anywhere means that a batch goes
again, which changes nothing.
"""

import json
import os
import sys
import time
from contextlib import suppress
from typing import Any

import msgspec
import psycopg

from costtop.errors import FleetError
from costtop.fleet import schema, server_link
from costtop.fleet.host_link import HostLink
from costtop.fleet.inbox import Inbox, say
from costtop.fleet.server_link import Fault
from costtop.fleet.server_url import url_of
from costtop.settings.fleet_settings import Fleet

_ASK = 1.0  # s between two looks for news while sessions are at work
_TOLD = 1.0  # s between two words on the state where only its times have changed
_IDLE = 60_000  # ms: a connection that will be idle so long is closed
_WAITS = 3600.0  # s


def serve() -> None:
    """Takes its order from the pipe, and works until that ends."""
    with suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as name:
        name.write("costtop-fleet")
    try:
        Forwarder(json.loads(sys.stdin.buffer.readline())).run()
    except BaseException as error:  # whatever it is: where, but no text, which may hold anything
        say({"crash": _where(error)})
    os._exit(1)


class Forwarder:
    """One host's words to its fleet, in turn."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._fleet = msgspec.convert(order["fleet"], Fleet)
        self._steps = len(schema.steps())
        self._link = HostLink(self._connect, str(order["version"]), self._steps)
        self._live = False
        self._words: list[dict[str, Any]] = []  # of the daemon to the server, the oldest first
        self._inbox = Inbox()
        self._told: dict[str, Any] = {}
        self._told_at = 0.0

    def run(self) -> None:
        """For ever."""
        while True:
            if self._link.wait() <= 0:
                try:
                    self._speak()
                except (psycopg.Error, FleetError) as error:
                    self._link.failed(error)
            self._tell_state()
            for message in self._inbox.take(self._rest()):
                self._hear(message)

    def _connect(self) -> psycopg.Connection:
        """With the URL as it stands now: a password may have changed."""
        url = url_of(self._fleet, "host", os.environ)
        return server_link.connect(url, insecure=self._fleet.insecure)

    def _hear(self, message: dict[str, Any]) -> None:
        """What the daemon says."""
        if "live" in message:
            self._live = bool(message["live"])
        if "answer" in message or "say" in message:
            self._words.append(message)

    def _rest(self) -> float:
        """Seconds until there is something to do by itself."""
        if (failed := self._link.wait()) > 0:
            return failed
        return min(self._due(), _WAITS)

    def _due(self) -> float:
        """Seconds until the next heartbeat, or look for news; 0 where words wait."""
        if self._words or self._link.facts is None or self._link.fault:
            return 0.0
        passed = time.monotonic() - self._link.spoke
        return (_ASK if self._live else self._link.facts.idle_ms / 1000) - passed

    def _speak(self) -> None:
        """All that is due; raises psycopg.Error and FleetError."""
        while self._words:
            self._carry(self._words[0])
            del self._words[0]
        if self._due() <= 0:
            self._look()
        if self._link.facts and self._link.facts.idle_ms >= _IDLE and not self._live:
            self._link.close()

    def _look(self) -> None:
        """A heartbeat."""
        self._news(self._link.beat(0))

    def _carry(self, message: dict[str, Any]) -> None:
        """One word of the daemon, and that it was taken."""

    def _news(self, answer: object) -> None:
        """What the server tells this host besides."""
        if news := getattr(answer, "news", None):
            say({"news": news})

    def _tell_state(self) -> None:
        """How things stand, where that is another thing than before."""
        state = self._state()
        changed = {name: state[name] for name in state if name not in ("seen", "lag_ms")}
        before = {name: self._told.get(name) for name in changed}
        now = time.monotonic()
        if changed != before or (state != self._told and now - self._told_at >= _TOLD):
            self._told, self._told_at = state, now
            say({"state": state})

    def _state(self) -> dict[str, Any]:
        facts, fault = self._link.facts, self._link.fault or self._outdated()
        return {
            "reachable": self._link.fault is None and facts is not None,
            "unreachable_since": self._link.away_since,
            "code": fault.code if fault else "",
            "trouble": fault.said if fault else "",
            "seen": self._link.heard,
            "lag_ms": 0,
            "acked": facts.acked if facts else 0,
            "schema": facts.schema if facts else 0,
            "host": facts.host if facts else "",
            "team": facts.team if facts else "",
            "epoch": facts.epoch if facts else 0,
            "skew_ms": facts.skew_ms if facts else 0,
            "strays": facts.strays if facts else 0,
        }

    def _outdated(self) -> Fault | None:
        """Where the server lacks what this costtop would say; one of more steps takes all."""
        facts = self._link.facts
        if facts is None or facts.schema >= self._steps:
            return None
        has = f"the fleet's server has schema {facts.schema}, this costtop wants {self._steps}"
        return Fault("fleet-schema", f"{has}: costtop fleet migrate, as its owner")


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    place = os.path.basename(trace.tb_frame.f_code.co_filename)
    return f"{type(error).__name__} at {place}:{trace.tb_lineno}"
