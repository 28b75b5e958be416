"""What is passed over without decoding changes nothing: a transcript reads as if all were."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costtop.model import Event
from costtop.sources.claude import transcripts
from costtop.sources.claude.transcript_fold import Fold
from costtop.sources.claude.transcript_lines import LineHeads
from costtop.sources.fold.source import Chunk

SESSION = "0b0e5a52-6c1c-4a53-9a43-2f8b1f0a7c11"
PATH = f"/home/ada/.claude/projects/-shop/{SESSION}.jsonl"
UUID = "11111111-2222-4333-8444-%012d"
TEXTS = st.sampled_from(
    [
        "short",
        "a \\ b",
        'say "usage": {"output_tokens": 1}',
        "x" * 5_000,
        "é\u2028" * 900,
        '","',
        '}]},"uuid":"x","timestamp":"2026-01-01T00:00:00Z"}' * 80,
        "[Request interrupted by user]",
        "Error: no such file\n" * 300,
    ]
)


def head(nth: int, side: bool, branch: str) -> dict[str, Any]:
    return {
        "parentUuid": UUID % nth, "isSidechain": side, "userType": "external", "cwd": "/shop",
        "sessionId": SESSION, "version": "2.1.37", "gitBranch": branch,
    }  # fmt: skip


def tail(nth: int) -> dict[str, Any]:
    return {"uuid": UUID % (nth + 1), "timestamp": f"2026-11-23T10:{nth % 60:02d}:00.123Z"}


def asked(nth: int, where: dict[str, Any], tool: str) -> dict[str, Any]:
    inputs = {"command": "git commit -m x"} if tool == "Bash" else {"file_path": f"/shop/{nth}"}
    usage = {"input_tokens": nth, "output_tokens": 7, "cache_read_input_tokens": 0}
    block = {"type": "tool_use", "id": f"toolu_{nth:03d}", "name": tool, "input": inputs}
    message = {
        "model": "claude-sonnet-4-5", "id": f"msg_01Hq7RkTz9PwXyV3bN{nth:04d}", "type": "message",
        "role": "assistant", "content": [block], "stop_reason": "tool_use", "usage": usage,
    }  # fmt: skip
    return {**where, "message": message, "requestId": f"req_{nth}", "type": "assistant"}


def answered(
    nth: int, where: dict[str, Any], block: dict[str, Any], more: dict[str, Any]
) -> dict[str, Any]:
    content = [{"tool_use_id": f"toolu_{nth:03d}", "type": "tool_result", **block}]
    message = {"role": "user", "content": content}
    return {**where, "type": "user", "message": message, **tail(nth), **more}


blocks = st.one_of(
    st.builds(lambda text: {"content": text}, TEXTS),
    st.builds(lambda text, bad: {"content": text, "is_error": bad}, TEXTS, st.booleans()),
    st.builds(lambda text: {"content": [{"type": "text", "text": text}]}, TEXTS),
    st.builds(lambda text: {"is_error": True, "content": text}, TEXTS),
    st.builds(lambda text: {"content": text, "note": text}, TEXTS),
)
more = st.sampled_from([{}, {"toolUseResult": {"stdout": "x" * 3_000}}, {"toolUseResult": "Error"}])
wheres = st.builds(head, st.integers(0, 30), st.booleans(), st.sampled_from(["main", 'a"b\\']))
idle = st.sampled_from(["progress", "attachment", "system", "last-prompt"])
lines = st.one_of(
    st.builds(asked, st.integers(0, 9), wheres, st.sampled_from(["Bash", "Read", "Task"])),
    st.builds(answered, st.integers(0, 9), wheres, blocks, more),
    st.builds(lambda where, kind: {**where, "type": kind, **tail(3)}, wheres, idle),
    st.builds(
        lambda where, text: {
            **where, "type": "user", "message": {"role": "user", "content": text}, **tail(4)
        },
        wheres,
        TEXTS,
    ),
)  # fmt: skip


def told(data: bytes, cuts: list[int]) -> tuple[list[Event], dict[str, Any]]:
    whole = data.splitlines(keepends=True)
    events: list[Event] = []
    memo: dict[str, Any] = {}
    offset = 0
    for first, last in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        piece = b"".join(whole[first:last])
        found, memo = transcripts.read(Chunk(PATH, piece, offset, 1_800_000_000_000), memo)
        events += found
        offset += len(piece)
    return events, memo


def with_care(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has a head that is known, so every line goes the careful way."""
    monkeypatch.setattr(LineHeads, "type_at", lambda *_: 0)


@settings(max_examples=150, deadline=None)
@given(st.lists(lines, min_size=1, max_size=25), st.booleans())
def test_a_transcript_reads_as_if_every_line_were_decoded(
    records: list[dict[str, Any]], spaced: bool
) -> None:
    separators = None if spaced else (",", ":")
    data = b"".join(
        json.dumps(one, separators=separators, ensure_ascii=False).encode() + b"\n"
        for one in records
    )
    half = [len(records) // 2]
    quick = told(data, half)
    with pytest.MonkeyPatch.context() as patch:
        with_care(patch)
        assert quick == told(data, half)


def test_a_long_result_that_is_waited_for_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    where = head(1, side=False, branch="main")
    ask = {**asked(1, where, "Read"), **tail(1)}
    answer = answered(1, where, {"content": "x" * 100_000}, {})
    data = b"".join(
        json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in (ask, answer)
    )
    decoded: list[int] = []
    line = Fold._line

    def noted(fold: Fold, raw: bytes, offset: int, mark: int) -> None:
        decoded.append(len(raw))
        line(fold, raw, offset, mark)

    monkeypatch.setattr(Fold, "_line", noted)
    events, _ = told(data, [])
    assert len(decoded) == 1
    assert sum(type(event).__name__ == "Outcome" for event in events) == 1
