"""The blocks of docs/install.md, each run in a fresh copy of the checkout and a home of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PAGE = ROOT / "docs" / "install.md"
_OURS = "<!-- tested by: scripts/installs/ways.py -->"


def blocks() -> list[tuple[str, str]]:
    """(heading, commands) of each block that is tried here."""
    found = []
    for part in re.split(r"^## ", _PAGE.read_text(), flags=re.MULTILINE)[1:]:
        pattern = rf"{re.escape(_OURS)}\n```sh\n(.*?)```"
        found += [(part.partition("\n")[0], text) for text in re.findall(pattern, part, re.DOTALL)]
    return found


def checkout(to: Path) -> Path:
    """A copy of what git knows here, as somebody gets it who clones."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name)
    return to


def tried(folder: Path) -> None:
    """Runs every block; what it printed last stands beside its heading. Raises SystemExit."""
    for number, (heading, text) in enumerate(blocks()):
        tree, home = checkout(folder / f"{number}" / "costtop"), folder / f"{number}" / "home"
        home.mkdir()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "PYTHON", "UV_"))}
        bins = f"{home}/.local/bin:{home}/venv/bin"
        env = kept | {"HOME": str(home), "PATH": f"{bins}:{kept['PATH']}", "TERM": "dumb"}
        ran = subprocess.run(
            ["bash", "-euc", text], cwd=tree, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        print(f"{heading}: {'well' if not ran.returncode else 'FAILED'}")
        print("".join(f"    {line}\n" for line in ran.stdout.splitlines()[-12:]))
        if ran.returncode:
            sys.exit(1)
