"""Clears away what a process left that died while it replaced a file whole. It knows no content."""

import contextlib
import re
import time
from pathlib import Path

from costtop.paths import Paths

_FRESH = 60.0  # s; a command may be writing its own file at this moment
_NEW = re.compile(r"\.(?P<file>.+)\.\d+\.new|(?P<old>status\.json)\.\d+")


def clear(paths: Paths) -> list[Path]:
    """Deletes them and returns which. The caller is the daemon: no other writes its own files."""
    own = {paths.status.name, paths.line.name}
    gone = []
    for folder in {paths.status.parent, paths.config.parent}:
        with contextlib.suppress(OSError):
            gone += [one for one in folder.iterdir() if _is_left(one, own)]
    for one in gone:
        one.unlink(missing_ok=True)
    return gone


def _is_left(path: Path, own: set[str]) -> bool:
    found = _NEW.fullmatch(path.name)
    if found is None or path.is_dir():
        return False
    if (found["file"] or found["old"]) in own:
        return True
    return time.time() - path.lstat().st_mtime > _FRESH
