"""A transcript says the same to the compiled part as to Python: the same events, the same memo."""

import json
from collections.abc import Iterable
from ctypes import CDLL
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costtop.columnar.call_columns import made
from costtop.model import Call, Event, Outcome, PlainCall
from costtop.native import library
from costtop.sources.claude import transcripts
from costtop.sources.claude.transcript_fold import Fold
from costtop.sources.fold.source import Chunk, Memo
from tests.conftest import ROOT
from tests.native import claude_lines

SEEN = 1_800_000_000_000
LOGS = sorted((ROOT / "tests" / "logs" / "claude-code" / "input").rglob("*.jsonl"))


def pieces(data: bytes, random: Random) -> list[bytes]:
    """The log in pieces of whole lines, as an import may cut it."""
    found, start = [], 0
    while start < len(data):
        end = data.find(b"\n", min(start + random.choice([0, 100, 3_000, 10**9]), len(data))) + 1
        found.append(data[start : end or len(data)])
        start = end or len(data)
    return found


def told(path: str, parts: Iterable[bytes], seen: int, offset: int = 0) -> tuple[list[Event], Memo]:
    events: list[Event] = []
    memo: Memo = {}
    for part in parts:
        found, memo = transcripts.read(Chunk(path, part, offset, seen), memo)
        events += [made(event) if isinstance(event, PlainCall) else event for event in found]
        offset += len(part)
    return events, json.loads(json.dumps(memo))


def assert_alike(path: str, data: bytes, random: Random, seen: int = SEEN) -> list[Event]:
    parts = pieces(data, random)
    assert library.loaded()
    compiled = told(path, parts, seen)
    library.leave()
    try:
        assert compiled == told(path, parts, seen)
    finally:
        library.load()
    return compiled[0]


@settings(
    max_examples=600,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**40), count=st.integers(1, 30), path=st.sampled_from(claude_lines.PATHS)
)
def test_lines_in_the_shape_of_real_ones_and_broken_ones_say_the_same(
    compiled: CDLL, seed: int, count: int, path: str
) -> None:
    random = Random(seed)
    seen = random.choice([SEEN, SEEN, 0, 1_795_428_000_000])
    assert_alike(path, claude_lines.lines(random, count), random, seen)


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_golden_logs_say_the_same(compiled: CDLL, log: Any) -> None:
    for seed in range(4):
        assert_alike(str(log), log.read_bytes(), Random(seed))


def regular(count: int, named: str = claude_lines.MESSAGES[0]) -> bytes:
    """Rows as Claude Code writes them: a prompt, a reply, its tool's result, a note, idle ones."""
    random = Random(5)
    rows: list[dict[str, Any]] = []
    for nth in range(count):
        head = {"parentUuid": "0" * 36, "isSidechain": False, "cwd": "/shop", "version": "2.1.37"}
        tail = {"uuid": "1" * 36, "timestamp": f"2026-11-23T10:{nth % 60:02d}:00.123Z"}
        tool = {"type": "tool_use", "id": f"toolu_{nth}", "name": "Read", "input": {"path": nth}}
        text = {"type": "text", "text": "Let me look."}
        asked = {"role": "user", "content": "Please"}
        rows.append({**head, "type": "user", "message": asked, **tail})
        message = {"id": named % nth, "model": "claude-opus-4-6"}
        usage = {"input_tokens": 3, "output_tokens": 70}
        for block, stop in ((text, None), (tool, "tool_use")):
            said = {**message, "content": [block], "stop_reason": stop, "usage": usage}
            rows.append({**head, "message": said, "type": "assistant", **tail})
        size = random.choice([10, 5_000])
        answer = [{"tool_use_id": f"toolu_{nth}", "type": "tool_result", "content": "x" * size}]
        rows.append(
            {**head, "type": "user", "message": {"role": "user", "content": answer}, **tail}
        )
        rows.append({**head, "type": "system", "subtype": "turn_duration", **tail})
        rows.append({**head, "type": "progress", "data": {}, **tail})
    return b"".join(json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows)


@pytest.mark.parametrize("named", claude_lines.MESSAGES[:2])
def test_what_is_regular_is_not_decoded_by_python(
    compiled: CDLL, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    data = regular(20, named)
    events = told(claude_lines.PATHS[0], [data], SEEN)[0]
    assert sum(isinstance(event, Call) for event in events) == 20
    assert sum(isinstance(event, Outcome) for event in events) == 20
    decoded: list[bytes] = []
    monkeypatch.setattr(Fold, "_line", lambda _, line, *rest: decoded.append(line))
    assert told(claude_lines.PATHS[0], [data], SEEN)[0] == events
    assert not decoded


def test_calls_far_within_a_log_say_where_they_stand(compiled: CDLL) -> None:
    far, path, data = 1 << 40, claude_lines.PATHS[0], regular(3)
    calls = [call for call in told(path, [data], SEEN, far)[0] if isinstance(call, Call)]
    library.leave()
    assert calls == [call for call in told(path, [data], SEEN, far)[0] if isinstance(call, Call)]
    assert all(far < call.offset < far + len(data) for call in calls)
    assert len(calls) == 3


def test_an_answer_that_is_longer_than_the_room_for_it_is_asked_for_again(compiled: CDLL) -> None:
    blank = b'{"user"}\n' * 30_000  # a step each, which is more than any log needs
    assert_alike(claude_lines.PATHS[0], blank + regular(3), Random(1))
