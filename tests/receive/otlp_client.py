"""What sends OTLP by hand: spans as JSON, posted to a receiver on loopback."""

import json
import socket
import time
import urllib.error
import urllib.request
from typing import Any

from costtop import paths
from tests.patience import PATIENCE
from tests.receive.running import Instance, until

PROTOBUF, JSON = "application/x-protobuf", "application/json"


def opened(instance: Instance, port: int, more: str = "") -> Instance:
    instance.home.mkdir(mode=0o700, exist_ok=True)
    config = f"[receive.otlp]\nport = {port}\n{more}"
    (instance.home / "config.toml").write_text(config)
    instance.start()
    until(lambda: reachable(port))
    return instance


def reachable(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def shown() -> dict[str, str]:
    """The header with the token that the daemon of this test's home has made."""
    file = paths.find().otlp_token
    return {"Authorization": f"Bearer {file.read_text().strip()}"} if file.exists() else {}


def post(port: int, path: str, body: bytes, **headers: str) -> tuple[int, bytes, Any]:
    named = {
        "Content-Type": JSON,
        **shown(),
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, named)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def pairs(**said: Any) -> list[dict[str, Any]]:
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue", bool: "boolValue"}
    return [
        {"key": name.replace("__", "."), "value": {kinds[type(value)]: value}}
        for name, value in said.items()
    ]


def chat(number: int = 1, **said: Any) -> dict[str, Any]:
    told = {
        "gen_ai__operation__name": "chat", "gen_ai__provider__name": "anthropic",
        "gen_ai__request__model": "claude-sonnet-4-5", "gen_ai__usage__input_tokens": 1200,
        "gen_ai__usage__output_tokens": 300, "gen_ai__conversation__id": "conv-1", **said,
    }  # fmt: skip
    now = time.time_ns()
    return {"traceId": "a" * 32, "spanId": f"{number:016x}", "name": "chat", "kind": 3,
            "startTimeUnixNano": str(now), "endTimeUnixNano": str(now),
            "attributes": pairs(**told)}  # fmt: skip


def traces(*spans: dict[str, Any]) -> bytes:
    resource = {"attributes": pairs(service__name="shop", team__id="payments")}
    return json.dumps(
        {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}
    ).encode()
