"""Everything at once: starts all parts of a soak, ends them, and lets the daemon catch up."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

from . import verdict
from .gauges import Gauges
from .instance_home import InstanceHome
from .log_writers import twenty
from .mishaps import Mishaps
from .verdict import Finding
from .watchers import Asking, Screens
from .wires import Nuisance, OtlpCaller, PythonClient, SocketCaller

CATCH_UP = 180.0  # s that the daemon has in the end, with nothing against it any more
RETRY = 960.0  # s within which an endpoint that has failed is tried again


class Party:
    """One soak in a folder of its own. The environment is that of its instance."""

    def __init__(self, folder: Path, seed: int, minutes: float) -> None:
        self.seconds, self.rng = minutes * 60, Random(seed)  # noqa: S311
        dollars = max(2, round(self.seconds * 1.2))  # about what is spent in that time
        self.home = InstanceHome(folder, dollars)
        self.paths, self.sent, self.log = self.home.paths, self.home.sent, self.home.log
        self.keeper, self.clock, self.disk = self.home.keeper, self.home.clock, self.home.disk
        self.gauges = Gauges(self.paths.database, self.log)
        self.mishaps = Mishaps(self.keeper, self.disk, self.clock, self.home.fickle, self._dice())
        self.writers = list(twenty(folder, seed, self.sent))
        self.sockets = [SocketCaller(self.paths, f"wire-{n}", self.sent) for n in range(2)]
        self.client = PythonClient("client", self.sent)
        self.otlp = OtlpCaller(self.paths, self.home.port, "spans", self.sent)
        self.nuisance, self.asking = Nuisance(self.paths), Asking()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.wrong: list[str] = []

    def _dice(self) -> Random:
        return Random(self.rng.getrandbits(64))  # noqa: S311

    def run(self) -> list[Finding]:
        """The whole soak, and what came of it."""
        self.keeper.start()
        self.screens = Screens()
        for what, pause in self._parts():
            self._begin(what, pause)
        try:
            self.mishaps.run(self.seconds, self.seconds * 0.4)
            self._over.set()
            for thread in self._threads:
                thread.join(150)
            self._settle()
            return self._judged()
        finally:
            self.keeper.stop()

    def _parts(self) -> list[tuple[Callable[[Random], object], float]]:
        """What is done over and over, each in a thread of its own, with pauses in seconds."""
        return [
            (self._write, 0.03), (self.sockets[0].call, 0.5), (self.sockets[1].call, 1.0),
            (self.client.call, 0.4), (self.otlp.call, 0.4), (self.nuisance.annoy, 1.0),
            (self.screens.look, 0.3), (self.asking.ask, 1.5), (self._measure, 1.0),
        ]  # fmt: skip

    def _write(self, rng: Random) -> None:
        rng.choice(self.writers).write(rng)

    def _measure(self, _: Random) -> None:
        if self.keeper.lock.acquire(blocking=False):
            try:
                self.keeper.look()
                self.gauges.look(self.keeper.pid)
            finally:
                self.keeper.lock.release()

    def _begin(self, what: Callable[[Random], object], pause: float) -> None:
        rng = self._dice()

        def again() -> None:
            try:
                while not self._over.wait(rng.uniform(0.5, 1.5) * pause):
                    what(rng)
            except Exception as error:  # a part that ends early would make a soak of nothing
                self.wrong.append(f"{what.__qualname__}: {type(error).__name__}: {error}")
                raise

        self._threads.append(threading.Thread(target=again, daemon=True))
        self._threads[-1].start()

    def _settle(self) -> None:
        """All that was begun is ended, and the daemon gets time to read and to send."""
        self.nuisance.close()
        for writer in self.writers:
            writer.finish()
        self.keeper.look()
        callers = (*self.sockets, self.otlp)
        until(lambda: min(caller.push() for caller in callers), 60)
        if not self.client.flush():
            self.wrong.append("the Python client could not get rid of its records within 60 s")
        self.client.close()
        for caller in self.sockets:
            caller.close()
        self.wrong += self.screens.end()
        began = time.monotonic()
        catch_up(self.home)
        self.caught_up = time.monotonic() - began
        self.keeper.look()
        if code := self.keeper.stop():
            self.wrong.append(f"the daemon ended with {code} when it was asked to")

    def _judged(self) -> list[Finding]:
        keeper, asking = self.keeper, self.asking
        took = sorted(one for caller in self.sockets for one in caller.took) or [0.0]
        kills = keeper.kills + keeper.sender_kills
        nuisance = f"{self.nuisance.lines} odd lines, {self.nuisance.answers} answers"
        codes = ", ".join(f"{many} x exit {code}" for code, many in sorted(asking.codes.items()))
        return [
            *verdict.money(self.sent),
            *verdict.alerts(self.paths.database, self.home.steady, self.home.fickle, kills),
            *verdict.bounds(self.gauges, 120),
            *verdict.sound(self.paths.database, self.log),
            Finding("no daemon ends by itself", str(keeper.ended or "none"), not keeper.ended),
            Finding("no odd line is without an answer", nuisance,
                    self.nuisance.lines == self.nuisance.answers),
            Finding("no command fails with a traceback", f"{codes}; {asking.wrong or 'none'}",
                    not asking.wrong),
            Finding("all parts ended well", str(self.wrong or "yes"), not self.wrong),
            Finding("socket batches acknowledged", f"median {took[len(took) // 2]:.2f} s,"
                    f" p95 {took[int(len(took) * 0.95)]:.2f} s, at most {took[-1]:.2f} s"
                    " (kills and full disks included)", kept=True),
            Finding("a killed daemon is back", f"{keeper.slowest:.1f} s at most", kept=True),
            Finding("caught up in the end", f"{self.caught_up:.1f} s", kept=True),
        ]  # fmt: skip


def catch_up(home: InstanceHome) -> None:
    """Waits until all that was sent is counted and judged, and every letter is delivered."""
    until(lambda: _ask(home, "SELECT count(*) FROM calls") >= home.sent.calls, CATCH_UP)
    until(lambda: _ask(home, _JUDGED) == 1, CATCH_UP)
    until(lambda: _ask(home, _OPEN) == 0, RETRY)


def _ask(home: InstanceHome, sql: str) -> int:
    try:
        with closing(sqlite3.connect(f"file:{home.paths.database}?mode=ro", uri=True)) as db:
            return int(db.execute(sql).fetchone()[0])
    except sqlite3.Error:
        return -1


_JUDGED = (
    "SELECT coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'watched'), -1)"
    " >= (SELECT coalesce(max(id), 0) FROM calls)"
)
_OPEN = "SELECT count(*) FROM outbox WHERE state IN ('pending', 'held')"


def until(true: Callable[[], bool], seconds: float) -> None:
    """Waits for it, at most so long."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.3)


def told(party: Party) -> str:
    """What was done to it, in one line of JSON."""
    keeper = party.keeper
    done = {**party.mishaps.counts, "kills": keeper.kills, "sender kills": keeper.sender_kills}
    return json.dumps(done, sort_keys=True)
