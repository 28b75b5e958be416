"""The LiteLLM callback on the real package, with its own mock responses.

LiteLLM is large and no dependency, so this runs only where it is importable: install it beside
costtop's test requirements (`pip install litellm`) and run this file.
"""

import asyncio
import json
import os
import time
from typing import Any

import pytest

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else importing it asks the network
pytest.importorskip("litellm", reason="needs the litellm package, which costtop does not install")
pytestmark = pytest.mark.filterwarnings("default")  # its own warnings are not ours

import litellm  # noqa: E402

import costtop  # noqa: E402
from costtop.client import process_sender, recording  # noqa: E402
from costtop.integrations.litellm import CosttopLogger  # noqa: E402
from tests.patience import PATIENCE  # noqa: E402

ASKED = [{"role": "user", "content": "hi"}]
CHEAP: dict[str, Any] = {"model": "gpt-4o-mini", "messages": ASKED, "mock_response": "hello there"}


class Slot:
    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def put(self, line: bytes) -> None:
        self.lines.append(json.loads(line))

    def calls(self, count: int) -> list[dict[str, Any]]:
        """The calls, once there are `count`; LiteLLM tells of them from threads of its own."""
        deadline = time.monotonic() + PATIENCE
        while len(found := [line for line in self.lines if "model" in line]) < count:
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.02)
        return found


@pytest.fixture
def slot(monkeypatch):
    made = Slot()
    monkeypatch.setattr(process_sender, "_post", made)
    monkeypatch.setattr(litellm, "callbacks", [CosttopLogger()])
    monkeypatch.setattr(litellm, "suppress_debug_info", True)
    yield made
    recording._program.cache_clear()


def test_a_call_is_recorded_with_its_tokens_cost_and_owner(slot):
    response = litellm.completion(
        **CHEAP, user="ana", litellm_session_id="chat-1",
        metadata={"feature": "checkout", "tags": ["web"]},
    )  # fmt: skip
    (call,) = slot.calls(1)
    assert (call["session"], call["user"], call["feature"]) == ("chat-1", "ana", "checkout")
    assert (call["model"], call["provider"]) == ("gpt-4o-mini", "openai")
    assert call["input_tokens"] == response.usage.prompt_tokens
    assert call["output_tokens"] == response.usage.completion_tokens
    assert call["cost_usd"] == pytest.approx(1.35e-05)
    assert call["id"] == response.id and call["tags"] == {"web": "yes"}


def test_a_call_without_a_session_of_its_own_belongs_to_the_current_one(slot):
    with costtop.session("mine", feature="f"):
        litellm.completion(**CHEAP)
        for _ in litellm.completion(**CHEAP, stream=True):
            pass
        slot.calls(2)
    assert {(call["session"], call["feature"]) for call in slot.calls(2)} == {("mine", "f")}


def test_asynchronous_calls_and_streams_are_recorded_once_each(slot):
    async def ask(name: str) -> None:
        async with costtop.session(name):
            await litellm.acompletion(**CHEAP)
            async for _ in await litellm.acompletion(**CHEAP, stream=True):
                pass

    async def both() -> None:
        await asyncio.gather(ask("one"), ask("two"))
        await asyncio.to_thread(slot.calls, 4)
        await asyncio.sleep(0.3)

    asyncio.run(both())
    calls = slot.calls(4)
    assert sorted(call["session"] for call in calls) == ["one", "one", "two", "two"]
    assert len({call["id"] for call in calls}) == 4


def test_failures_are_calls_of_no_tokens_with_an_error(slot):
    failing = {**CHEAP, "mock_response": Exception("no")}
    with pytest.raises(litellm.InternalServerError):
        litellm.completion(**failing)

    async def fail() -> None:
        with pytest.raises(litellm.InternalServerError):
            await litellm.acompletion(**failing)
        await asyncio.to_thread(slot.calls, 2)

    asyncio.run(fail())
    for call in slot.calls(2):
        assert (call["status"], call["input_tokens"], call["output_tokens"]) == ("error", 0, 0)


def test_an_answer_out_of_litellms_cache_costs_nothing(slot):
    said = {"id": "chatcmpl-1", "model": "gpt-4o-mini", "cache_hit": True, "prompt_tokens": 10,
            "completion_tokens": 20, "response_cost": 1.35e-05}  # fmt: skip
    usage = {"prompt_tokens": 10, "completion_tokens": 20}
    CosttopLogger().log_success_event({"standard_logging_object": said}, {"usage": usage}, 0, 0)
    (call,) = slot.calls(1)
    assert (call["input_tokens"], call["output_tokens"], call["cost_usd"]) == (0, 0, 0)


def test_embeddings_are_recorded(slot):
    litellm.embedding(model="text-embedding-3-small", input=["x"], mock_response=[0.1, 0.2])
    (call,) = slot.calls(1)
    assert (call["input_tokens"], call["output_tokens"]) == (10, 0)


def test_no_text_of_prompt_or_answer_is_in_a_record(slot):
    secret = "canary-7c1f"
    litellm.completion(
        **{**CHEAP, "messages": [{"role": "user", "content": secret}], "mock_response": secret}
    )
    assert secret not in json.dumps(slot.calls(1))
