"""What model APIs answer and LiteLLM logs: kinds of tokens, batches, every place of a fact."""

import pytest

from costtop.model import Media, Tokens
from costtop.money import parse
from costtop.pricing.book import PriceBook
from tests.sources.lines import bad, calls, events

BOOK = PriceBook()
AT = "2026-11-20T10:00:00Z"


def gemini(**used):
    answer = {"responseId": "g", "modelVersion": "gemini-2.5-flash", "createTime": AT}
    return {**answer, "usageMetadata": used}


def by_kind(**tokens):
    return [{"modality": kind.upper(), "tokenCount": count} for kind, count in tokens.items()]


def one(name, *rows):
    (call,) = calls(events(name, *rows))
    return call


def dollars(call):
    return BOOK.price(call)[::2]


def test_geminis_audio_pays_its_rate_and_cached_audio_its_own():
    call = one(
        "api-responses",
        gemini(
            promptTokenCount=12_000,
            cachedContentTokenCount=4_000,
            candidatesTokenCount=50,
            promptTokensDetails=by_kind(audio=9_000, text=2_000, image=1_000),
            cacheTokensDetails=by_kind(audio=3_000, text=1_000),
            candidatesTokensDetails=by_kind(text=50),
        ),
    )
    assert call.media == Media(audio_input=9_000, audio_cache_read=3_000, image_input=1_000)
    # 6,000 audio at $1, 3,000 cached at $0.10, 2,000 text and image at $0.30, 1,000 cached at $0.03
    assert dollars(call) == (
        parse("0.006") + parse("0.0003") + parse("0.0006") + parse("0.00003") + parse("0.000125"),
        (),
    )


def test_a_drawn_image_pays_the_rate_of_images():
    answer = gemini(
        promptTokenCount=20,
        candidatesTokenCount=1_300,
        candidatesTokensDetails=by_kind(image=1_290),
    )
    call = one("api-responses", answer | {"modelVersion": "gemini-2.5-flash-image"})
    assert dollars(call) == (6_000 + 10 * 2_500 + 1_290 * 30_000, ())


def test_chat_and_realtime_tell_audio_in_their_details():
    chat = {
        "id": "c",
        "object": "chat.completion",
        "created": 1795168800,
        "model": "gpt-audio",
        "usage": {
            "prompt_tokens": 1_000,
            "completion_tokens": 400,
            "prompt_tokens_details": {"audio_tokens": 900, "cached_tokens": 0},
            "completion_tokens_details": {"audio_tokens": 300, "reasoning_tokens": 0},
        },
    }
    assert dollars(one("api-responses", chat)) == (
        100 * 2_500 + 900 * 32_000 + 100 * 10_000 + 300 * 64_000,
        (),
    )
    spoken = {
        "type": "response.done",
        "response": {
            "id": "resp_1",
            "object": "realtime.response",
            "model": "gpt-realtime",
            "usage": {
                "input_tokens": 700,
                "output_tokens": 200,
                "input_token_details": {
                    "audio_tokens": 500,
                    "text_tokens": 200,
                    "cached_tokens": 300,
                    "cached_tokens_details": {"audio_tokens": 250, "text_tokens": 50},
                },
                "output_token_details": {"audio_tokens": 150, "text_tokens": 50},
            },
        },
    }
    call = one("api-responses", spoken)
    assert call.tokens == Tokens(700, 300, output=200)
    assert call.media == Media(audio_input=500, audio_cache_read=250, audio_output=150)
    assert dollars(call) == (
        150 * 4_000 + 250 * 32_000 + 300 * 400 + 50 * 16_000 + 150 * 64_000,
        (),
    )


def test_a_kind_of_token_without_a_rate_makes_a_floor_at_the_rate_of_text():
    answer = gemini(
        promptTokenCount=100, candidatesTokenCount=1, promptTokensDetails=by_kind(audio=90)
    )
    call = one("api-responses", answer | {"modelVersion": "gemini-2.5-pro"})
    assert dollars(call) == (100 * 1_250 + 10_000, ("modality",))


@pytest.mark.parametrize(
    "odd", [{}, "AUDIO", [1], [{"modality": 3}], [{"modality": "AUDIO"}], None]
)
def test_odd_details_cost_nothing_of_the_answer(odd):
    call = one(
        "api-responses",
        gemini(promptTokenCount=10, candidatesTokenCount=1, promptTokensDetails=odd),
    )
    assert (call.tokens.input, call.media) == (10, None)


def test_parts_never_exceed_what_they_are_parts_of():
    call = one(
        "api-responses",
        gemini(
            promptTokenCount=100,
            cachedContentTokenCount=80,
            candidatesTokenCount=5,
            promptTokensDetails=by_kind(audio=90, image=50),
            candidatesTokensDetails=by_kind(audio=9),
        ),
    )
    assert call.media == Media(
        audio_input=90, audio_cache_read=70, audio_output=5, image_input=10, image_cache_read=10
    )


CLAUDE = {
    "id": "msg_b",
    "type": "message",
    "model": "claude-sonnet-4-5-20250929",
    "usage": {"input_tokens": 1_000, "output_tokens": 1_000},
}
CHAT = {
    "id": "chatcmpl-b",
    "object": "chat.completion",
    "model": "gpt-5",
    "service_tier": "default",
    "usage": {"prompt_tokens": 1_000, "completion_tokens": 1_000},
}


@pytest.mark.parametrize(
    ("line", "cost"),
    [
        ({"custom_id": "a", "result": {"type": "succeeded", "message": CLAUDE}}, "0.009"),
        (
            {
                "id": "batch_req_1",
                "custom_id": "a",
                "error": None,
                "response": {"status_code": 200, "request_id": "r", "body": CHAT},
            },
            "0.005625",
        ),
        ({"session": "s", "response": CLAUDE}, "0.018"),
        ({"session": "s", "response": CHAT}, "0.01125"),
    ],
)
def test_a_line_of_a_batchs_results_costs_half(line, cost):
    assert dollars(one("api-responses", line)) == (parse(cost), ())


def test_a_request_of_a_batch_that_failed_is_no_call():
    line = {"custom_id": "a", "result": {"type": "errored", "error": {"type": "error"}}}
    found = events("api-responses", line)
    assert not calls(found)
    assert not bad(found)


def litellm(**over):
    told = {
        "id": "l",
        "status": "success",
        "custom_llm_provider": "vertex_ai",
        "startTime": 1.0,
        "model": "gemini-2.5-flash",
        "prompt_tokens": 1_000,
        "completion_tokens": 10,
    }
    return {**told, **over}


USED = {
    "prompt_tokens": 1_000,
    "completion_tokens": 10,
    "prompt_tokens_details": {"cached_tokens": 600, "audio_tokens": 300, "text_tokens": 700},
}


@pytest.mark.parametrize(
    "place",
    [
        {"metadata": {"usage_object": USED}},
        {"metadata": {"usage_object": None}, "response": {"usage": USED}},
        {"response": {"usage": USED}},
        {"metadata": {"usage_object": USED}, "response": "text"},
    ],
)
def test_litellms_usage_is_read_wherever_it_stands(place):
    call = one("litellm", litellm(**place))
    assert call.tokens == Tokens(1_000, 600, output=10)
    assert call.media == Media(audio_input=300)
    assert dollars(call) == (100 * 300 + 300 * 1_000 + 600 * 30 + 10 * 2_500, ())


def test_costtops_own_lines_tell_audio_and_images():
    line = {
        "session": "s",
        "model": "gpt-audio",
        "provider": "openai",
        "input_tokens": 100,
        "output_tokens": 10,
        "audio_input_tokens": 90,
        "audio_output_tokens": 4,
    }
    call = one("costtop", line)
    assert call.media == Media(audio_input=90, audio_output=4)
    assert dollars(call) == (10 * 2_500 + 90 * 32_000 + 6 * 10_000 + 4 * 64_000, ())


@pytest.mark.parametrize(
    ("slug", "listed"),
    [
        ("anthropic/claude-4.5-sonnet-20250929", "claude-sonnet-4-5"),
        ("anthropic/claude-4-sonnet-20250522", "claude-sonnet-4-0"),
        ("anthropic/claude-4.6-opus-20260205", "claude-opus-4-6"),
        ("anthropic/claude-4.5-haiku-20251001", "claude-haiku-4-5"),
        ("x-ai/grok-4-07-09", "grok-4"),
    ],
)
@pytest.mark.parametrize("provider", ["", "openrouter"])
def test_openrouters_permanent_slugs_are_the_models_that_they_name(slug, listed, provider):
    when = 1_795_435_200_000
    plain = BOOK.rates("", listed, when, 100)
    found = BOOK.rates(provider, slug, when, 100)
    assert plain is not None
    assert found is not None
    assert (found.input, found.output) == (plain.input, plain.output)
