"""Compiles costtop/native/c with the system's C compiler; where there is none, costtop is pure.

    python -m scripts.wheel.native    beside its sources, only when one changed (as scripts/venv)

No Python.h and no library is needed: Python calls it through ctypes. CC names another compiler;
COSTTOP_PURE=1 builds nothing.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from costtop.native import library

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = (
    "-std=c11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-fstack-protector-strong",
    "-Wall", "-Wextra",
)  # fmt: skip


def built(root: Path, into: Path) -> str:
    """Compiles the sources below `root` into a file of the folder `into`; says why not, or ""."""
    if library.pure():
        return f"{library.PURE} is set"
    try:
        # Beside its place and then renamed: whoever has the old one open keeps it whole.
        with tempfile.TemporaryDirectory(dir=into, prefix=".build-") as place:
            made = Path(place) / library.file_name()
            if why := _compiled(root / "costtop/native", made):
                return why
            made.replace(into / made.name)
    except FileNotFoundError as error:
        return f"no C compiler: {error.filename} is not there"
    except OSError as error:
        return str(error)
    return ""


def _compiled(folder: Path, to: Path) -> str:
    units = [path for path in library.sources(str(folder)) if path.endswith(".c")]
    number = f"-DCOSTTOP_MADE_FROM={library.made_from(str(folder))}"
    compiler = shlex.split(os.environ.get("CC") or "cc")
    command = [*compiler, *FLAGS, number, "-o", str(to), *units]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode or not to.is_file():
        said = ran.stderr.strip().splitlines() or ["it said nothing"]
        return f"{compiler[0]} failed: {said[0]}"
    return ""


def main() -> None:
    """Builds in this checkout, unless what is there was made from these sources."""
    if library.load() == "":
        return
    if why := built(ROOT, ROOT / "costtop/native"):
        print(f"costtop: folds without its compiled part: {why}", file=sys.stderr)


if __name__ == "__main__":
    main()
