"""A stage with real processes, all started by the test; one beside them must always survive."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from costtop.processes.actions import Actions
from costtop.processes.evidence.evidence_nouns import PeerReport
from costtop.processes.evidence.search import search
from costtop.processes.holder import Holder
from costtop.processes.inspect.inspector import system_inspector
from costtop.processes.inspect.process import Inspector
from costtop.processes.kill.ladder import LadderStep, Pace
from costtop.processes.vitals import Vitals
from tests.patience import until

ACTOR = str(Path(__file__).with_name("actor.py"))
FAST = Pace(interrupt=0.4, terminate=0.4, kill=2.0, linger=0.2)


class Stage:
    """Starts actors and knows their pids by name; kills only what it started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pids: dict[str, int] = {}
        self._started: list[subprocess.Popen[str]] = []
        self._fds: dict[str, int] = {}

    def start(self, *words: str, program: list[str] | None = None, **options: object) -> int:
        """The pid of a new actor, once it and all its children are ready."""
        if program is None and any(word.startswith("claude=") for word in words):
            program = self.program("claude")  # only an agent says so of itself
        command = [*(program or [sys.executable, "-I", "-S", ACTOR]), *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
        self._started.append(process)
        for _ in range(1 + " ".join(words).count("name=") - any(w[:5] == "name=" for w in words)):
            _, name, pid = process.stdout.readline().split()
            self.pids[name] = int(pid)
            self._fds[name] = os.pidfd_open(int(pid))
        return int(process.pid)

    def program(self, name: str) -> list[str]:
        """The actor under an agent's name, run by Python as a script."""
        path = self._folder / name
        path.write_text(Path(ACTOR).read_text())
        return [sys.executable, "-I", "-S", str(path)]

    def grown(self, name: str, inspector: Inspector) -> None:
        """Wait until it is more than a second old, as this inspector sees it."""
        until(lambda: inspector.age(inspector.glance(self.pids[name]).start) > 1.05)

    def lives(self, name: str) -> bool:
        """Whether an actor still runs; a zombie does not."""
        try:
            signal.pidfd_send_signal(self._fds[name], 0)
        except ProcessLookupError:
            return False
        now = system_inspector().glance(self.pids[name])
        return now is not None and now.state != "Z"

    def ended(self, name: str) -> None:
        """Wait until it no longer runs."""
        until(lambda: not self.lives(name))

    def reap(self) -> None:
        """Collect those that have ended."""
        for process in self._started:
            process.poll()

    def end_of(self, *names: str) -> None:
        """Kill these, if they were started and still live."""
        for name in names:
            with contextlib.suppress(ProcessLookupError, KeyError):
                signal.pidfd_send_signal(self._fds[name], signal.SIGKILL)

    def end(self) -> None:
        self.end_of(*self._fds)
        for fd in self._fds.values():
            os.close(fd)
        for process in self._started:
            process.kill()
            process.wait()
            process.stdout.close()


class Hand:
    """A holder and actions with short waits, as the daemon has them."""

    def __init__(self, **options: object) -> None:
        self.holder = Holder(**options)  # type: ignore[arg-type]
        self.vitals = Vitals(self.holder)
        self.actions = Actions(self.holder, self.vitals, FAST)

    def take(self, pid: int, session: str = "costtop/s") -> str:
        """Hold `pid` as `costtop run` would have it."""
        now = self.holder.inspector.glance(pid)
        start = now.start if now else 0
        self.holder.report(PeerReport(session, "run", ((pid, start),)))
        return session


async def steps_of(deed: AsyncIterator[LadderStep]) -> list[LadderStep]:
    return [step async for step in deed]


@pytest.fixture(name="until")
def until_() -> Callable[..., None]:
    return until


@pytest.fixture
def all_steps() -> Callable[[AsyncIterator[LadderStep]], object]:
    return steps_of


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    found = Stage(tmp_path_factory.mktemp("programs"))
    found.start("name=beside")
    try:
        yield found
        assert found.lives("beside"), "a process that nobody named was hit"
    finally:
        found.end()


@pytest.fixture
def hand() -> Iterator[Hand]:
    found = Hand()
    yield found
    found.holder.close()


@pytest.fixture
def hand_of() -> Iterator[Callable[..., Hand]]:
    made: list[Hand] = []

    def make(**options: object) -> Hand:
        made.append(Hand(**options))
        return made[-1]

    yield make
    for one in made:
        one.holder.close()


@pytest.fixture
def root(home):
    return home / ".claude"


@pytest.fixture
def look(hand, root):
    def look(*wanted):
        hand.holder.take(wanted, search(wanted, [root]))
        return [hand.holder.find(one.session) for one in wanted]

    return look


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """Agents of tests that run beside this one are not in its folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
