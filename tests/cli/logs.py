"""Writes small real-format logs for the tests of commands."""

import json
from pathlib import Path
from typing import Any

SESSION = "0a1b2c3d-4e5f-4061-8071-2a3b4c5d6e7f"


def claude_row(number: int = 1, model: str = "claude-opus-4-6", **usage: Any) -> str:
    """One assistant row: 1,000 uncached input and 100 output tokens unless `usage` says else."""
    counts = {"input_tokens": 1000, "output_tokens": 100, **usage}
    return json.dumps(
        {
            "type": "assistant",
            "sessionId": SESSION,
            "cwd": "/home/dev/shop",
            "gitBranch": "checkout",
            "requestId": f"req_{number}",
            "uuid": f"00000000-0000-4000-8000-{number:012d}",
            "timestamp": f"2026-11-20T10:{number:02d}:00.000Z",
            "message": {"id": f"msg_{number}", "model": model, "role": "assistant",
                        "stop_reason": "end_turn", "usage": counts},
        }
    )  # fmt: skip


def write(home: Path, *rows: str) -> Path:
    """Appends rows to the session's transcript; returns its path."""
    path = home / ".claude" / "projects" / "shop" / f"{SESSION}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.write("".join(f"{row}\n" for row in rows))
    return path
