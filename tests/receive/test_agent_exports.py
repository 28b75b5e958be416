"""What the agents' own exports tell, after the schema of real ones, with and without their logs."""

from pathlib import Path

import pytest

from tests.receive.otlp_client import post, shown
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
