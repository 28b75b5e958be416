"""Rows of Codex rollouts and costtop's own lines, as short as tests want them.

Claude Code's stand in tests/sources/lines.py. All times are of 2026-11-20 unless a test says else.
"""

from typing import Any

THREADS = [f"019f9000-0000-7000-8000-00000000000{n}" for n in range(10)]
TURNS = [f"019f9100-0000-7000-8000-00000000000{n}" for n in range(10)]
SOL = "gpt-5.6-sol"  # $4 in, $0.40 read, $5 write, $20 out a million tokens


def rollout(thread: int = 0, folder: str = ".codex/sessions/2026/11/20") -> str:
    return f"{folder}/rollout-2026-11-20T10-00-00-{THREADS[thread]}.jsonl"


def line(second: int, kind: str, **payload: Any) -> dict[str, Any]:
    at = f"2026-11-20T1{second // 3600}:{second // 60 % 60:02}:{second % 60:02}.000Z"
    return {"timestamp": at, "type": kind, "payload": payload}


def meta(thread: int = 0, second: int = 0, **over: Any) -> dict[str, Any]:
    given = {"cwd": "/home/ana/app", "git": {"branch": "next"}, "model_provider": "openai"}
    return line(second, "session_meta", **{"id": THREADS[thread], **given, **over})


def event(second: int, kind: str, **payload: Any) -> dict[str, Any]:
    return line(second, "event_msg", type=kind, **payload)


def turn(second: int, name: str = TURNS[0], model: str = SOL) -> dict[str, Any]:
    return line(second, "turn_context", turn_id=name, cwd="/home/ana/app", model=model)


def used(given: int, cached: int = 0, output: int = 0, write: int = 0, **over: int) -> Any:
    return {
        "input_tokens": given, "cached_input_tokens": cached, "cache_write_input_tokens": write,
        "output_tokens": output, "total_tokens": given + output, **over,
    }  # fmt: skip


def count(second: int, total: Any, last: Any) -> dict[str, Any]:
    info = {"total_token_usage": total, "last_token_usage": last}
    return event(second, "token_count", info=info)


def record(second: int, response: str, usage: Any, **over: Any) -> dict[str, Any]:
    return line(second, "token_usage_record", response_id=response, usage=usage, **over)


def own(name: str = "r1", **over: Any) -> dict[str, Any]:
    """One call as a costtop JSON line: 1,000 in and 100 out, $0.0075."""
    given = {"ts": "2026-11-20T10:00:00Z", "id": name, "session": "checkout-42",
             "model": "claude-opus-4-6", "input_tokens": 1000, "output_tokens": 100}  # fmt: skip
    return {**given, **over}
