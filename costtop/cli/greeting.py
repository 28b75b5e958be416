"""One line while the live screen is loaded: what the daemon's own line says. It reads no store.

Loading the screen takes the better part of a second; today's spend need not wait for it. The line
stands on the user's own screen and is taken away again, so nothing is left whatever happens next.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from costtop.text import clean

_FRESH = 10.0  # s since the daemon last touched it


@contextmanager
def greeting(line: Path) -> Iterator[None]:
    """Shows the line for as long as the block lasts; "reading" where there is none."""
    width = os.get_terminal_size(sys.stderr.fileno()).columns
    text = " · ".join(part for part in ("costtop", _said(line), "reading …") if part)
    if sys.stderr.encoding.lower().replace("-", "") != "utf8":
        text = text.encode("ascii", "replace").decode()
    sys.stderr.write(f"\r{clean(text)[: max(width - 1, 0)]}")
    sys.stderr.flush()
    try:
        yield
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _said(line: Path) -> str:
    try:
        if time.time() - line.stat().st_mtime > _FRESH:
            return ""
        with line.open(encoding="utf-8", errors="replace") as file:
            return file.read(400).strip()
    except OSError:
        return ""
