"""The wheel and the sdist: built without a network, and the wheel tried in an empty venv."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .repository import Refused

_BUILD = """
import sys
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
for made in WheelBuilder, SdistBuilder:
    print(*made(".").build(directory=sys.argv[1], versions=["standard"]))
"""


class Packages(NamedTuple):
    """What a release is handed out as."""

    wheel: Path
    sdist: Path


def built(tree: Path, to: Path) -> Packages:
    """Both, from the tree."""
    said = _ran([sys.executable, "-c", _BUILD, str(to)], "the packages cannot be built", tree)
    wheel, sdist = map(Path, said.split())
    return Packages(wheel, sdist)


def try_wheel(wheel: Path, version: str, folder: Path, *, offline: bool) -> None:
    """Installs it into an empty venv and runs it in an empty home; raises Refused."""
    venv, home = folder / "venv", folder / "home"
    home.mkdir()
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


def _packages() -> list[str]:
    """Folders in which this Python finds its packages; not the checkout."""
    ours = sysconfig.get_path("purelib")
    return [ours, *(one for one in sys.path if one.endswith("site-packages") and one != ours)]


def _ran(
    command: Sequence[str], otherwise: str, cwd: Path | None = None, home: Path | None = None
) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env["COSTTOP_PURE"] = "1"  # the wheel that runs everywhere
    if home:
        env |= {"HOME": str(home), "COSTTOP_HOME": str(home / "costtop")}
    ran = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines() or ["it said nothing"]
        raise Refused(f"{otherwise}: {said[-1]}")
    return ran.stdout


def kept(file: Path, folder: Path) -> Path:
    """Moves a package to where it is kept; where that is."""
    folder.mkdir(exist_ok=True)
    return Path(shutil.move(file, folder / file.name))
