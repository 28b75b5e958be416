"""One whole costtop in a test's own home: the real daemon, the real command line, real logs."""

import contextlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from costtop import paths
from costtop.cli.main import main
from tests.patience import PATIENCE, until

COSTTOP = [sys.executable, "-P", "-m", "costtop"]


class Instance:
    """Its daemons are children of the test, so none that another one started is ever signalled."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.paths = paths.find()
        self.daemons: list[subprocess.Popen[bytes]] = []
        self.daemon_command = [*COSTTOP, "daemon"]

    def cli(self, *arguments: str, code: int | None = 0, **options: Any) -> str:
        """What a command prints, both streams; `code` None: whatever it ends with."""
        ran = subprocess.run(
            [*COSTTOP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=2 * PATIENCE, check=False, stdin=subprocess.DEVNULL, **options,
        )  # fmt: skip
        assert code is None or ran.returncode == code, ran.stdout
        return ran.stdout

    def here(self, *arguments: str) -> tuple[int, str]:
        """What a command ends with and prints in this process: what is asked again and again."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                code = main([*arguments])
            except SystemExit as ended:
                code = int(ended.code or 0)
        return code, printed.getvalue()

    def json(self, *arguments: str) -> Any:
        code, printed = self.here(*arguments, "--json")
        assert code == 0, printed
        return json.loads(printed)

    def report(self, by: str = "session") -> Any:
        return self.json("report", "--by", by)

    def spawn(self, **options: Any) -> subprocess.Popen[bytes]:
        """A daemon that may not be up yet."""
        self.paths.log.parent.mkdir(parents=True, exist_ok=True)
        with self.paths.log.open("ab") as log:
            daemon = subprocess.Popen(
                self.daemon_command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options
            )
        self.daemons.append(daemon)
        return daemon

    def start(self, **options: Any) -> subprocess.Popen[bytes]:
        """A daemon that has read everything there was."""
        daemon = self.spawn(**options)
        until(lambda: self.has_read(daemon))
        return daemon

    def has_read(self, daemon: subprocess.Popen[bytes]) -> bool:
        assert daemon.poll() is None, self.paths.log.read_text()[-2000:]
        said = self.status()
        return said.get("pid") == daemon.pid and not said["import"]["active"]

    def status(self) -> dict[str, Any]:
        """What the daemon last said of itself; {} without one."""
        try:
            said: dict[str, Any] = json.loads(self.paths.status.read_text())
        except FileNotFoundError:
            return {}
        return said

    def stop(self) -> None:
        until(self._has_stopped)
        for daemon in self.daemons:
            daemon.wait(PATIENCE)
        self.daemons.clear()

    def _has_stopped(self) -> bool:
        """Whether `costtop stop` ends it; a busy machine answers later than it asks."""
        said = self.cli("stop", code=None)
        assert "stopped" in said or "no costtop daemon" in said or "does not answer" in said, said
        return "does not answer" not in said

    def kill9(self) -> None:
        for daemon in self.daemons:
            daemon.kill()
            daemon.wait()
        self.daemons.clear()

    def ask(self, sql: str) -> Any:
        """The first value that a reader of the database gets; None while there is none."""
        try:
            with contextlib.closing(
                sqlite3.connect(f"file:{self.paths.database}?mode=ro", uri=True)
            ) as db:
                row = db.execute(sql).fetchone()
        except sqlite3.OperationalError:
            return None  # no file or no tables yet
        return row[0] if row else None

    def configure(self, text: str) -> None:
        self.paths.config.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.paths.config.write_text(text)

    def append(self, path: str, data: str | bytes) -> Path:
        """Appends to a log below the home, as it stands; returns its absolute path."""
        whole = self.home / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        with whole.open("ab") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        return whole

    def once(self) -> dict[str, dict[str, Any]]:
        """Sessions of one frame, by id; {} while there is nothing to show."""
        _, printed = self.here("--once", "--json", "--all")
        if not printed.startswith("{"):
            return {}
        return {row["session"]: row for row in json.loads(printed)["sessions"]}


def claude_line(
    session: str, number: int, output: int = 100, *, model: str = "claude-opus-4-6", **more: Any
) -> str:
    """One request as Claude Code writes it: 1,000 uncached input tokens, `output` tokens out."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    row = {
        "type": "assistant", "sessionId": session, "cwd": f"{os.environ['HOME']}/shop",
        "gitBranch": "checkout", "requestId": f"req_{session[:4]}_{number}",
        "uuid": f"00000000-0000-4000-8000-{number:012d}", "timestamp": f"{at}.000Z",
        "message": {"id": f"msg_{session[:4]}_{number}", "model": model, "role": "assistant",
                    "content": [], "stop_reason": "end_turn",
                    "usage": {"input_tokens": 1000, "output_tokens": output}},
        **more,
    }  # fmt: skip
    return json.dumps(row) + "\n"


def claude_log(session: str) -> str:
    return f".claude/projects/-shop/{session}.jsonl"
