"""Made-up Claude Code transcripts for benchmarks: bulky as real ones are. Same seed, same bytes.

Half of a real log is tool output and a fifth is progress, so that is what is in here; counts are
made up. It knows no format but this one; `costtop demo` plays all of them, but without the bulk.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

_WORDS = 'def return table index cache value session worker parser query ("a", 17) \n\t'.split(" ")
_T0 = 1_793_000_000  # s


def write(home: Path, megabytes: int, seed: int = 5, *, real: bool = False) -> None:
    """Transcripts below `home/.claude/projects`, about 300 kB each.

    `real`: of the shape of real logs, with results of 20 to 100 kB, and replies told again and
    again while they grow.
    """
    rng = random.Random(seed)  # noqa: S311
    bulk = " ".join(rng.choice(_WORDS) for _ in range(40_000))
    left, number = megabytes << 20, 0
    while left > 0:
        session = f"{rng.getrandbits(32):08x}-0000-4000-8000-{number:012x}"
        folder = home / ".claude" / "projects" / f"-src-p{number % 17}"
        folder.mkdir(parents=True, exist_ok=True)
        data = _transcript(rng, session, bulk, real=real)
        path = folder / f"{session}.jsonl"
        path.write_bytes(data)
        os.utime(path, (_T0, _T0))  # a file written just now is rightly looked at twice
        left, number = left - len(data), number + 1


def _transcript(rng: random.Random, session: str, bulk: str, *, real: bool = False) -> bytes:
    lines: list[bytes] = []
    at = _T0 + rng.randrange(2_000_000)
    for turn in range(24):
        at += rng.randrange(5, 60)
        text = bulk[rng.randrange(9_000) :]
        size, snapshots = (
            (rng.randrange(20_000, 100_000), rng.randrange(1, 7)) if real else (7_000, 0)
        )
        name = f"{session[:8]}{turn}"
        lines += _turn(_where(session, at), name, turn, text, size, snapshots)
    return b"".join(lines)


def _turn(
    where: dict[str, Any], name: str, turn: int, bulk: str, size: int, snapshots: int
) -> list[bytes]:
    """A reply in two rows and so many before them, its tool's progress and result."""
    usage = {"input_tokens": 3, "cache_creation_input_tokens": 700, "service_tier": "standard",
             "cache_read_input_tokens": 12_000 + 700 * turn, "output_tokens": 1}  # fmt: skip
    text = {"type": "text", "text": bulk[:300]}
    asked = {"type": "tool_use", "id": f"toolu_{name}", "name": "Bash",
             "input": {"command": bulk[: 90 + turn]}}  # fmt: skip
    result = {"tool_use_id": f"toolu_{name}", "type": "tool_result", "content": bulk[:size]}
    progress = _line({**where, "type": "progress", "data": {"output": bulk[:700]}})
    told = {"role": "user", "content": [result]}
    grown = [usage | {"output_tokens": 1 + 9 * nth} for nth in range(snapshots)]
    return [
        *(_reply(where, f"msg_{name}", text, one, None) for one in grown),
        _reply(where, f"msg_{name}", text, usage, None),
        _reply(where, f"msg_{name}", asked, usage | {"output_tokens": 90 + turn}, "tool_use"),
        *[progress] * 3,
        _line({**where, "type": "user", "message": told}),
    ]


def _where(session: str, at: int) -> dict[str, Any]:
    minutes, seconds = divmod(at - _T0, 60)
    days, minutes = divmod(minutes, 1440)
    stamp = f"2026-10-{1 + days % 28:02}T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.000Z"
    return {"parentUuid": None, "isSidechain": False, "cwd": "/src/p", "sessionId": session,
            "version": "2.1.37", "gitBranch": "main", "timestamp": stamp}  # fmt: skip


def _reply(
    where: dict[str, Any], said: str, block: dict[str, Any], usage: dict[str, Any], stop: str | None
) -> bytes:
    message = {"model": "claude-sonnet-4-5-20250929", "id": said, "role": "assistant",
               "content": [block], "stop_reason": stop, "usage": usage}  # fmt: skip
    return _line({**where, "type": "assistant", "message": message, "requestId": f"req_{said}"})


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
