"""A home in which somebody has spent so many dollars on each of the last days."""

import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

DAY = 86_400
DOLLAR = 40_000  # output tokens of claude-opus-4-6 at $25 a million


def write(home: Path, dollars: Iterable[float], model: str = "claude-opus-4-6") -> None:
    """One session a day at noon, the newest yesterday."""
    noon = int(time.time()) // DAY * DAY - DAY // 2
    folder = home / ".claude" / "projects" / "-shop"
    folder.mkdir(parents=True, exist_ok=True)
    for back, cost in enumerate(dollars):
        name = f"{back:08x}-0000-4000-8000-{len(model):012d}"
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(noon - back * DAY))
        usage = {"input_tokens": 0, "output_tokens": round(cost * DOLLAR)}
        row = {
            "type": "assistant", "sessionId": name, "cwd": "/home/dev/shop", "gitBranch": "main",
            "requestId": f"req_{name}", "uuid": name, "timestamp": at,
            "message": {"id": f"msg_{name}", "model": model, "role": "assistant",
                        "stop_reason": "end_turn", "usage": usage},
        }  # fmt: skip
        (folder / f"{name}.jsonl").write_text(json.dumps(row) + "\n")


def tree(home: Path) -> dict[str, tuple[int, str]]:
    """Mode and content of everything below a home: links by where they lead.

    Without what SQLite lays beside a database that somebody reads.
    """
    found = {}
    for path in sorted(home.rglob("*")):
        if path.name.endswith(("-wal", "-shm")):
            continue
        mode = path.lstat().st_mode
        if path.is_symlink():
            content = os.readlink(path)
        else:
            content = "" if path.is_dir() else hashlib.sha1(path.read_bytes()).hexdigest()
        found[str(path.relative_to(home))] = (mode, content)
    return found
