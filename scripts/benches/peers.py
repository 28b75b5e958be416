"""Other tools that read the same logs, where they are on PATH: what a bench stands beside.

None is installed here and none may ask a network: each is run offline, over the home it is given.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .paired import Contender, run

# How each reads all of a home's logs once and says what they cost.
_COMMANDS = {
    "ccusage": "ccusage session --json --offline",
    "codeburn": "codeburn models -p all --format json",
    "tokscale": "tokscale --json",
    "claude-monitor": "claude-monitor --view monthly --once",
}
_KEPT_ELSEWHERE = {"codeburn": ".cache/codeburn"}  # what it remembers: a first look is without


def found(home: Path) -> list[Contender]:
    """The peers of this machine, each as a contender over the logs below `home`.

    COSTTOP_BENCH_PEER may hold one more, a shell command.
    """
    environment = dict(os.environ, HOME=str(home), CLAUDE_CONFIG_DIR=str(home / ".claude"),
                       CODEX_HOME=str(home / ".codex"))  # fmt: skip
    commands = {name: text for name, text in _COMMANDS.items() if shutil.which(name)}
    if more := os.environ.get("COSTTOP_BENCH_PEER"):
        commands["peer"] = more
    rivals = [
        Contender(name, ("sh", "-c", text), environment, partial(_clear, home, name))
        for name, text in commands.items()
    ]
    return [one for one in rivals if _works(one)]


def lacking(rivals: Sequence[Contender]) -> list[str]:
    """Those that a bench does not stand beside, for it says so: not on PATH, or not working."""
    return [name for name in _COMMANDS if name not in {one.name for one in rivals}]


def _works(rival: Contender) -> bool:
    try:
        run(rival)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _clear(home: Path, name: str) -> None:
    if name in _KEPT_ELSEWHERE:
        shutil.rmtree(home / _KEPT_ELSEWHERE[name], ignore_errors=True)
