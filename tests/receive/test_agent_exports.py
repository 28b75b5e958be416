"""What the agents' own exports tell, after the schema of real ones, with and without their logs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.receive.otlp_client import post, reachable, shown
from tests.receive.running import Instance, until
from tests.sources.golden import LOGS

pytest.importorskip("aiohttp", reason="needs the extra otlp")
pytest.importorskip("opentelemetry.proto", reason="needs the extra otlp")

BILLED = {"claude": "0.041981250", "codex": "0.012975000", "gemini": "0.012975000"}
"""Five requests of two sessions each, by the list price of what the server counted."""


def send(port: int, agent: str) -> None:
    """One agent's export, message by message; each says by its own keys which signal it is."""
    file: Path = LOGS / "otlp" / "input" / f"{agent}-export.jsonl"
    for line in file.read_bytes().splitlines():
        signal = line[2:].partition(b'"')[0].decode().removeprefix("resource").lower()
        path = {"spans": "traces"}.get(signal, signal)
        assert post(port, f"/v1/{path}", line)[0] == 200


def total(instance: Instance) -> tuple[int, str]:
    told = instance.report()["total"]
    return told["calls"], told["cost_usd"]


@pytest.mark.parametrize("agent", BILLED)
def test_without_a_log_an_agents_own_export_is_its_bill(heard, port, agent):
    send(port, agent)
    until(lambda: total(heard) == (5, BILLED[agent]))
    send(port, agent)
    assert total(heard) == (5, BILLED[agent])


def test_a_token_is_taken_as_claude_code_sends_it(heard, port):
    told = shown()["Authorization"].replace(" ", "%20")
    assert post(port, "/v1/logs", b"{}", Authorization=told)[0] == 200
    assert post(port, "/v1/logs", b"{}", Authorization=told[:-1] + "x")[0] == 401


REQUESTS = {
    "claude": (
        ("00000001-7a1b-7c2d-8e3f-000000000001", range(1, 4), (3, 4, 5)),
        ("00000006-7a1b-7c2d-8e3f-000000000006", range(4, 6), (8, 9)),
    ),
    "codex": (
        ("00000006-7a1b-7c2d-8e3f-000000000006", range(1, 4), ()),
        ("0000000b-7a1b-7c2d-8e3f-00000000000b", range(4, 6), ()),
    ),
    "gemini": (
        ("00000001-7a1b-7c2d-8e3f-000000000001", range(1, 4), ()),
        ("00000005-7a1b-7c2d-8e3f-000000000005", range(4, 6), ()),
    ),
}
"""Sessions of each capture: which of the five requests were theirs, and their request ids."""
THOUGHTS = (11, 12, 13, 14, 10)


def write_logs(agent: str, home: Path) -> None:
    for session, numbers, requests in REQUESTS[agent]:
        lines = {"claude": transcript, "codex": rollout, "gemini": chat}[agent]
        file = (
            home
            / {
                "claude": f".claude/projects/-shop/{session}.jsonl",
                "codex": f".codex/sessions/2026/11/20/rollout-2026-11-20T16-20-00-{session}.jsonl",
                "gemini": f".gemini/tmp/shop/chats/session-{session[:8]}.jsonl",
            }[agent]
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        made = lines(session, list(numbers), requests)
        file.write_text("".join(json.dumps(line) + "\n" for line in made))


def transcript(session: str, numbers: list[int], requests: tuple[int, ...]) -> list[Any]:
    return [
        {
            "type": "assistant", "sessionId": session, "cwd": "/shop", "uuid": f"u{n}",
            "requestId": f"req_011CVmadeup{request:010d}",
            "timestamp": f"2026-11-20T16:25:1{n}.000Z",
            "message": {
                "id": f"msg_01madeupForTheseTests{n:04d}", "model": "claude-sonnet-4-5",
                "stop_reason": "end_turn",
                "usage": {
                    "input_tokens": 11 + n, "output_tokens": 101 + n,
                    "cache_read_input_tokens": 12000 + 100 * n,
                    "cache_creation_input_tokens": 700 + 2 * n,
                    "cache_creation": {
                        "ephemeral_5m_input_tokens": 500 + n, "ephemeral_1h_input_tokens": 200 + n
                    },
                },
            },
        }
        for n, request in zip(numbers, requests, strict=True)
    ]  # fmt: skip


def rollout(session: str, numbers: list[int], _: tuple[int, ...]) -> list[Any]:
    def line(kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        return {"timestamp": "2026-11-20T16:27:13.000Z", "type": kind, "payload": payload}

    about = {"turn_id": f"turn-{session}", "cwd": "/shop", "model": "gpt-5"}
    told = [line("session_meta", {"id": session, "cwd": "/shop"}), line("turn_context", about)]
    for n in numbers:
        usage = {"input_tokens": 12011 + 101 * n, "cached_input_tokens": 12000 + 100 * n,
                 "output_tokens": 101 + n, "reasoning_output_tokens": THOUGHTS[n - 1]}  # fmt: skip
        ids = {"thread_id": session, "turn_id": about["turn_id"]}
        response = {"response_id": f"resp_0madeupForTheseTests{n:04d}", "usage": usage}
        told.append(line("token_usage_record", {**ids, **response}))
    return told


def chat(session: str, numbers: list[int], _: tuple[int, ...]) -> list[Any]:
    told: list[Any] = [{"sessionId": session, "projectHash": "p", "kind": "main"}]
    for n in numbers:
        tokens = {"input": 12011 + 101 * n, "cached": 12000 + 100 * n, "tool": 0,
                  "output": 101 + n - THOUGHTS[n - 1], "thoughts": THOUGHTS[n - 1]}  # fmt: skip
        told.append({"id": f"m{n}", "timestamp": f"2026-11-20T16:27:2{n}.000Z", "type": "gemini",
                     "model": "gemini-2.5-pro", "tokens": tokens})  # fmt: skip
    return told


def by(instance: Instance, key: str) -> dict[str, tuple[int, str]]:
    rows = instance.report(key)["rows"]
    return {row["key"]: (row["calls"], row["cost_usd"]) for row in rows}


@pytest.mark.parametrize("first", ["log", "wire"])
@pytest.mark.parametrize("agent", BILLED)
def test_a_log_and_the_agents_own_export_are_one_bill_with_the_tags_of_the_wire(
    heard, port, home, agent, first
):
    bill = (5, BILLED[agent])
    if first == "log":
        write_logs(agent, home)
        until(lambda: total(heard) == bill)
    send(port, agent)
    if first == "wire":
        assert by(heard, "feature") == {"checkout": bill}
        write_logs(agent, home)
    until(lambda: by(heard, "project").keys() != {"(none)"})
    for _ in range(2):
        assert by(heard, "feature") == {"checkout": bill}
        assert by(heard, "host") == {"box9": bill}
        heard.kill()
        heard.start()
        until(lambda: reachable(port))
        send(port, agent)
    assert total(heard) == bill
