"""A store with one session in it, and hooks called as agents call them: JSON on stdin."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from costtop import paths
from costtop.daemon.jobs.scan_once import scan
from costtop.model import Breaker
from costtop.store.alerts import breakers
from costtop.store.db import open_writer
from tests.patience import PATIENCE

Ran = subprocess.CompletedProcess[str]


def now() -> int:
    return time.time_ns() // 1_000_000


def claude_line(
    session: str, number: int, output: int = 1000, model: str = "claude-opus-4-6"
) -> str:
    """One assistant record of Claude Code: 1000 output tokens of Opus 4.6 cost $0.025."""
    usage = {"input_tokens": 0, "output_tokens": output}
    message = {"id": f"msg_{session}_{number}", "model": model, "role": "assistant", "usage": usage}
    record = {
        "type": "assistant",
        "sessionId": session,
        "uuid": f"{session}-{number}",
        "requestId": f"req_{session}_{number}",
        "cwd": "/home/ana/shop",
        "version": "2.1.200",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "message": {**message, "type": "message", "content": [], "stop_reason": "tool_use"},
    }
    return json.dumps(record) + "\n"


def write_claude(home: Path, session: str, lines: int = 1, **options: object) -> Path:
    log = home / ".claude/projects/-home-ana-shop" / f"{session}.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(claude_line(session, n, **options) for n in range(lines)))  # type: ignore[arg-type]
    return log


def call(*arguments: str, text: object = "", **environ: str) -> Ran:
    """Runs costtop as a hook, in a folder that is not the checkout."""
    given = text if isinstance(text, str) else json.dumps(text)
    return subprocess.run(
        [sys.executable, "-P", "-m", "costtop", *arguments],
        input=given,
        capture_output=True,
        text=True,
        cwd="/",
        env={**os.environ, **environ},
        check=False,
        timeout=2 * PATIENCE,
    )


@pytest.fixture
def stored(home: Path) -> Path:
    """The home of a store that knows Claude Code's session "s1", which cost $0.05."""
    write_claude(home, "s1", 2)
    scan(paths.find())
    return home


@pytest.fixture
def hold(stored: Path) -> Callable[..., None]:
    """Opens a breaker in the store."""

    def opened(action: str = "gate", **given: object) -> None:
        made = Breaker("daily", "2026-11-24", action, (), "budget daily is spent", now() - 120_000)
        with open_writer(paths.find().database) as db:
            breakers.put(db, made._replace(**given))  # type: ignore[arg-type]
        db.close()

    return opened


@pytest.fixture
def ear(stored):
    """The daemon's socket."""
    with socket.socket(socket.AF_UNIX) as ear:
        found = paths.find()
        ear.bind(str(found.socket))
        found.lock.write_text(f"{os.getpid()}\n{found.socket}\n")
        ear.listen()
        ear.settimeout(PATIENCE)
        yield ear


def heard(ear: socket.socket) -> dict[str, object]:
    peer, _ = ear.accept()
    with peer, peer.makefile() as lines:
        told: dict[str, object] = json.loads(lines.readline())
    return told
