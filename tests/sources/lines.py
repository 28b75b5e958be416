"""Short ways to write log lines and to read them. It holds no expectations."""

import json
from collections.abc import Iterable
from typing import Any

from costtop.model import Bad, Call, Outcome, SessionFact, TaskFact
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources.golden import SEEN, settled

ROOT = "5d1f0c1e-0000-4000-8000-00000000000a"
MAIN = f"/home/ana/.claude/projects/-home-ana-shop/{ROOT}.jsonl"


def joined(rows: Iterable[Any]) -> bytes:
    """One line a row: dicts as JSON, text and bytes as they are."""
    return b"".join(_line(row) + b"\n" for row in rows)


def _line(row: Any) -> bytes:
    if isinstance(row, bytes):
        return row
    return (row if isinstance(row, str) else json.dumps(row)).encode()


def events(name: str, *rows: Any, path: str = MAIN, seen: int = SEEN) -> list[Any]:
    found, memo = SOURCE[name].read(Chunk(path, joined(rows), 0, seen), {})
    json.dumps(memo)
    return found


def kept(*lists: list[Any]) -> list[dict[str, Any]]:
    """The calls left of several files' events, in order of session and time."""
    return list(settled(*lists)["calls"].values())


def of(kind: type, found: list[Any]) -> list[Any]:
    return [event for event in found if isinstance(event, kind)]


def calls(found: list[Any]) -> list[Call]:
    return [call for call in of(Call, found) if not call.unreadable]


def unread(found: list[Any]) -> list[Call]:
    """Billing records that could not be read."""
    return [call for call in of(Call, found) if call.unreadable]


def bad(found: list[Any]) -> list[Bad]:
    return of(Bad, found)


def tasks(found: list[Any]) -> list[tuple[str, str]]:
    return [(fact.task, fact.status) for fact in of(TaskFact, found)]


def outcomes(found: list[Any]) -> list[Outcome]:
    return of(Outcome, found)


def sessions(found: list[Any]) -> list[SessionFact]:
    return of(SessionFact, found)


def reply(message: str = "msg_1", request: str | None = "req_1", **over: Any) -> dict[str, Any]:
    """A Claude Code usage row. `usage`, `content`, `stop`, `model` go into the message."""
    usage = {"input_tokens": 3, "output_tokens": 50, **over.pop("usage", {})}
    body = {
        "id": message,
        "role": "assistant",
        "model": over.pop("model", "claude-opus-4-6"),
        "stop_reason": over.pop("stop", "end_turn"),
        "content": over.pop("content", []),
        "usage": usage,
    }
    row = {"type": "assistant", "sessionId": ROOT, "timestamp": "2026-11-20T10:00:00.000Z"}
    return {**row, "message": body, **({"requestId": request} if request else {}), **over}


def prompt(text: Any = "Please", uuid: str = "u-1", **over: Any) -> dict[str, Any]:
    row = {"type": "user", "sessionId": ROOT, "timestamp": "2026-11-20T09:59:00.000Z", "uuid": uuid}
    return {**row, "message": {"role": "user", "content": text}, **over}


def asks(tool_id: str, name: str = "Bash", **arguments: Any) -> list[dict[str, Any]]:
    return [{"type": "tool_use", "id": tool_id, "name": name, "input": arguments}]


def answers(tool_id: str, text: str = "ok", error: bool = False, **over: Any) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": tool_id, "content": text, "is_error": error}
    return prompt([block], **over)
