"""A whole instance: a real daemon in a home of its own, scripted agents, the command line."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from costtop import paths
from tests.patience import PATIENCE, until

AGENT = Path(__file__).with_name("agent.py")
# A breaker's countdown is half a minute; tests of what follows it do not wait so long.
_HASTY = (
    "import sys; from costtop.alerts import breaker; breaker.COUNTDOWN = 700;"
    "sys.argv = ['costtop', 'daemon']; from costtop.__main__ import main; sys.exit(main())"
)


class Agent:
    """A scripted agent under way."""

    def __init__(self, process: subprocess.Popen[str], said: Path) -> None:
        self.process, self._said = process, said
        self._fd = os.pidfd_open(process.pid)

    @property
    def said(self) -> list[str]:
        return self._said.read_text().splitlines()

    @property
    def calls(self) -> int:
        return sum(line.startswith("call ") for line in self.said)

    @property
    def state(self) -> str:
        with open(f"/proc/{self.process.pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0]

    def says(self, text: str, seconds: float = PATIENCE) -> None:
        until(lambda: any(line.startswith(text) for line in self.said), seconds, text)

    def gone(self, seconds: float = PATIENCE) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(seconds)

    def end(self) -> None:
        """Ends it, and what it has started: a hook that was paused with it never ends by itself."""
        if self.process.poll() is None:
            started = psutil.Process(self.process.pid).children(recursive=True)
            signal.pidfd_send_signal(self._fd, signal.SIGKILL)
            self.process.wait()
            for one in started:
                with suppress(psutil.NoSuchProcess):
                    one.kill()
        os.close(self._fd)


class House:
    """One instance of costtop."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home, self.folder = home, folder
        self.paths = paths.find()
        self.agents: list[Agent] = []
        self._daemon: subprocess.Popen[bytes] | None = None

    def configure(self, text: str = "") -> None:
        self.paths.config.parent.mkdir(mode=0o700, exist_ok=True)
        log = f'[[notify]]\nlabel = "log"\nurl = "log:{self.home}/told"\nmin_severity = "notice"\n'
        self.paths.config.write_text(text + log)

    def start(self, *options: str) -> None:
        """The daemon, once it has read everything there is."""
        if not self.paths.config.exists():
            self.configure()
        command = [sys.executable, "-P", "-c", _HASTY.replace("'daemon'", repr("daemon"))]
        if options:
            command[3] = command[3].replace("'daemon']", "'daemon', *" + repr(list(options)) + "]")
        with open(self.home / "daemon.log", "ab") as log:
            self._daemon = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        until(self.paths.socket.exists, what="the daemon's socket")
        assert self.run("status").returncode in (0, 1)
        until(lambda: self.answers("SELECT 1 FROM meta WHERE key = 'watched'"), what="awake")

    def kill_daemon(self) -> None:
        assert self._daemon is not None
        self._daemon.kill()
        self._daemon.wait()
        self._daemon = None
        self.paths.socket.unlink(missing_ok=True)

    def run(
        self, *arguments: str, text: str = "", **more: object
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "costtop", *arguments],
            input=text,
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
            timeout=2 * PATIENCE,
            **more,
        )  # type: ignore[call-overload]

    def agent(self, kind: str = "claude", **words: object) -> Agent:
        """A scripted agent at work in the folder."""
        given = [f"{name}={value}" for name, value in words.items()]
        said = self.home / f"said-{words['session']}"
        with open(said, "w") as out:
            process = subprocess.Popen([sys.executable, str(self.program(kind)), *given],
                                       stdout=out, cwd=self.folder, text=True)  # fmt: skip
        self.agents.append(Agent(process, said))
        return self.agents[-1]

    def program(self, kind: str) -> Path:
        program = self.home / kind
        if not program.exists():
            shutil.copy(AGENT, program)
        return program

    def answers(self, query: str, *values: object) -> list[tuple]:
        try:
            with sqlite3.connect(f"file:{self.paths.database}?mode=ro", uri=True) as db:
                found = db.execute(query, values).fetchall()
        except sqlite3.Error:
            return []
        db.close()
        return found

    def known(self, session: str, confidence: str = "exact") -> None:
        """Wait until the daemon knows the session's process so surely."""

        def sure() -> bool:
            try:
                said = json.loads(self.paths.status.read_text())
            except (OSError, ValueError):
                return False
            return said["processes"].get(session, {}).get("confidence") == confidence

        until(sure, what=f"the process of {session}")
        name = session.partition("/")[2]
        until(lambda: self.answers("SELECT 1 FROM sessions WHERE session = ?", name), what=session)

    @property
    def told(self) -> str:
        try:
            return (self.home / "told").read_text()
        except OSError:
            return ""

    def end(self) -> None:
        for agent in self.agents:
            agent.end()
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait(PATIENCE)
