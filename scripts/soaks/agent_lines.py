"""Lines of logs as agents really write them: one function a format, a call to bytes.

Where a real log tells a call twice (a reply that grows, a step and its usage record, a telemetry
row), these do, too: it counts once. It writes nothing.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .sent import MODEL, Used


class Format(NamedTuple):
    """How an agent writes: its source, where (below the home), how a log begins, and each call."""

    source: str
    path: str  # with {session}
    head: Callable[[str], bytes]
    call: Callable[[str, int, Used], bytes]


def stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows)


def nothing(_: str) -> bytes:
    return b""


def claude(session: str, number: int, used: Used) -> bytes:
    """Two rows of one reply: its count grows."""
    rows = []
    for output in (1, used.output):
        usage = {"input_tokens": used.fresh, "cache_read_input_tokens": used.cached,
                 "cache_creation_input_tokens": 0, "output_tokens": output}  # fmt: skip
        message = {"id": f"msg_{session}_{number}", "type": "message", "role": "assistant",
                   "model": MODEL, "content": [{"type": "text", "text": "\N{ROCKET} soak"}],
                   "stop_reason": "end_turn", "usage": usage}  # fmt: skip
        rows.append({"type": "assistant", "sessionId": session, "cwd": "/src/soak",
                     "gitBranch": "main", "requestId": f"req_{session}_{number}",
                     "uuid": f"{session}-{number}-{output}", "timestamp": stamp(),
                     "message": message})  # fmt: skip
    return lines(*rows)


def codex_head(session: str) -> bytes:
    about = {"id": session, "cwd": "/src/soak", "source": "cli", "originator": "cli",
             "cli_version": "0.140.0"}  # fmt: skip
    return lines(
        {"timestamp": stamp(), "type": "session_meta", "payload": about},
        {"timestamp": stamp(), "type": "turn_context",
         "payload": {"turn_id": "t1", "cwd": "/src/soak", "model": MODEL}},
    )  # fmt: skip


def codex(session: str, number: int, used: Used) -> bytes:
    """Codex tells what was used since the beginning beside what was used last."""
    total = _CODEX.setdefault(session, [0, 0, 0])
    last = list(used)
    total[:] = [a + b for a, b in zip(total, last, strict=True)]
    info = {f"{name}_token_usage": {
        "input_tokens": count[0], "cached_input_tokens": count[1], "output_tokens": count[2],
        "reasoning_output_tokens": 0, "total_tokens": count[0] + count[2],
    } for name, count in (("total", total), ("last", last))}  # fmt: skip
    payload = {"type": "token_count", "info": info, "rate_limits": None}
    return lines({"timestamp": stamp(), "type": "event_msg", "payload": payload})


_CODEX: dict[str, list[int]] = {}  # totals by session


def gemini_head(session: str) -> bytes:
    return lines({"sessionId": session, "projectHash": "9f" * 32, "startTime": stamp(),
                  "lastUpdated": stamp(), "kind": "main"})  # fmt: skip


def gemini(session: str, number: int, used: Used) -> bytes:
    """The reply without its tokens, then with them."""
    row = {"id": f"g{number}", "timestamp": stamp(), "type": "gemini", "content": "ok",
           "model": MODEL}  # fmt: skip
    tokens = {"input": used.input, "output": used.output, "cached": used.cached, "thoughts": 0,
              "tool": 0, "total": used.input + used.output}  # fmt: skip
    return lines(row, {**row, "tokens": tokens}, {"$set": {"lastUpdated": stamp()}})


def qwen(session: str, number: int, used: Used) -> bytes:
    """The reply, and the telemetry row that tells the same request again."""
    where = {"sessionId": session, "timestamp": stamp(), "cwd": "/src/soak", "version": "0.21.13",
             "gitBranch": "main", "parentUuid": None}  # fmt: skip
    usage = {"promptTokenCount": used.input, "candidatesTokenCount": used.output,
             "thoughtsTokenCount": 0, "cachedContentTokenCount": used.cached,
             "totalTokenCount": used.input + used.output}  # fmt: skip
    told = {"event.name": "qwen-code.api_response", "response_id": f"resp-{session}-{number}",
            "model": MODEL, "status_code": 200, "input_token_count": used.input,
            "output_token_count": used.output, "cached_content_token_count": used.cached,
            "thoughts_token_count": 0, "tool_token_count": 0,
            "total_token_count": used.input + used.output}  # fmt: skip
    return lines(
        {"uuid": f"{session}-{number}", **where, "type": "assistant", "model": MODEL,
         "usageMetadata": usage, "message": {"role": "model", "parts": [{"text": "ok"}]}},
        {"uuid": f"{session}-{number}-t", **where, "type": "system", "subtype": "ui_telemetry",
         "systemPayload": {"uiEvent": told}},
    )  # fmt: skip


def pi_head(session: str) -> bytes:
    return lines({"type": "session", "version": 3, "id": session, "timestamp": stamp(),
                  "cwd": "/src/soak"})  # fmt: skip


def pi(session: str, number: int, used: Used) -> bytes:
    usage = {"input": used.fresh, "output": used.output, "cacheRead": used.cached, "cacheWrite": 0,
             "totalTokens": used.input + used.output}  # fmt: skip
    message = {"role": "assistant", "content": [], "api": "x", "provider": "acme", "model": MODEL,
               "usage": usage, "stopReason": "stop"}  # fmt: skip
    return lines({"type": "message", "id": f"{session}-{number}", "parentId": None,
                  "timestamp": stamp(), "message": message})  # fmt: skip


def kimi_head(_: str) -> bytes:
    return lines({"type": "metadata", "protocol_version": "1.4"},
                 {"type": "config.update", "cwd": "/src/soak", "modelAlias": f"acme/{MODEL}",
                  "time": now_ms()})  # fmt: skip


def kimi(session: str, number: int, used: Used) -> bytes:
    """A request, its step's end, and the usage record of the same."""
    usage = {"inputOther": used.fresh, "output": used.output, "inputCacheRead": used.cached,
             "inputCacheCreation": 0}  # fmt: skip
    step = {"type": "step.end", "uuid": f"s{number}", "turnId": "0", "step": number,
            "usage": usage, "finishReason": "end_turn",
            "messageId": f"chatcmpl-{session}-{number}"}  # fmt: skip
    return lines(
        {"type": "llm.request", "kind": "loop", "provider": "kimi", "model": MODEL,
         "turnStep": f"0.{number}", "time": now_ms()},
        {"type": "context.append_loop_event", "event": step, "time": now_ms()},
        {"type": "usage.record", "model": f"acme/{MODEL}", "usage": usage, "usageScope": "turn",
         "time": now_ms()},
    )  # fmt: skip


def litellm(session: str, number: int, used: Used) -> bytes:
    now = datetime.now(UTC).timestamp()
    return lines({
        "id": f"chatcmpl-{session}-{number}", "trace_id": session, "call_type": "acompletion",
        "status": "success", "prompt_tokens": used.input, "completion_tokens": used.output,
        "total_tokens": used.input + used.output, "startTime": now - 1, "endTime": now,
        "model": MODEL, "custom_llm_provider": "acme", "cache_hit": False,
        "metadata": {"requester_metadata": {"session_id": session},
                     "usage_object": {"cache_read_input_tokens": used.cached}},
    })  # fmt: skip


def own(session: str, number: int, used: Used) -> bytes:
    return lines(own_fields(session, number, used))


def own_fields(session: str, number: int, used: Used) -> dict[str, Any]:
    """A call in costtop's own words, for logs and for the socket."""
    return {"ts": stamp(), "id": f"{session}-{number}", "session": session, "model": MODEL,
            "input_tokens": used.input, "cache_read_tokens": used.cached,
            "output_tokens": used.output}  # fmt: skip


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


CLAUDE = Format("claude-code", ".claude/projects/-src-soak/{session}.jsonl", nothing, claude)
CODEX = Format("codex", ".codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-{session}.jsonl",
               codex_head, codex)  # fmt: skip
GEMINI = Format("gemini-cli", ".gemini/tmp/soak/chats/session-{session}.jsonl", gemini_head, gemini)
QWEN = Format("qwen-code", ".qwen/projects/soak/chats/{session}.jsonl", nothing, qwen)
PI = Format("pi", ".pi/agent/sessions/--src-soak--/2026-11-20_{session}.jsonl", pi_head, pi)
KIMI = Format("kimi", ".kimi-code/sessions/wd_soak/session_{session}/agents/main/wire.jsonl",
              kimi_head, kimi)  # fmt: skip
LITELLM = Format("litellm", "logs/gateway/{session}.jsonl", nothing, litellm)
OWN = Format("costtop", "logs/own/{session}.jsonl", nothing, own)
