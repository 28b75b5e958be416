"""Spend that was only heard over a wire: another user who reaches the receiver ends no agent."""

import json
import subprocess
import sys

import pytest

from tests.free_ports import free_port
from tests.patience import until
from tests.receive.otlp_client import chat, reachable, traces

NOBODY = 65_534
KILL = """
[receive.otlp]
port = {port}
[[budget]]
name = "daily"
amount = "$0.10"
action = "kill"
"""
# Another user where the tests run as root; else a program of this one. It prints the status. What
# it needs is loaded before: the interpreter may lie where only root can read.
_POST = f"""
import http.client, encodings.ascii, encodings.idna, os, sys
body, port, token = sys.stdin.buffer.read(), sys.argv[1], sys.argv[2]
if os.getuid() == 0:
    os.setgroups([]); os.setresgid(*[{NOBODY}] * 3); os.setresuid(*[{NOBODY}] * 3)
headers = {{"Content-Type": "application/json"}}
if token:
    headers["Authorization"] = "Bearer " + token
door = http.client.HTTPConnection("127.0.0.1", int(port), timeout=120)
door.request("POST", "/v1/traces", body, headers)
print(door.getresponse().status)
"""


@pytest.fixture
def port() -> int:
    return free_port()


def post(port: int, token: str, body: bytes) -> str:
    order = [sys.executable, "-I", "-c", _POST, str(port), token]
    ran = subprocess.run(order, input=body, capture_output=True, check=True)
    return ran.stdout.decode().strip()


def spend(number: int) -> bytes:
    """A dollar and a half, and more."""
    return traces(chat(number, gen_ai__usage__output_tokens=100_000))


def test_one_post_denies_at_most_and_a_log_ends_what_it_confirms(house, port):
    house.configure(KILL.format(port=port))
    house.start()
    until(lambda: reachable(port))
    agent = house.agent(session="s1", calls=2, every=0.1)
    agent.says("idle")
    house.known("claude-code/s1")
    assert post(port, "", spend(1)) == "401"
    token = (house.paths.otlp_token).read_text().strip()
    assert post(port, token, spend(2)) == "200"
    held = "SELECT action FROM breakers WHERE confirmed IS NOT NULL"
    until(lambda: house.answers(held) == [("gate",)], what="the gate")
    assert "only heard over OTLP" in house.answers("SELECT why FROM breakers")[0][0]
    about = {"session_id": "s1", "hook_event_name": "PreToolUse", "tool_name": "Bash",
             "tool_input": {"command": "make"}}  # fmt: skip
    said = house.run("gate", "--agent", "claude-code", text=json.dumps(about)).stdout
    assert "deny" in said
    assert post(port, token, spend(3)) == "200"
    assert not house.answers("SELECT * FROM breaker_deeds")
    assert agent.state == "S"
    second = house.agent(session="s2", calls=400, every=0.1)
    until(lambda: house.answers(held) == [("kill",)], what="what the logs say")
    assert "only heard" not in house.answers("SELECT why FROM breakers")[0][0]
    second.gone()
    deeds = house.answers("SELECT deed FROM breaker_deeds WHERE session = 'claude-code/s2'")
    assert ("pause",) in deeds
