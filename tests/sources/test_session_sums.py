"""Tools that write down what a session came to, and not what each request did."""

import pytest

from costtop.model import Call, SessionFact, TaskFact
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources.golden import SEEN, settled

DROID = "/home/ana/.factory/sessions/-home-ana-shop/0d1c2b3a-4f5e-4a6b-8c7d-9e0f1a2b3c4d"
USED = '"inputTokens":{},"outputTokens":{},"cacheCreationTokens":0,"cacheReadTokens":900'


def _droid(ending: str, text: str) -> list:
    source = SOURCE["droid" if ending == "jsonl" else "droid.json"]
    return source.read(Chunk(f"{DROID}.{ending}", text.encode(), 0, SEEN), {})[0]


def _settings(plain: int, output: int, began: str = "2026-11-23T09:00:01Z") -> list:
    used = USED.format(plain, output)
    return _droid(
        "settings.json",
        f'{{"model":"gpt-5","tokenUsage":{{{used}}},"providerLockTimestamp":"{began}"}}',
    )


def _said(name: str, role: str, minute: int, more: str = "") -> str:
    return (
        f'{{"type":"message","id":"{name}","timestamp":"2026-11-23T09:{minute:02}:00Z",'
        f'"message":{{"role":"{role}","content":[]{more}}}}}\n'
    )


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_sum_that_grows_is_one_call_of_its_latest_counts_at_the_first_request(order):
    said = '{"type":"session_start","id":"x","cwd":"/home/ana/shop"}\n'
    told = [
        _droid("jsonl", said + _said("p", "user", 0) + _said("a", "assistant", 1)),
        _settings(10, 20),
        _settings(40, 50),
    ]
    (call,) = settled(*(told[n] for n in order))["calls"].values()
    assert call["tokens"] == {"input": 940, "cache_read": 900, "output": 50}
    assert call["at"] == SEEN - 15 * 3_600_000  # 09:00, when its first prompt came
    assert call["model"] == "gpt-5"
    assert "placeholder" not in call


def test_a_transcript_without_sums_is_known_to_have_cost_something():
    (call,) = [x for x in _droid("jsonl", _said("a", "assistant", 1)) if isinstance(x, Call)]
    assert call.placeholder
    assert not [x for x in _droid("jsonl", _said("p", "user", 1)) if isinstance(x, Call)]


def test_a_prompt_is_a_task_and_what_the_agent_adds_for_the_model_is_none():
    hidden = _said("context-p", "user", 0, ',"visibility":"llm_only"')
    told = _droid(
        "jsonl",
        hidden
        + _said("p", "user", 0)
        + _said("a", "assistant", 1)
        + '{"type":"agent_turn_outcome","turnId":"p","reason":"model_rate_limited"}\n',
    )
    tasks = [(x.task, x.status) for x in told if isinstance(x, TaskFact)]
    assert tasks == [("p", "started"), ("p", "failed")]


def test_a_fork_tells_nothing_of_the_messages_that_it_was_begun_with():
    start = '{"type":"session_start","id":"x","cwd":"/home/ana/shop","forkedAtMessageId":"a"}\n'
    told = _droid(
        "jsonl",
        start
        + _said("p", "user", 0)
        + _said("a", "assistant", 1)
        + _said("q", "user", 9)
        + _said("b", "assistant", 10),
    )
    assert [x.task for x in told if isinstance(x, TaskFact)] == ["q"]
    started = [x.started for x in told if isinstance(x, SessionFact) and x.started]
    assert started == [SEEN - 15 * 3_600_000 + 10 * 60_000]


def _continued(replies: list[tuple[int, int]], total: int, written: int) -> list:
    used = '{{"message":{{"usage":{{"prompt_tokens":{},"completion_tokens":{},"model":"gpt-5"}}}}}}'
    history = ",".join(used.format(*reply) for reply in replies)
    text = f'{{"sessionId":"s-1","history":[{history}],"usage":{{"completionTokens":{total}}}}}'
    chunk = Chunk("/h/.continue/sessions/s-1.json", text.encode(), 0, SEEN, written=written)
    return SOURCE["continue.json"].read(chunk, {})[0]


def test_requests_of_continue_stand_at_the_time_at_which_the_file_first_had_them():
    first = _continued([(10, 5)], 5, SEEN - 9_000)
    second = _continued([(10, 5), (20, 6)], 11, SEEN - 2_000)
    calls = settled(first, second)["calls"].values()
    assert sorted(call["at"] - SEEN for call in calls) == [-9_000, -2_000]


def test_a_forked_session_of_continue_counts_no_more_than_its_own_sum():
    told = _continued([(10, 5), (20, 6), (30, 7)], 7, SEEN)
    assert [x.tokens.input for x in told if isinstance(x, Call)] == [30]
    assert not [x for x in _continued([(10, 5)], 0, SEEN) if isinstance(x, Call)]
