"""The logs that the stores of earlier schemas in `earlier/` were read from, to be read again.

Those stores were made by the costtop of their time, each with the last commit of its schema:
`costtop scan` in a home with these logs below, whose path was HOME, then `VACUUM` and gzip. (No
commit stands for schema 7 alone: that one is schema 6 with the seventh migration; the first one was
of no program yet.)
"""

import json
import shutil
from pathlib import Path

from tests.e2e.instance import claude_log

HOME = "/tmp/golden"
LOGS = Path(__file__).resolve().parent.parent / "logs"


def write(home: Path) -> None:
    """Claude Code with long and short ids, a fork of it, Codex, Pi, OpenCode, costtop's own."""
    _put(home / claude_log(SESSION), [_claude(SESSION, n) for n in range(40)])
    fork = [_claude(_FORK, n) for n in range(5)]
    _put(home / claude_log(_FORK), [*fork, *(_claude(_FORK, n) for n in range(50, 60))])
    codex = home / ".codex/sessions/2026/11/20"
    for nth, log in enumerate(sorted((LOGS / "codex/input").rglob("*.jsonl"))):
        name = f"rollout-2026-11-20T10-00-0{nth}-{nth:08d}-0000-4000-8000-000000000000.jsonl"
        _copy(log, codex / name)
    for log in sorted((LOGS / "pi/input").rglob("*.jsonl")):
        _copy(log, home / ".pi/agent/sessions/--shop--" / log.name)
    document = LOGS / "opencode.json/input"
    for log in sorted(path for path in document.rglob("*") if path.is_file()):
        _copy(log, home / ".local/share/opencode/storage/message" / log.parent.name / log.name)
    own = [{"ts": f"2026-11-20T12:00:{n:02d}Z", "id": f"r{n}", "session": "own",
            "input_tokens": 900, "output_tokens": n, "model": "claude-sonnet-4-5"}
           for n in range(20)]  # fmt: skip
    _put(home / "costtop/spool/2026-11-20.jsonl", own)


SESSION = "0a1b2c3d-4e5f-4061-8071-2a3b4c5d6e7f"
_FORK = "1b2c3d4e-5f60-4172-8182-3b4c5d6e7f80"


def _claude(session: str, number: int) -> dict[str, object]:
    long = number % 2
    message = f"msg_01ABCDEFGHJKLMNPQRST{number:02d}Vw" if long else f"m{number}"
    return {
        "type": "assistant", "sessionId": session, "cwd": "/home/dev/shop", "gitBranch": "checkout",
        "requestId": f"req_011CABCDEFGHJKLMNPQ{number:02d}" if long else f"q{number}",
        "uuid": f"00000000-0000-4000-8000-{number:012d}",
        "timestamp": f"2026-11-20T10:{number:02d}:00.000Z",
        "message": {"id": message, "model": "claude-opus-4-6", "role": "assistant", "content": [],
                    "stop_reason": "end_turn",
                    "usage": {"input_tokens": 1000 + number, "output_tokens": 100}},
    }  # fmt: skip


def _put(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _copy(log: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(log, to)
