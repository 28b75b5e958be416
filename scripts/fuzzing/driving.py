"""Builds the driver with the sanitizers of the C compiler, and runs it."""

import os
import re
import shlex
import subprocess
from pathlib import Path

from costtop.native import library

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
_FLAGS = (
    "-std=c11", "-g", "-O1", "-fno-omit-frame-pointer", "-Wall", "-Wextra",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
)  # fmt: skip
_EXPORTED = re.compile(r"COSTTOP_API [\w ]+?\**(costtop_\w+)\(")
LOGS = ("claude-code", "codex")  # of which the compiled part reads lines


class Unable(Exception):
    """There is no compiler, or none with sanitizers."""


def built(folder: Path, source: Path = HERE / "driver.c") -> Path:
    """The driver, built into `folder`; raises Unable."""
    units = [path for path in library.sources() if path.endswith(".c")]
    driver = folder / "driver"
    compiler = shlex.split(os.environ.get("CC") or "cc")
    command = [*compiler, *_FLAGS, "-I", str(Path(units[0]).parent), "-o", str(driver),
               str(source), *units]  # fmt: skip
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Unable(f"no C compiler: {error.filename} is not there") from None
    if ran.returncode:
        raise Unable(f"the driver was not built: {ran.stderr.strip()}")
    return driver


def fed(driver: Path, seed: int, rounds: int) -> str:
    """Feeds each function so many spoilt inputs; what was said of the first that went wrong."""
    command = [str(driver), str(seed), str(rounds), *map(str, lines_of())]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stderr.strip() or f"exit {ran.returncode}" if ran.returncode else ""


def lines_of() -> list[Path]:
    """The golden logs, whose lines are spoilt."""
    found = (ROOT / "tests/logs" / name / "input" for name in LOGS)
    return sorted(path for root in found for path in root.rglob("*.jsonl"))


def exported() -> set[str]:
    """The functions that Python may call, by the headers."""
    headers = (path for path in library.sources() if path.endswith(".h"))
    return {name for path in headers for name in _EXPORTED.findall(Path(path).read_text())}


def fed_functions() -> set[str]:
    """Those that the driver feeds."""
    return set(re.findall(r"\b(costtop_\w+)\(", (HERE / "targets.h").read_text()))
