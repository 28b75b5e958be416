"""`scripts/bench start`: how soon the quick commands answer, in multiples of `python -I -c pass`.

The hook is run as `costtop hooks install` has written it, by a shell, as agents do; all else by the
installed launcher where there is one (beside this Python), for that is what a shell runs. Bytecode
is compiled first. Modules that each command loads are counted and the heavy ones named: that does
not depend on the machine.
"""

import argparse
import compileall
import json
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
    ("record", "--session=s", "--model=m", "--input-tokens=1", "--output-tokens=1"),
    ("statusline",),
    ("line", "--tmux"),
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


def told(
    arguments: Sequence[str], environment: dict[str, str], given: bytes
) -> tuple[str, list[str]]:
    """What a command prints, and the modules it has imported when it ends, however it ends."""
    code = (
        "import os, sys; sys.argv[1:] = sys.argv[2:]; leave = os._exit\n"
        "def end(code):\n"
        "    sys.stdout.flush()\n"
        "    os.write(1, ('\\n#' + ' '.join(sys.modules)).encode()); leave(code)\n"
        "os._exit = end\n"
        "from costtop.__main__ import main; end(main() or 0)"
    )
    command = [sys.executable, "-c", code, "costtop", *arguments]
    ran = subprocess.run(command, env=environment, input=given, capture_output=True, check=True)
    printed, _, modules = ran.stdout.decode().rpartition("\n#")
    return printed.strip(), modules.split()


def hook(home: Path) -> bytes:
    """What an agent hands its hooks, about a session that is in the store."""
    log = next(iter(sorted((home / ".claude").rglob("*.jsonl"))))
    said = {"session_id": log.stem, "transcript_path": str(log), "cwd": "/src/p",
            "hook_event_name": "PreToolUse", "tool_name": "Bash"}  # fmt: skip
    return json.dumps(said).encode()


def installed(command: Sequence[str], home: Path, environment: dict[str, str]) -> str:
    """The gate's command as it stands in Claude Code's settings once it has been put in."""
    words = [*command, "hooks", "install", "claude-code"]
    environment = {
        name: value for name, value in environment.items() if name != "CLAUDE_CONFIG_DIR"
    }
    subprocess.run(words, env=environment, check=True, capture_output=True)
    settings = json.loads((home / ".claude/settings.json").read_text())
    return str(settings["hooks"]["PreToolUse"][0]["hooks"][0]["command"])


def main(arguments: list[str]) -> None:
    """Measure and print; raises where a command fails or does not reach the store."""
    parser = argparse.ArgumentParser(prog="bench start", description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    turns = parser.parse_args(arguments).turns
    compileall.compile_dir(str(Path(costtop.__file__).parent), quiet=1)
    with tempfile.TemporaryDirectory(prefix="costtop-bench-") as folder:
        home = Path(folder)
        transcripts.write(home, 5)
        environment = dict(os.environ, HOME=folder, COSTTOP_HOME=str(home / "state"))
        environment["PYTHONPATH"] = str(Path(costtop.__file__).parent.parent)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        command, given = launcher(home), hook(home)
        subprocess.run([*command, "scan"], env=environment, check=True, capture_output=True)
        pass_ = (sys.executable, "-I", "-c", "pass")
        rivals = [Contender("python -I -c pass", pass_, environment)]
        shell = ("sh", "-c", installed(command, home, environment))
        rivals.append(Contender("the hook, as it is installed", shell, environment, given=given))
        rivals += [
            Contender(f"costtop {' '.join(words)}", (*command, *words), environment, given=given)
            for words in _QUICK
        ]
        print(table(rivals, compare(rivals, turns), 1000))
        for words in _QUICK:
            printed, modules = told(words, environment, given)
            reads = words[0] != "record"  # which hands on, or keeps, what it is told
            if reads and "sqlite3" not in modules and "_sqlite3" not in modules:
                raise SystemExit(f"costtop {' '.join(words)} never opened the store: {printed!r}")
            heavy = " ".join(sorted(set(modules) & set(_HEAVY))) or "nothing heavy"
            first = printed.partition("\n")[0][:40]
            print(f"costtop {' '.join(words):28} {len(modules)} modules: {heavy}; says {first!r}")
