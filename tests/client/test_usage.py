"""What each provider's response says of its usage; shapes after FORMATS sections 0 and 8."""

from types import SimpleNamespace
from typing import Any

import pytest

from costtop.client.provider_usage import lines_of


def _object(value: Any) -> Any:
    """The same shape as attributes, as SDKs give it."""
    if isinstance(value, dict):
        return SimpleNamespace(**{key: _object(item) for key, item in value.items()})
    return [_object(item) for item in value] if isinstance(value, list) else value


RESPONSES = {
    "object": "response", "id": "resp_1", "created_at": 1795514400, "model": "gpt-5.4",
    "service_tier": "flex", "output": [{"type": "web_search_call"}, {"type": "message"}],
    "usage": {"input_tokens": 3000, "input_tokens_details": {"cached_tokens": 1500,
              "cache_write_tokens": 800}, "output_tokens": 300,
              "output_tokens_details": {"reasoning_tokens": 100}, "total_tokens": 3300},
}  # fmt: skip
CHAT = {
    "object": "chat.completion", "id": "chatcmpl-1", "created": 1795514400, "model": "gpt-5",
    "service_tier": "default",
    "usage": {"prompt_tokens": 12000, "prompt_tokens_details": {"cached_tokens": 8000},
              "completion_tokens": 1500, "completion_tokens_details": {"reasoning_tokens": 700}},
}  # fmt: skip
ANTHROPIC = {
    "type": "message", "id": "msg_1", "model": "claude-opus-4-6", "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "cache_creation_input_tokens": 13835, "output_tokens": 13,
              "cache_read_input_tokens": 11515, "service_tier": "standard",
              "cache_creation": {"ephemeral_5m_input_tokens": 0,
                                 "ephemeral_1h_input_tokens": 13835},
              "server_tool_use": {"web_search_requests": 2}, "inference_geo": "us"},
}  # fmt: skip
GEMINI = {
    "responseId": "r-1", "modelVersion": "gemini-3-flash-preview",
    "usageMetadata": {"promptTokenCount": 12069, "cachedContentTokenCount": 11502,
                      "candidatesTokenCount": 147, "thoughtsTokenCount": 53,
                      "toolUsePromptTokenCount": 10, "totalTokenCount": 12279},
}  # fmt: skip
GEMINI_SDK = {
    "response_id": "r-1", "model_version": "gemini-3-flash-preview",
    "usage_metadata": {"prompt_token_count": 12069, "cached_content_token_count": 11502,
                       "candidates_token_count": 147, "thoughts_token_count": 53,
                       "tool_use_prompt_token_count": 10},
}  # fmt: skip

# input, cache_read, cache_write, cache_write_1h, output, reasoning
CASES = {
    "responses": (RESPONSES, "gpt-5.4", (3000, 1500, 800, 0, 300, 100)),
    "chat": (CHAT, "gpt-5", (12000, 8000, 0, 0, 1500, 700)),
    "anthropic": (ANTHROPIC, "claude-opus-4-6", (25353, 11515, 13835, 13835, 13, 0)),
    "gemini": (GEMINI, "gemini-3-flash-preview", (12079, 11502, 0, 0, 200, 53)),
    "gemini sdk": (GEMINI_SDK, "gemini-3-flash-preview", (12079, 11502, 0, 0, 200, 53)),
}
COUNTS = (
    "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens",
    "output_tokens", "reasoning_tokens",
)  # fmt: skip


@pytest.mark.parametrize("made", [dict, _object], ids=["dict", "object"])
@pytest.mark.parametrize("name", CASES)
def test_a_response_is_read_alike_as_a_dict_and_as_an_object(name, made):
    response, model, counts = CASES[name]
    (line,) = lines_of(made(response))
    assert line["model"] == model
    assert tuple(line[key] for key in COUNTS) == counts


def test_tiers_that_change_the_price_are_kept_and_plain_ones_are_not():
    assert lines_of(RESPONSES)[0]["service_tier"] == "flex"
    assert lines_of(CHAT)[0]["service_tier"] == ""
    assert lines_of(ANTHROPIC)[0]["service_tier"] == ""
    assert lines_of(ANTHROPIC)[0]["geo"] == "us"


def test_web_searches_are_counted():
    assert lines_of(RESPONSES)[0]["web_searches"] == 1
    assert lines_of(ANTHROPIC)[0]["web_searches"] == 2


def test_the_event_that_ends_a_stream_is_as_good_as_the_response():
    assert lines_of({"type": "response.completed", "response": RESPONSES}) == lines_of(RESPONSES)


def test_litellms_counts_of_anthropic_models_contain_the_cache_and_keep_the_long_writes():
    usage = {
        "prompt_tokens": 1000, "completion_tokens": 50, "cache_creation_input_tokens": 300,
        "cache_read_input_tokens": 600,
        "prompt_tokens_details": {"cached_tokens": 600, "cache_creation_token_details":
                                  {"ephemeral_1h_input_tokens": 200}},
    }  # fmt: skip
    (line,) = lines_of({"id": "chatcmpl-2", "model": "claude-sonnet-4-5", "usage": usage})
    assert tuple(line[key] for key in COUNTS) == (1000, 600, 300, 200, 50, 0)


def test_anthropics_advisor_and_compaction_requests_are_calls_of_their_own():
    rows = [
        {"type": "message", "input_tokens": 3, "output_tokens": 13},
        {
            "type": "advisor_message",
            "model": "claude-opus-5",
            "input_tokens": 9,
            "output_tokens": 7,
        },
        {"type": "compaction", "input_tokens": 5, "output_tokens": 2},
    ]
    lines = lines_of({**ANTHROPIC, "usage": {**ANTHROPIC["usage"], "iterations": rows}})
    assert [(one["model"], one["output_tokens"]) for one in lines] == [
        ("claude-opus-4-6", 13), ("claude-opus-5", 7), ("claude-opus-4-6", 2)
    ]  # fmt: skip
    assert len({one["id"] for one in lines}) == 3


def test_a_refusal_without_output_costs_nothing():
    usage = {**ANTHROPIC["usage"], "output_tokens": 0}
    (line,) = lines_of({**ANTHROPIC, "stop_reason": "refusal", "usage": usage})
    assert line["input_tokens"] == 0 and line["status"] == "error"


def test_two_responses_that_share_an_id_are_told_apart_by_when_they_were_made():
    later = {**CHAT, "created": CHAT["created"] + 1}
    assert lines_of(CHAT)[0]["id"] != lines_of(later)[0]["id"]
    assert lines_of(CHAT)[0]["request"] == lines_of(later)[0]["request"]


@pytest.mark.parametrize(
    "odd", [None, 7, "text", {}, {"usage": None}, {"usage": {"prompt_tokens": "12"}}, object()]
)
def test_what_tells_no_usage_gives_no_line(odd):
    assert lines_of(odd) == []


def test_audio_and_images_are_told_where_a_response_tells_them() -> None:
    chat = {
        "object": "chat.completion",
        "model": "gpt-audio",
        "usage": {
            "prompt_tokens": 90,
            "prompt_tokens_details": {"audio_tokens": 80},
            "completion_tokens": 9,
            "completion_tokens_details": {"audio_tokens": 7},
        },
    }
    gemini = {
        "modelVersion": "gemini-2.5-flash-image",
        "usageMetadata": {
            "promptTokenCount": 20,
            "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 12}],
            "candidatesTokenCount": 30,
            "candidatesTokensDetails": [
                {"modality": "TEXT", "tokenCount": 1},
                {"modality": "IMAGE", "tokenCount": 29},
            ],
        },
    }
    for answer in (chat, _object(chat)):
        (line,) = lines_of(answer)
        assert (line["audio_input_tokens"], line["audio_output_tokens"]) == (80, 7)
        assert "image_input_tokens" not in line
    (line,) = lines_of(gemini)
    assert (line["image_input_tokens"], line["image_output_tokens"]) == (12, 29)
