import pytest

from costtop.pricing.model_names import HOSTS, SELLERS, candidates

OPUS, GPT, GEMINI = "claude-opus-4.6", "gpt-5", "gemini-2.5-pro"
TABLE = [
    # provider and model as logged, what is looked up in this order
    ("anthropic", "claude-opus-4-6", [("anthropic", "claude-opus-4-6"), ("", "claude-opus-4-6")]),
    ("anthropic", "claude-opus-5[1m]", [("anthropic", "claude-opus-5"), ("", "claude-opus-5")]),
    ("", "Claude-Opus-4.6", [("", OPUS)]),
    ("", "models/gemini-2.5-pro", [("google", GEMINI), ("", GEMINI)]),
    ("gemini", "models/gemini-2.5-pro", [("google", GEMINI), ("", GEMINI)]),
    ("gcp.vertex_ai", GEMINI, [("google", GEMINI), ("", GEMINI)]),
    ("", "publishers/google/models/gemini-2.5-pro", [("google", GEMINI)]),
    ("vertex", f"projects/p/locations/eu/publishers/anthropic/models/{OPUS}", [("google", OPUS)]),
    ("", "openai/gpt-5", [("openai", GPT), ("", GPT)]),
    ("openai", "openai/gpt-5", [("openai", "openai/gpt-5"), ("openai", GPT), ("", GPT)]),
    ("", "moonshot-ai/kimi-k3", [("moonshotai", "kimi-k3"), ("", "kimi-k3")]),
    ("litellm", "litellm_proxy/gpt-5", [("", GPT)]),
    ("my-gateway", GPT, [("", GPT)]),
    ("kilo", "kilo/gpt-5", [("", GPT)]),
    (
        "",
        "vertex_ai/claude-sonnet-4-5@20250929",
        [
            ("google", "claude-sonnet-4-5@20250929"),
            ("", "claude-sonnet-4-5@20250929"),
            ("google", "claude-sonnet-4-5"),
            ("", "claude-sonnet-4-5"),
        ],
    ),
    (
        "",
        "openrouter/anthropic/claude-opus-4.6",
        [("openrouter", f"anthropic/{OPUS}"), ("anthropic", OPUS), ("", OPUS)],
    ),
    (
        "openrouter",
        "z-ai/glm-4.6:free",
        [("openrouter", "z-ai/glm-4.6:free"), ("zai", "glm-4.6:free"), ("", "glm-4.6:free")],
    ),
    ("groq", "openai/gpt-oss-20b", [("groq", "openai/gpt-oss-20b"), ("groq", "gpt-oss-20b")]),
    ("azure", "azure/eu/gpt-5", [("azure", "azure/eu/gpt-5"), ("azure", "eu/gpt-5")]),
]
BEDROCK = [
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "bedrock/us-east-1/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "arn:aws:bedrock:us-east-1:1234:foundation-model/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
]


@pytest.mark.parametrize(("provider", "model", "expected"), TABLE)
def test_a_logged_name_is_looked_up_as_sold_first_and_at_its_maker_last(
    provider: str, model: str, expected: list[tuple[str, str]]
) -> None:
    assert list(candidates(provider, model)) == expected


@pytest.mark.parametrize("model", BEDROCK)
@pytest.mark.parametrize("provider", ["", "aws", "bedrock", "anthropic"])
def test_an_id_of_bedrock_is_sold_by_aws_whoever_the_log_names(provider: str, model: str) -> None:
    assert candidates(provider, model)[0] == ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    assert {seller for seller, _ in candidates(provider, model)} == {"aws"}


@pytest.mark.parametrize(
    ("model", "shorter"),
    [
        ("gpt-5-2026-09-09", "gpt-5"),
        ("claude-opus-5-20261101", "claude-opus-5"),
        ("claude-opus-5@20261101", "claude-opus-5"),
        ("claude-opus-5@default", "claude-opus-5"),
        ("gpt-5.5-high", "gpt-5.5"),
        ("gpt-5.9-codex-xhigh", "gpt-5.9-codex"),
    ],
)
def test_a_date_or_an_effort_is_dropped_last(model: str, shorter: str) -> None:
    assert candidates("", model) == (("", model), ("", shorter))


@pytest.mark.parametrize(
    "model",
    [
        "deepseek-r1:free",
        "claude-sonnet-4.5:thinking",
        "llama3:8b",
        "gpt-5-mini",
        "gpt-5.1-codex-max",
        "gpt-5-209999999",
        "my-org/gpt-5",
        "ft:gpt-4o-mini:acme::1",
        "claude-opus-4-6-fast",
        "qwen3-235b-thinking",
    ],
)
def test_what_may_be_another_model_or_price_is_never_cut_off(model: str) -> None:
    assert candidates("", model) == (("", model),)


@pytest.mark.parametrize("host", sorted(HOSTS))
def test_a_host_with_prices_of_its_own_is_not_swapped_for_the_maker(host: str) -> None:
    assert {seller for seller, _ in candidates(host, "claude-opus-4-6")} == {host}
    assert {seller for seller, _ in candidates(host, "openai/gpt-oss-20b")} == {host}


@pytest.mark.parametrize(
    "model",
    ["", "   ", "<synthetic>", "x" * 10_000, "two words", "a\x00b", "кириллица", "a\nb", '"', "{}"],
)
def test_what_cannot_be_a_name_has_no_candidates(model: str) -> None:
    assert candidates("anthropic", model) == ()


def test_every_seller_is_one_that_the_price_list_knows() -> None:
    from genai_prices.data_snapshot import get_snapshot

    known = {provider.id for provider in get_snapshot().providers}
    assert set(SELLERS.values()) <= known
    assert known >= HOSTS
