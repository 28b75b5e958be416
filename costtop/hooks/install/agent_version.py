"""Which version of an agent's program a terminal would start, from what stands beside it on disk.

It runs nothing. A version that is not told there is not known, and nothing is said of it.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costtop.hooks.dialects import Dialect

_PLAIN = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_ABOVE = 5  # folders above a script in which its package is described


def too_old(speaks: "Dialect", environ: Mapping[str, str]) -> str:
    """Why this agent's program runs no hooks; "" where it does, or where that is not known."""
    program, since = speaks.PROGRAM
    path = shutil.which(program, path=environ.get("PATH"))
    version = _version(Path(os.path.realpath(path))) if path and since else ""
    if not version or _number(version) >= _number(since):
        return ""
    return f"{program} {version} is too old for hooks, which came with {since}: update it"


def _version(program: Path) -> str:
    """As its package says, or a folder or a file on the way that is called by a version."""
    for folder in list(program.parents)[:_ABOVE]:
        try:
            said = json.loads((folder / "package.json").read_bytes())["version"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return said if isinstance(said, str) and _PLAIN.match(said) else ""
    return next((part for part in reversed(program.parts) if _PLAIN.fullmatch(part)), "")


def _number(version: str) -> tuple[int, ...]:
    found = _PLAIN.match(version)
    return tuple(map(int, found.groups())) if found else ()
