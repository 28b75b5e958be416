"""`scripts/bench start`: how soon the quick commands answer, in multiples of `python -c pass`.

It runs the installed launcher where there is one (beside this Python), for that is what a shell or
a hook runs. Bytecode is compiled first. Modules that each command loads are counted and the heavy
ones named: that does not depend on the machine.
"""

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import costtop

from . import transcripts
from .paired import Contender, compare, table

_HEAVY = (
    "textual",
    "rich",
    "apprise",
    "genai_prices",
    "asyncio",
    "msgspec",
    "watchfiles",
    "aiosqlite",
)
_QUICK = (
    ("report", "--by", "day"),
    ("--once",),
    ("statusline",),
    ("gate", "--agent", "claude-code"),
)


_LAUNCHER = "import sys\nfrom costtop.__main__ import main\nsys.exit(main())\n"


def launcher(folder: Path) -> list[str]:
    """The installed command, else the like of it: `python -m` costs what no user pays."""
    beside = Path(sys.executable).with_name("costtop")
    if beside.exists():
        return [str(beside)]
    made = folder / "costtop"
    made.write_text(_LAUNCHER)
    return [sys.executable, str(made)]


def loaded(arguments: Sequence[str], environment: dict[str, str]) -> list[str]:
    """The modules that a command has imported when it ends."""
    code = (
        "import atexit, sys; sys.argv[1:] = sys.argv[2:]\n"
        "atexit.register(lambda: print('\\n#', *sys.modules))\n"
        "from costtop.__main__ import main; sys.exit(main())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, "costtop", *arguments], env=environment, text=True,
        capture_output=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return ran.stdout.rpartition("\n#")[2].split()


def available(arguments: Sequence[str]) -> bool:
    """Whether this costtop has the command."""
    from costtop.cli.main import MODULES

    return arguments[0].startswith("-") or arguments[0] in MODULES


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench start", description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    turns = parser.parse_args(arguments).turns
    compileall.compile_dir(str(Path(costtop.__file__).parent), quiet=1)
    with tempfile.TemporaryDirectory(prefix="costtop-bench-") as folder:
        home = Path(folder)
        transcripts.write(home, 5)
        environment = dict(os.environ, HOME=folder, COSTTOP_HOME=str(home / "state"))
        environment["PYTHONPATH"] = str(Path(costtop.__file__).parent.parent)
        command = launcher(home)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([*command, "scan"], env=environment, check=True, capture_output=True)
        asked = [words for words in _QUICK if available(words)]
        rivals = [Contender("python -c pass", (sys.executable, "-c", "pass"), environment)]
        rivals += [
            Contender(f"costtop {' '.join(words)}", (*command, *words), environment,
                      fine=(0, 1, 2, 3))
            for words in asked
        ]  # fmt: skip
        print(table(rivals, compare(rivals, turns), 1000))
        for words in asked:
            modules = loaded(words, environment)
            heavy = " ".join(sorted(set(modules) & set(_HEAVY))) or "nothing heavy"
            print(f"costtop {' '.join(words):28} {len(modules)} modules: {heavy}")
