"""Made-up families of forked sessions, and how each tool that forks would have logged them."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

BASE = 1_795_100_000_000  # ms
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


class Request(NamedTuple):
    """One answer of a model: `id` is unique in its family, times and counts need not be."""

    id: int
    at: int
    output: int


class Session(NamedTuple):
    """A session with all that its log tells; the first `copied` requests are its parent's."""

    name: str
    parent: str
    requests: tuple[Request, ...]
    copied: int


@st.composite
def families(draw: st.DrawFn) -> list[Session]:
    """A root and its forks to any depth; clocks jump, and answers may be equal or parallel."""
    found: list[Session] = []
    number = 0
    for place in range(draw(st.integers(2, 6))):
        parent = draw(st.sampled_from(found)) if found else None
        kept = parent.requests[: draw(st.integers(0, len(parent.requests)))] if parent else ()
        own: list[Request] = []
        for _ in range(draw(st.integers(0 if parent else 1, 4))):
            number += 1
            jumped = BASE + (number * 7919 % 1009) * 61_000  # no two sessions' clocks agree
            parallel = bool(own) and draw(st.booleans())
            at = own[-1].at if parallel else jumped
            own.append(Request(number, at, draw(st.sampled_from((40, 40, 700)))))
        name = f"{place:08x}-0000-4000-8000-000000000001"
        found.append(Session(name, parent.name if parent else "", (*kept, *own), len(kept)))
    return found


def random_id(prefix: str, number: int, size: int = 24) -> str:
    """An id as a provider makes it, the same for the same number."""
    state, made = number * 2_654_435_761 + 97, ""
    while len(made) < size:
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        made += _LETTERS[(state >> 33) % len(_LETTERS)]
    return f"{prefix}7{made[1:]}"


def iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat().replace("+00:00", "Z")


def claude(session: Session, short: bool = False) -> list[dict[str, Any]]:
    """A fork keeps ids, uuids and times under its own session id."""
    rows = []
    for request in session.requests:
        usage = {"input_tokens": 3, "output_tokens": request.output}
        message = {"role": "assistant", "model": "claude-opus-4-6", "usage": usage}
        name = f"msg_{request.id % 3}" if short else random_id("msg_01", request.id)
        ids = {"requestId": f"req_{request.id}", "uuid": random_id("u", request.id)}
        said = {"type": "assistant", "sessionId": session.name, "timestamp": iso(request.at)}
        rows.append({**said, **ids, "message": {**message, "id": name, "stop_reason": "end_turn"}})
    return rows


def numbered(session: Session) -> list[dict[str, Any]]:
    """The same behind a gateway that numbers its answers."""
    return claude(session, short=True)


def pi(session: Session, responses: bool = False) -> list[dict[str, Any]]:
    """A fork keeps an entry's id, time and counts, and its response id where there is one."""
    rows: list[dict[str, Any]] = [
        {"type": "session", "id": session.name, "timestamp": iso(BASE), "cwd": "/home/ana/shop"}
    ]
    for request in session.requests:
        usage = {"input": 9, "output": request.output, "cacheRead": 0, "cacheWrite": 0}
        message = {"role": "assistant", "model": "claude-sonnet-4-5", "usage": usage}
        if responses:
            message["responseId"] = random_id("resp_", request.id)
        entry = {"type": "message", "id": f"{request.id:08x}", "timestamp": iso(request.at)}
        rows.append({**entry, "message": message})
    return rows


def pi_with_responses(session: Session) -> list[dict[str, Any]]:
    return pi(session, responses=True)


def pi_without_ids(session: Session) -> list[dict[str, Any]]:
    return [{**row, "id": None} if row["type"] == "message" else row for row in pi(session)]


def kilo_task(session: Session) -> list[dict[str, Any]]:
    """`ui_messages.json`: a fork is another task with the same messages."""
    rows = [{"ts": BASE, "type": "say", "say": "task", "text": "Add login"}]
    for nth, request in enumerate(session.requests):
        text = json.dumps({"tokensIn": 9, "tokensOut": request.output, "cost": 0.01})
        said = {"type": "say", "say": "api_req_started", "text": text}
        rows.append({"ts": request.at + nth, **said})
    return rows


def _opencode_message(request: Request) -> dict[str, Any]:
    counts = {"input": 9, "output": request.output, "reasoning": 0}
    return {
        "role": "assistant",
        "cost": 0.01,
        "tokens": {**counts, "cache": {"read": 0, "write": 0}},
        "time": {"created": request.at, "completed": request.at + 900},
    }


def opencode_files(session: Session) -> dict[str, bytes]:
    """Files of the older storage by their path."""
    files = {}
    for nth, request in enumerate(session.requests):
        name = f"msg_{session.name}_{nth:04}"
        said = {"modelID": "claude-sonnet-4-5", "providerID": "anthropic"}
        message = {"id": name, "sessionID": session.name, **said, **_opencode_message(request)}
        path = f"/x/storage/message/{session.name}/{name}.json"
        files[path] = json.dumps(message).encode()
    return files


def opencode_v1(path: Path, sessions: list[Session]) -> Path:
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(
            "CREATE TABLE project (id TEXT PRIMARY KEY, worktree TEXT);"
            "CREATE TABLE session (id TEXT PRIMARY KEY, project_id TEXT, parent_id TEXT,"
            " directory TEXT, time_created INTEGER);"
            "CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER,"
            " time_updated INTEGER, data TEXT);"
            "CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT, data TEXT)"
        )
        for session in sessions:
            db.execute("INSERT INTO session VALUES (?,'p',NULL,'/w',?)", (session.name, BASE))
            for nth, request in enumerate(session.requests):
                said = {"modelID": "claude-sonnet-4-5", "providerID": "anthropic"}
                data = json.dumps({**said, **_opencode_message(request)})
                row = (f"msg_{session.name}_{nth:04}", session.name, request.at, request.at, data)
                db.execute("INSERT INTO message VALUES (?,?,?,?,?)", row)
    return path


def opencode_v2(path: Path, sessions: list[Session]) -> Path:
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(
            "CREATE TABLE session_v2 (id TEXT PRIMARY KEY, parent_id TEXT, fork_session_id TEXT,"
            " directory TEXT, time_created INTEGER);"
            "CREATE TABLE session_message (id TEXT PRIMARY KEY, session_id TEXT, type TEXT,"
            " data TEXT, seq INTEGER, time_created INTEGER, time_updated INTEGER)"
        )
        for session in sessions:
            head = (session.name, session.parent or None, BASE)
            db.execute("INSERT INTO session_v2 VALUES (?,NULL,?,'/w',?)", head)
            for nth, request in enumerate(session.requests):
                model = {"model": {"id": "claude-sonnet-4-5", "providerID": "anthropic"}}
                data = json.dumps({**model, **_opencode_message(request)})
                row = (f"{session.name}_{nth}", session.name, data, nth, request.at, request.at)
                db.execute("INSERT INTO session_message VALUES (?,?,'assistant',?,?,?,?)", row)
    return path
