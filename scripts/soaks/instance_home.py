"""A home of its own for one costtop: its environment, its configuration, its endpoints."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from costtop import paths

from . import disks, sent
from .disks import Disk
from .inboxes import Inbox
from .keeper import Keeper

_KEPT = {"PATH", "LANG", "PYTHONPATH", "SOAK_MOUNTS"}
_CONFIG = """
[[source]]
name = "own"
format = "costtop"
paths = ["{home}/logs/own/*"]
[[source]]
name = "gateway"
format = "litellm"
paths = ["{home}/logs/gateway/*"]
[receive.otlp]
port = {port}
[metrics]
port = 0
[[budget]]
name = "all"
period = "month"
amount = {amount}
tiers = {tiers}
[[budget]]
name = "today"
period = "day"
amount = {amount}
tiers = [10, 30, 60]
"""
_NOTIFY = """
[[notify]]
label = "{label}"
url = "{url}"
min_severity = "notice"
max_per_hour = 1000
digest = "10s"
"""


class InstanceHome:
    """Made in a folder; from then on this process's environment is the instance's."""

    def __init__(
        self, folder: Path, amount: int, disk: Callable[[Path], Disk] = disks.small
    ) -> None:
        """`amount`: dollars of its two budgets, which speak at each second per cent."""
        for name in os.environ.keys() - _KEPT:  # XDG_… and such would lead it to another home
            del os.environ[name]
        os.environ.update(HOME=str(folder), COSTTOP_HOME=str(folder / "costtop"), TZ="UTC")
        self.folder, self.paths = folder, paths.find()
        self.disk = disk(folder / "costtop")
        self.sent, self.steady, self.fickle = sent.Sent(), Inbox(), Inbox()
        self.log = folder / "daemon.log"
        self.port = _free_port()
        self.clock, environ = _clock(folder)
        self._configure(amount)
        self.keeper = Keeper(self.paths, self.log, environ)

    def _configure(self, amount: int) -> None:
        tiers = list(range(2, 100, 2))
        text = _CONFIG.format(home=self.folder, port=self.port, amount=amount, tiers=tiers)
        for label, url in (("steady", self.steady.url), ("fickle", self.fickle.url),
                           ("log", f"log:{self.folder}/told")):  # fmt: skip
            text += _NOTIFY.format(label=label, url=url)
        self.paths.config.write_text(text)
        (self.paths.config.parent / "prices.toml").write_text(sent.PRICES)


def _clock(folder: Path) -> tuple[Path | None, dict[str, str]]:
    """Where the daemon's clock is stepped, and its environment; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None, dict(os.environ)
    made, source = folder / "stepped_clock.so", Path(__file__).with_name("stepped_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True)
    file = folder / "clock"
    return file, {**os.environ, "LD_PRELOAD": str(made), "CLOCK_STEP": str(file)}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
