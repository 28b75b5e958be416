"""Stewards as real processes, each with a home of its own, and an inbox that they tell."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.fleet.fleet import Fleet

_START = (
    "import sys; sys.path[:] = {path!r}\n"
    "from costtop.steward.leading import StewardPace\n"
    "from costtop.steward.steward_process import serve\n"
    "serve(StewardPace({pace}))\n"
)
QUICK = "round=0.1, ask=0.1, warm=1.0, stand=1.0"
BUDGET = """
[[fleet.budget]]
name = "team"
period = "month"
amount = "$1"
"""


class StewardLife:
    """One candidate: `start` it, end it, look at what it says of itself."""

    def __init__(
        self, home: Path, fleet: Fleet, inbox: int, budgets: str = BUDGET, port: int = 0
    ) -> None:
        self.home, self.name = home, home.name
        home.mkdir(parents=True)
        url = home / "steward.url"
        url.touch(0o600)
        url.write_text(fleet.server.url(fleet.database, "stella", port))
        home.joinpath("config.toml").write_text(
            f'[fleet]\nsteward = true\nhost = "{self.name}"\n'
            f'steward_url_file = "{url}"\n{budgets}\n'
            f'[[notify]]\nlabel = "ops"\nurl = "json://127.0.0.1:{inbox}/"\n'
            'min_severity = "notice"\nmax_per_hour = 1000\n'
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.ended = 0.0  # when it was killed last, s

    def start(self, lease: float = 10.0, pace: str = QUICK) -> "StewardLife":
        """Starts it, as a daemon would."""
        code = _START.format(path=sys.path, pace=f"lease={lease}, {pace}")
        with (self.home / "says").open("ab") as said, (self.home / "errors").open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", code], stdin=subprocess.PIPE, stdout=said,
                stderr=errors, env={**os.environ, "COSTTOP_HOME": str(self.home)}, cwd="/",
            )  # fmt: skip
        return self

    def signal(self, sign: int) -> None:
        """Sends it a signal."""
        assert self.process is not None
        self.process.send_signal(sign)

    def end(self) -> None:
        """Ends it, as kill -9 does."""
        if self.process is not None:
            self.ended = time.time()
            self.process.kill()
            self.process.wait()
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process = None

    @property
    def state(self) -> dict[str, Any]:
        """Its latest word on itself."""
        lines = (self.home / "says").read_text().splitlines()
        return dict(json.loads(lines[-1])["state"]) if lines else {}

    @property
    def leads(self) -> bool:
        """Whether it says so."""
        assert self.process is not None
        assert self.process.poll() is None, self.errors
        return bool(self.state.get("leads"))

    @property
    def errors(self) -> str:
        """What it wrote where nobody looks."""
        return (self.home / "errors").read_text()
