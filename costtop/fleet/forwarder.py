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
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from costtop.errors import FleetError
from costtop.fleet import schema, server_link, ship_to_server
from costtop.fleet.daemon_pipe import Inbox, say
from costtop.fleet.host_link import HostLink
from costtop.fleet.naming import Naming
from costtop.fleet.outbox_sending import Outflow
from costtop.fleet.server_link import LinkFault
from costtop.fleet.server_url import url_of
from costtop.settings.fleet_settings import Fleet

_COUNT = 5.0  # s between two counts of what waits
_GATHERED = 4  # of the server's window: a first row waits so much less
_ASK = 1.0  # s between two looks for news while sessions are at work
_TOLD = 1.0  # s between two words on the state where only its times have changed
_IDLE = 60_000  # ms: a connection that will be idle so long is closed
_WAITS = 3600.0  # s
_TIMES = ("seen", "lag_ms", "acked", "waiting", "skew_ms")


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
        naming = Naming(self._fleet.send, bytes.fromhex(order["key"]))
        self._out = Outflow(Path(order["database"]), naming, self._link, self._fleet.detail)
        self._behind: float | None = time.monotonic()  # since when something may wait
        self._shipped = self._counted = float("-inf")  # monotonic: the last batch, the last count
        self._more = False  # there was more than the last batch could take
        self._live, self._epoch = False, 0
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
        if "wake" in message and self._behind is None:
            self._behind = time.monotonic()
        if "live" in message:
            # Where nothing is accepted there is nothing to ask for: batches bring the rest.
            self._live = bool(message["live"] and self._fleet.accept)
        if "crossed" in message:
            self._out.crossed(int(message["crossed"]))
            if self._out.is_even:
                self._counted = float("-inf")
        if "answer" in message or "say" in message:
            self._words.append(message)

    # ------------------------------------------------------------------------------ what is due

    def _rest(self) -> float:
        """Seconds until there is something to do by itself."""
        if (failed := self._link.wait()) > 0:
            return failed
        untold = _TOLD if self._state() != self._told else _WAITS
        return max(0.0, min(self._until_batch(), self._until_word(), untold))

    def _until_word(self) -> float:
        """Seconds until the next heartbeat, or look for news; 0 where words wait."""
        facts = self._link.facts
        if self._words or facts is None or self._link.fault:
            return 0.0
        now = time.monotonic()
        beat = self._link.beaten + facts.idle_ms / 1000 - now
        return min(beat, self._link.spoke + _ASK - now) if self._live else beat

    def _until_batch(self) -> float:
        """Seconds until the next batch: rows are gathered for as long as the server says."""
        if self._behind is None or self._out.is_held or self._outdated():
            return _WAITS
        window = (self._link.facts.window_ms if self._link.facts else 0) / 1000
        if self._more or self._link.fault:  # what failed is tried before it counts as over
            return 0.0
        due = max(self._shipped + window, self._behind + window / _GATHERED)
        return due - time.monotonic()

    def _lag(self) -> int:
        """ms for which something has waited that changed."""
        if self._behind is None or not self._out.live:
            return 0
        return round((time.monotonic() - self._behind) * 1000)

    # ------------------------------------------------------------------------------ what is done

    def _speak(self) -> None:
        """All that is due, but one batch at most; raises psycopg.Error and FleetError."""
        while self._words:
            self._carry(self._words[0])
            del self._words[0]
        if self._until_word() <= 0:
            self._look()
        if self._until_batch() <= 0:
            self._ship()
        if self._link.is_open:
            self._link.well()
        facts = self._link.facts
        if facts and facts.idle_ms >= _IDLE and not self._live and self._behind is None:
            self._link.close()

    def _look(self) -> None:
        """A heartbeat where one is due, else only what is new for this host."""
        before, db = self._link.beaten, self._db()
        facts = self._link.facts
        assert facts is not None
        if self._link.beaten != before:  # a connection's first word is one
            self._news(facts.news)
        elif time.monotonic() < before + facts.idle_ms / 1000:
            self._news(ship_to_server.ask(db))
            self._link.answered()
        else:
            self._news(self._link.beat(self._lag()).news)

    def _db(self) -> psycopg.Connection:
        """The connection; a new one is told what this host accepts, and asked what it has heard."""
        db = self._link.db(self._lag())
        facts = self._link.facts
        assert facts is not None
        if facts.epoch != self._epoch:
            self._epoch = facts.epoch
            if not self._outdated():
                ship_to_server.accept(db, self._fleet.accept)
            if self._out.is_forgotten(facts.acked):
                say({"again": True})
        return db

    def _ship(self) -> None:
        """The next batch, where there is one."""
        self._db()
        since = time.monotonic()
        batch = self._out.next()
        if batch is None:
            self._behind, self._more = None, False
            return
        self._news(self._out.send(batch, self._lag()))
        self._shipped, self._more = time.monotonic(), batch.more
        self._behind = since if batch.more else None

    def _carry(self, message: dict[str, Any]) -> None:
        """One word of the daemon, and that it was taken."""
        db, told, said = self._db(), message.get("answer"), message.get("say")
        try:
            if told:
                ship_to_server.answer(db, told["id"], told["state"], told["why"])
            if said:
                ship_to_server.say(db, said[0], said[1])
        except psycopg.Error as error:
            if ship_to_server.passes(error) or db.closed:
                raise
        self._link.answered()
        if told:
            say({"answered": told["id"]})
        if said:
            say({"said": [said[0], said[2]]})

    def _news(self, news: dict[str, Any]) -> None:
        """What the server tells this host besides."""
        if any(news.values()) or news.keys() - {"commands"}:
            say({"news": news})

    # ------------------------------------------------------------------------------ what is told

    def _tell_state(self) -> None:
        """How things stand, where that is another thing than before."""
        now = time.monotonic()
        if now - self._counted >= _COUNT:
            self._counted = now
            self._out.count()
        state = self._state()
        changed = {name: state[name] for name in state if name not in _TIMES}
        before = {name: self._told.get(name) for name in changed}
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
            "lag_ms": self._lag(),
            "acked": self._link.acked,
            "waiting": self._out.waiting,
            "history": self._out.history,
            "aside": self._out.aside,
            "schema": facts.schema if facts else 0,
            "host": facts.host if facts else "",
            "team": facts.team if facts else "",
            "epoch": facts.epoch if facts else 0,
            "skew_ms": facts.skew_ms if facts else 0,
            "strays": facts.strays if facts else 0,
        }

    def _outdated(self) -> LinkFault | None:
        """Where the server lacks what this costtop would say; one of more steps takes all."""
        facts = self._link.facts
        if facts is None or facts.schema >= self._steps:
            return None
        has = f"the fleet's server has schema {facts.schema}, this costtop wants {self._steps}"
        return LinkFault("fleet-schema", f"{has}: costtop fleet migrate, as its owner")


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    place = os.path.basename(trace.tb_frame.f_code.co_filename)
    return f"{type(error).__name__} at {place}:{trace.tb_lineno}"
