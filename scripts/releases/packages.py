"""The wheels and the sdist: built without a network, and each wheel tried in an empty venv."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .repository import Refused

# The wheel with the compiled part, where a C compiler is, and the one that runs everywhere.
_BUILD = """
import os, sys
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
made = []
for builder, pure in (WheelBuilder, ""), (WheelBuilder, "1"), (SdistBuilder, "1"):
    os.environ["COSTTOP_PURE"] = pure
    made += builder(".").build(directory=sys.argv[1], versions=["standard"])
print(*dict.fromkeys(made), sep="\\n")
"""
_LOADED = "import sys; from costtop.native import library; sys.exit(library.load() or 0)"


class Packages(NamedTuple):
    """What a release is handed out as."""

    wheels: list[Path]  # this platform's, if it could be compiled, and the pure one
    sdist: Path


def built(tree: Path, to: Path) -> Packages:
    """All, from the tree."""
    said = _ran([sys.executable, "-c", _BUILD, str(to)], "the packages cannot be built", tree)
    *wheels, sdist = map(Path, said.splitlines())
    return Packages(wheels, sdist)


def try_wheel(wheel: Path, version: str, folder: Path, *, offline: bool) -> None:
    """Installs it into an empty venv and runs it in an empty home; raises Refused."""
    venv, home = folder / "venv", folder / "home"
    home.mkdir(parents=True)
    # Without a pip of its own: to bring one in takes longer than all the rest.
    _ran([sys.executable, "-m", "venv", "--without-pip", str(venv)], "no venv can be made")
    python = venv / "bin" / "python"
    more = ["--no-compile", *(["--no-deps", "--no-index"] if offline else [])]
    if offline:
        (pth,) = venv.glob("lib/python*/site-packages")
        (pth / "dependencies.pth").write_text("".join(f"{x}\n" for x in _packages()))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    _ran([*pip, "install", "--quiet", *more, str(wheel)], "the wheel cannot be installed")
    for words, part in (
        (("--version",), f"costtop {version}"),
        (("config", "example"), "[[budget]]"),
        (("man",), f"costtop {version}"),
        (("completion", "bash"), "_shtab_costtop"),
        (("scan",), "calls 0"),
    ):
        command = [str(venv / "bin" / "costtop"), *words]
        said = _ran(command, "the wheel does not work", home, home)
        if part not in said:
            raise Refused(f"costtop {' '.join(words)} of the wheel does not say {part!r}")
    if kind(wheel) != "any":
        asked = [str(python), "-P", "-c", _LOADED]
        _ran(asked, "the compiled part of the wheel does not work", home)


def _packages() -> list[str]:
    """Folders in which this Python finds its packages; not the checkout."""
    ours = sysconfig.get_path("purelib")
    return [ours, *(one for one in sys.path if one.endswith("site-packages") and one != ours)]


def _ran(
    command: Sequence[str], otherwise: str, cwd: Path | None = None, home: Path | None = None
) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if home:
        env |= {"HOME": str(home), "COSTTOP_HOME": str(home / "costtop")}
    ran = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines() or ["it said nothing"]
        raise Refused(f"{otherwise}: {said[-1]}")
    return ran.stdout


def kind(wheel: Path) -> str:
    """What a wheel runs on: "any", "linux_x86_64"."""
    return wheel.stem.rpartition("-")[2]


def kept(file: Path, folder: Path) -> Path:
    """Moves a package to where it is kept; where that is."""
    folder.mkdir(exist_ok=True)
    return Path(shutil.move(file, folder / file.name))
