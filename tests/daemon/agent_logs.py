"""One session of an agent as three programs log it, a turn at a time. It judges nothing.

A turn is what a reply asked for and what came of it: Claude Code writes the reply before the
result, Codex the request before the usage, a program of the user's own both in one line.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from costtop.durations import iso

STEP = 20_000  # ms between two turns


class Turn(NamedTuple):
    """One reply: what it asked for ("" no tool), what came of it, and the tokens of both."""

    tool: str = ""
    asked: str = ""
    answer: str = "done"
    failed: bool = False
    growth: int = 400
    output: int = 200
    model: str = "claude-sonnet-4-5"


def chunks(form: str, session: str, turns: list[Turn], start: int) -> Iterator[tuple[int, bytes]]:
    """(moment, the bytes that the log grew by) of each write."""
    context, cached, total = 20_000, 0, [0, 0, 0]
    for nth, turn in enumerate(turns):
        at = start + nth * STEP
        rows = _ROWS[form](f"{session}-{nth}", session, turn, at, context, cached, total)
        for late, group in enumerate(rows):
            text = "".join(json.dumps(row) + "\n" for row in group)
            if text:
                yield at + late * 5_000, text.encode()
        cached, context = context, context + turn.growth + turn.output


def path(form: str, session: str) -> str:
    """Where such a log lies."""
    return {
        "claude-code": f"/h/.claude/projects/-h-shop/{session}.jsonl",
        "codex": f"/h/.codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-{session}.jsonl",
        "costtop": f"/h/logs/{session}.jsonl",
    }[form]


def _claude(
    name: str, session: str, turn: Turn, at: int, context: int, cached: int, total: list[int]
) -> list[list[Any]]:
    usage = {
        "input_tokens": 4,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": context - cached - 4,
        "output_tokens": turn.output,
    }
    use = {"type": "tool_use", "id": f"toolu_{name}", "name": turn.tool,
           "input": {"command": turn.asked}}  # fmt: skip
    text = {"type": "text", "text": "…"}
    where = {"sessionId": session, "cwd": "/h/shop", "version": "2.1.140", "timestamp": iso(at)}
    body = {"id": f"msg_{name}", "role": "assistant", "model": turn.model, "usage": usage,
            "stop_reason": "tool_use" if turn.tool else "end_turn"}  # fmt: skip
    said = [{**where, "type": "assistant", "requestId": f"req_{name}", "uuid": f"{name}-{nth}",
             "message": {**body, "content": [block]}}
            for nth, block in enumerate([text, use] if turn.tool else [text])]  # fmt: skip
    result = {"type": "tool_result", "tool_use_id": f"toolu_{name}", "content": turn.answer,
              **({"is_error": True} if turn.failed else {})}  # fmt: skip
    told = {**where, "type": "user", "uuid": f"{name}-r",
            "message": {"role": "user", "content": [result]}}  # fmt: skip
    return [said, [told] if turn.tool else []]


def _codex(
    name: str, session: str, turn: Turn, at: int, context: int, cached: int, total: list[int]
) -> list[list[Any]]:
    def line(kind: str, **payload: Any) -> dict[str, Any]:
        return {"timestamp": iso(at), "type": kind, "payload": payload}

    first: list[Any] = []
    if not any(total):
        first = [line("session_meta", id=session, cwd="/h/shop", model_provider="openai"),
                 line("turn_context", turn_id="t", cwd="/h/shop", model="gpt-5.4")]  # fmt: skip
    last = (context, cached, turn.output)
    total[:] = [a + b for a, b in zip(total, last, strict=True)]
    info = {"total_token_usage": _counts(*total), "last_token_usage": _counts(*last)}
    asked = line("response_item", type="function_call", name=turn.tool, call_id=f"c{name}",
                 arguments=json.dumps({"command": turn.asked}))  # fmt: skip
    said = f"Exit code: {int(turn.failed)}\nWall time: 0.{at % 9} seconds\nOutput:\n{turn.answer}"
    answered = line("response_item", type="function_call_output", call_id=f"c{name}", output=said)
    used = line("event_msg", type="token_count", info=info)
    return [[*first, *([asked] if turn.tool else []), used], [answered] if turn.tool else []]


def _counts(given: int, cached: int, output: int) -> dict[str, int]:
    return {"input_tokens": given, "cached_input_tokens": cached, "output_tokens": output,
            "reasoning_output_tokens": 0, "total_tokens": given + output}  # fmt: skip


def _own(
    name: str, session: str, turn: Turn, at: int, context: int, cached: int, total: list[int]
) -> list[list[Any]]:
    tool = {"name": turn.tool, "key": turn.asked, "error": turn.failed,
            "result": turn.answer.partition("\nString")[0]}  # fmt: skip
    return [[{
        "ts": iso(at), "id": name, "session": session, "model": turn.model, "feature": "shop",
        "input_tokens": context, "cache_read_tokens": cached, "output_tokens": turn.output,
        "cache_write_tokens": context - cached, "tools": [tool] if turn.tool else [],
    }]]  # fmt: skip


_ROWS = {"claude-code": _claude, "codex": _codex, "costtop": _own}
