"""Machines of a fleet in a soak: each a home with a real daemon, logs, and a wire to the server.

What is written into logs is kept besides, call by call, so that what the server counted can be held
against it. Nothing is read from costtop here.
"""

import os
import signal
import subprocess
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from random import Random

from costtop import paths
from tests.fleet.wire import Wire

from . import agent_lines
from .keeper import COSTTOP, Keeper, children
from .sent import PRICES, Sum, Used

_KEPT = ("PATH", "LANG", "PYTHONPATH")
_DEAR = PRICES.replace("input = 3,", "input = 7,")


class Truth:
    """The largest sight of each call that was written, by team, session and number."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls: dict[str, dict[str, dict[int, Used]]] = {}
        self.resights = self.forks = 0

    def tell(self, team: str, session: str, number: int, used: Used) -> None:
        """One more sight."""
        known = self.calls.setdefault(team, {}).setdefault(session, {})
        before = known.get(number)
        if before is None or (used.output, used.input) > (before.output, before.input):
            known[number] = used

    def sums(self) -> dict[tuple[str, str], Sum]:
        """By (team, session)."""
        with self.lock:
            return {
                (team, session): Sum(
                    len(calls), sum(x.input for x in calls.values()),
                    sum(x.output for x in calls.values()), sum(x.cost for x in calls.values()),
                )
                for team, sessions in self.calls.items() for session, calls in sessions.items()
            }  # fmt: skip


class SessionLog:
    """A session's transcript on one machine, and what stands in it."""

    def __init__(self, path: Path, session: str, first: int = 0) -> None:
        self.path, self.session, self.next = path, session, first
        self.told: dict[int, Used] = {}
        path.parent.mkdir(parents=True, exist_ok=True)


class Machine:
    """One host: `letter` is its name in the fleet."""

    def __init__(self, folder: Path, letter: str, team: str, url: str, wire: Wire) -> None:
        self.letter, self.team, self.wire = letter, team, wire
        self.home = folder / letter
        self.home.mkdir()
        own = {"HOME": str(self.home), "COSTTOP_HOME": str(self.home / "costtop"), "TZ": "UTC"}
        self.environ = {name: os.environ[name] for name in _KEPT if name in os.environ} | own
        self.paths = paths.find(self.environ)
        self.logs: list[SessionLog] = []
        self.forwarder_kills = self.rebuilds = self.reprices = 0
        self._configure(url)
        self.keeper = Keeper(self.paths, self.home / "daemon.log", self.environ)

    def _configure(self, url: str) -> None:
        place = self.paths.config.with_name("fleet.url")
        place.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        place.touch(0o600)
        place.write_text(url)
        self.paths.config.write_text(f'[fleet]\nurl_file = "{place}"\n')
        self.price(PRICES)

    def price(self, prices: str) -> None:
        (self.paths.config.parent / "prices.toml").write_text(prices)

    def open_sessions(self, count: int) -> None:
        for _ in range(count):
            session = str(uuid.uuid4())
            self.logs.append(SessionLog(self.place(session), session))

    def place(self, session: str) -> Path:
        return self.home / agent_lines.CLAUDE.path.format(session=session)

    def append(self, rng: Random, truth: Truth, calls: int) -> None:
        """New calls, of some session."""
        log, data = rng.choice(self.logs), b""
        with truth.lock:
            for _ in range(calls):
                whole = rng.randint(10, 30_000)
                used = Used(whole, rng.randint(0, whole), rng.randint(2, 900))
                data += self._said(log, log.next, used, truth)
                log.next += 1
        _put(log.path, data)

    def sight_again(self, rng: Random, truth: Truth, calls: int) -> None:
        """Calls that are known already, with more output than before."""
        log, data = rng.choice(self.logs), b""
        with truth.lock:
            for number in rng.sample(sorted(log.told), min(calls, len(log.told))):
                before = log.told[number]
                used = before._replace(output=before.output + rng.randint(1, 50))
                data += self._said(log, number, used, truth)
                truth.resights += 1
        _put(log.path, data)

    def _said(self, log: SessionLog, number: int, used: Used, truth: Truth) -> bytes:
        log.told[number] = used
        truth.tell(self.team, log.session, number, used)
        return agent_lines.claude(log.session, number, used)

    def fork(self, rng: Random, to: "Machine", truth: Truth) -> None:
        """A session's log stands on another machine too, and both go on with it."""
        log = rng.choice(self.logs)
        copy = SessionLog(to.place(log.session), log.session, log.next + 1_000_000)
        if copy.path.exists():
            return
        with truth.lock:
            copy.told = dict(log.told)
            for number, used in copy.told.items():
                truth.tell(to.team, log.session, number, used)
            data = log.path.read_bytes() if log.path.exists() else b""
            truth.forks += 1
        _put(copy.path, data)
        to.logs.append(copy)

    # ---------------------------------------------------------------------------------- mishaps

    def kill_forwarder(self) -> None:
        """kill -9 of the daemon's child that ships, where there is one."""
        for pid in children(self.keeper.pid) if self.keeper.pid else ():
            with suppress(OSError):
                handle = os.pidfd_open(pid)
                try:
                    if Path(f"/proc/{pid}/comm").read_text().strip() == "costtop-fleet":
                        signal.pidfd_send_signal(handle, signal.SIGKILL)
                        self.forwarder_kills += 1
                finally:
                    os.close(handle)

    def rebuild(self) -> None:
        """Loses its store and makes another one from its logs."""
        with self.keeper.lock:
            self.keeper.end()
            for part in ("", "-wal", "-shm"):
                Path(f"{self.paths.database}{part}").unlink(missing_ok=True)
            self.rebuilds += 1
            self.keeper.start()

    def reprice(self, prices: str = _DEAR) -> bool:
        """Other prices, for what is stored too; False where a kill came between."""
        self.price(prices)
        done = self.asked("reprice", "--json")
        self.reprices += 1
        return done.returncode == 0

    def asked(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """What a command of costtop says on this machine."""
        return subprocess.run(
            [*COSTTOP, *words], env=self.environ, capture_output=True, text=True, timeout=300,
            check=False, cwd="/",
        )  # fmt: skip


def _put(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def told(of: Mapping[tuple[str, str], Sum]) -> Sum:
    """All of them together."""
    return Sum(*(sum(column) for column in zip(*of.values(), strict=True))) if of else Sum()
