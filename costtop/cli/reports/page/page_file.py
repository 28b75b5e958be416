"""Writes a page to its file, whole or not at all; it replaces nothing but a page of costtop's."""

import os
import stat
import sys
from pathlib import Path

from costtop import files
from costtop.cli.reports.page.skeleton import MADE_BY
from costtop.cli.tables import put
from costtop.errors import Unusable, UsageError

STDOUT = "-"
_HEAD = 2_000  # bytes in which a page says who made it


def check(name: str | None, *, force: bool) -> None:
    """Raises where nothing may or can be written there: before anything is read for it."""
    if name is None:
        raise UsageError("--force goes with --html FILE")
    if name == STDOUT:
        return
    if not name:
        raise UsageError("--html needs a FILE; such as: --html report.html")
    path = Path(name)
    if path.is_dir():
        raise UsageError(f"{name} is a folder; name a file in it: {path / 'report.html'}")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first")
    if not force and path.is_file() and not _is_own(path):
        raise UsageError(f"{name} is no page of costtop's; --force replaces it all the same")


def write(name: str, page: str) -> None:
    """Writes the page, and tells of it where it went to a file."""
    content = page.encode("utf-8")
    if name == STDOUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    path = Path(name).resolve()  # a link stays one: what it leads to is replaced
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # a pipe, a device: nothing there could be replaced
        else:
            files.replace(path, content, _mode(path))
    except OSError as error:
        raise Unusable(f"cannot write {name}: {error.strerror}") from None
    put(f"{name}: {max(1, len(content) // 1000)} kB, opens in any browser")


def _is_own(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror}") from None
    return not head or MADE_BY.encode() in head


def _mode(path: Path) -> int:
    """That of the file that is replaced; of a new one what the user's mask allows."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
