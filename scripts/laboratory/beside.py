"""One agent in a home of its own, with a daemon of costtop and the fake models beside it."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from costtop.processes.inspect.inspector import system_inspector
from laboratory import packages
from laboratory.agent_programs import RealAgent
from laboratory.agent_settings import settle
from laboratory.bill import Bill
from laboratory.fake_models import FakeModels
from laboratory.wire.exchange import Tokens

T = TypeVar("T")
COSTTOP = Path(__file__).resolve().parents[2] / ".venv/bin/costtop"


class Counted(NamedTuple):
    """One call as costtop stored it."""

    tokens: tuple[int, int, int, int, int]
    cost: int | None  # nano-dollars
    seen: float  # s since the epoch


class Beside:
    """Use it with `with`: whatever it started ends with it."""

    def __init__(self, agent: RealAgent, agents: Path, folder: Path, config: str = "") -> None:
        self.agent = agent
        self.home, self.work, self.own = (folder / x for x in ("home", "work", "costtop"))
        for each in (self.home, self.work, self.own):
            each.mkdir(parents=True)
        self.told = folder / "told"
        endpoint = f'[[notify]]\nlabel = "lab"\nurl = "log:{self.told}"\nmin_severity = "notice"\n'
        (self.own / "config.toml").write_text(config + endpoint)
        self._models = FakeModels(folder / "bill.jsonl")
        self.base = f"http://127.0.0.1:{self._models.port}"
        settle(agent.name, self.home, self.work, self.base)
        self.environment = self._environment(packages.search_path(agent, agents))
        self.process: subprocess.Popen[bytes] | None = None
        self._output = folder / "output"

    @property
    def bill(self) -> Bill:
        """What the fake models have billed."""
        return self._models.bill

    def __enter__(self) -> "Beside":
        subprocess.run(["git", "init", "-q"], cwd=self.work, env=self.environment, check=True)
        self.costtop("start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.end()
        self.costtop("stop")
        self._end_strays()
        self._models.close()

    def costtop(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs a command of costtop; whoever asks judges its exit code."""
        return subprocess.run(
            [COSTTOP, *words], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def start(self, prompt: str, before: Sequence[str] = ()) -> None:
        """Starts the agent on a prompt; `before` are words in front, such as `costtop run … --`."""
        words = [*before, self.agent.program, *self.agent.command(prompt)]
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                words, cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def end(self) -> None:
        """Ends the agent and all of its group, also where it is stopped."""
        if self.process is None:
            return
        for number in (signal.SIGCONT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
        self.process.wait()
        self.process = None

    def _end_strays(self) -> None:
        """Ends hooks and tools of a paused agent, which stand in groups of their own."""
        look = system_inspector()
        for pid in look.census():
            with suppress(PermissionError, ProcessLookupError):
                if look.environ(pid, ("COSTTOP_HOME",)).get("COSTTOP_HOME") == str(self.own):
                    os.kill(pid, signal.SIGKILL)

    @property
    def lives(self) -> bool:
        """Whether the agent still runs."""
        return self.process is not None and self.process.poll() is None

    def sessions(self) -> list[dict[str, Any]]:
        """All sessions that costtop knows, as `--once --json` tells them."""
        asked = self.costtop("--once", "--json", "--all")
        found: list[dict[str, Any]] = json.loads(asked.stdout)["sessions"] if asked.stdout else []
        return found

    def counted(self) -> list[Counted]:
        """All calls in costtop's database."""
        with closing(sqlite3.connect(f"file:{self.own}/costtop.db?mode=ro", uri=True)) as db:
            rows = db.execute(
                "SELECT input, cache_read, cache_write, cache_write_1h, output, cost, seen"
                " FROM calls ORDER BY at"
            ).fetchall()
        return [
            Counted((fresh, read, write, hour, out), price, seen / 1000)
            for fresh, read, write, hour, out, price, seen in rows
        ]

    def _environment(self, search: str) -> dict[str, str]:
        own = {key: word.format(base=self.base) for key, word in self.agent.environment.items()}
        folders = {
            name: str(self.home / folder)
            for name, folder in (
                ("XDG_CONFIG_HOME", ".config"),
                ("XDG_DATA_HOME", ".local/share"),
                ("XDG_STATE_HOME", ".local/state"),
                ("XDG_CACHE_HOME", ".cache"),
            )
        }
        return {
            "HOME": str(self.home),
            "COSTTOP_HOME": str(self.own),
            "PATH": search,
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "NO_UPDATE_NOTIFIER": "1",
            **folders,
            **own,
        }


def as_stored(tokens: Tokens) -> tuple[int, int, int, int, int]:
    """A bill's counts as costtop keeps them: input with all of its parts."""
    written = tokens.write + tokens.hour
    return (tokens.fresh + tokens.read + written, tokens.read, written, tokens.hour, tokens.out)


def wait_for(ask: Callable[[], T], seconds: float) -> T:
    """The first answer that is true, or the last one."""
    end = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < end:
        time.sleep(0.1)
    return answer
