"""The daemon's word on itself: a small file, replaced whole each second. No database is touched.

The screen, the status line and `costtop status` read it; writing it to the database would wake
every screen each second.
"""

import json
import os
from pathlib import Path
from typing import Any

from costtop.files import replace

FRESH_FOR = 10_000  # ms after which a silent daemon counts as gone


def write(path: Path, status: dict[str, Any]) -> None:
    """Replaces the status whole, mode 0600."""
    replace(path, json.dumps(status).encode())


def read(path: Path) -> dict[str, Any]:
    """The last status, or {}."""
    try:
        with open(path, encoding="utf-8") as file:
            status = json.load(file)
    except (OSError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}


def is_fresh(status: dict[str, Any], now: int) -> bool:
    """True when a daemon wrote it lately and its process is still there."""
    if now - int(status.get("at", 0)) > FRESH_FOR or not status.get("pid"):
        return False
    return os.path.exists(f"/proc/{status['pid']}") or not os.path.isdir("/proc/self")
