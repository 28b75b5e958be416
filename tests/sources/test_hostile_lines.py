"""Bad values and broken text (RELIABILITY 3.2): quarantined with a reason, neighbours kept."""

import json

import pytest

from tests.sources.lines import MAIN, bad, calls, events, prompt, reply

CODEX = "/home/ana/.codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-x.jsonl"
VALUES = [
    "NaN", "Infinity", "-Infinity", "1e309", "1e308", str(2**64), "9" * 5000, "1000000001",
    "-1", "-0", "true", '"12"', "1.5", "-0.0", "[1]", "{}",
]  # fmt: skip


def _claude(value, number=2):
    row = json.dumps(reply(f"msg_{number}", f"req_{number}", usage={"output_tokens": 4711}))
    return row.replace("4711", value)


def _codex(value, number=2):
    usage = f'{{"input_tokens":{number}0,"output_tokens":{value},"total_tokens":{number}0}}'
    info = f'{{"total_token_usage":{usage},"last_token_usage":{usage}}}'
    return f'{{"type":"event_msg","payload":{{"type":"token_count","info":{info}}}}}'


def _own(value, number=2):
    return f'{{"session":"s","id":{number},"model":"m","input_tokens":9,"output_tokens":{value}}}'


FORMS = [("claude-code", _claude, MAIN), ("codex", _codex, CODEX), ("costtop", _own, "/x.jsonl")]


@pytest.mark.parametrize("value", VALUES, ids=[value[:12] for value in VALUES])
@pytest.mark.parametrize(("name", "form", "path"), FORMS, ids=[form[0] for form in FORMS])
def test_a_count_that_is_none_is_reported_and_its_neighbours_are_kept(name, form, path, value):
    first = form("5", 1)
    found = events(name, first, form(value), form("7", 3), path=path)
    assert [call.tokens.output for call in calls(found)] == [5, 7]
    (record,) = bad(found)
    assert record.offset == len(first) + 1
    assert record.reason
    assert "4711" not in record.reason


@pytest.mark.parametrize("value", ["6.0", "6e0", "0.6e1", "6.000 "])
@pytest.mark.parametrize(("name", "form", "path"), FORMS, ids=[form[0] for form in FORMS])
def test_a_whole_number_written_as_a_float_is_a_count(name, form, path, value):
    found = events(name, form("5", 1), form(value), form("7", 3), path=path)
    assert [call.tokens.output for call in calls(found)] == [5, 6, 7]
    assert not bad(found)


@pytest.mark.parametrize(("name", "form", "path"), FORMS, ids=[form[0] for form in FORMS])
@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_deep_nesting_is_reported_and_ends_nothing(name, form, path, depth):
    deep = form("6")[:-1] + ',"x":' + "[" * depth + "]" * depth + "}"
    found = events(name, form("5", 1), deep, form("7", 3), path=path)
    assert [call.tokens.output for call in calls(found)] == [5, 7]
    assert [record.reason for record in bad(found)] == ["nested too deeply"]


@pytest.mark.parametrize(("name", "form", "path"), FORMS, ids=[form[0] for form in FORMS])
def test_garbage_is_reported_and_blank_lines_are_not(name, form, path):
    first = form("5", 1)
    rows = [first, "", "  \r", "hello", form("7", 3)[:-9], b"\xff\xfe\0", form("8", 4)]
    found = events(name, *rows, path=path)
    assert [call.tokens.output for call in calls(found)] == [5, 8]
    assert [record.reason for record in bad(found)] == ["not valid JSON"] * 3
    assert bad(found)[0].offset == len(first) + 1 + 1 + 4


@pytest.mark.parametrize(("name", "form", "path"), FORMS, ids=[form[0] for form in FORMS])
@pytest.mark.parametrize(
    "text",
    [b"\\ud83d", b"\\udc00 low", b"\\ud83d\\u0041", b"\xff\xfe", b"a\0b\x01", b"\xed\xa0\x80"],
    ids=["cut emoji", "low half", "half and letter", "no UTF-8", "control", "encoded surrogate"],
)
def test_broken_text_beside_the_usage_does_not_cost_the_record(name, form, path, text):
    spoilt = form("6").encode()[:-1] + b',"note":"' + text + b'"}'
    found = events(name, spoilt, path=path)
    assert [call.tokens.output for call in calls(found)] == [6]
    assert not bad(found)


def test_a_cut_emoji_in_a_prompt_still_starts_the_task():
    row = json.dumps(prompt("cut here")).replace("here", "\\ud83d")
    assert len(events("claude-code", row, reply())) > 2


@pytest.mark.parametrize(("name", "form", "path"), FORMS, ids=[form[0] for form in FORMS])
def test_byte_order_mark_carriage_returns_and_padding_are_no_content(name, form, path):
    rows = [
        b"\xef\xbb\xbf" + form("5", 1).encode(),
        form("6", 2) + "\r",
        b"\0\0\0" + form("7", 3).encode() + b"  ",
    ]
    found = events(name, *rows, path=path)
    assert [call.tokens.output for call in calls(found)] == [5, 6, 7]
    assert not bad(found)


@pytest.mark.parametrize(("name", "form", "path"), FORMS, ids=[form[0] for form in FORMS])
def test_spaces_order_of_keys_and_a_line_of_megabytes_change_nothing(name, form, path):
    row = json.loads(form("6"))
    turned = json.dumps(dict(reversed(row.items())), indent=None, separators=(" , ", " : "))
    huge = json.dumps({"filler": "x" * 3_000_000, **json.loads(form("7", 3))})
    found = events(name, turned, huge, path=path)
    assert [call.tokens.output for call in calls(found)] == [6, 7]


def test_of_duplicate_keys_the_last_wins():
    row = json.dumps(reply()).replace(
        '"output_tokens": 50', '"output_tokens": 1, "output_tokens": 9'
    )
    assert calls(events("claude-code", row))[0].tokens.output == 9


@pytest.mark.parametrize(
    "row", [{"type": "user", "message": 5}, {"type": 7}, {"output_tokens": "x"}]
)
def test_odd_records_without_usage_are_not_bad(row):
    assert not bad(events("claude-code", row, {**row, "output_tokens": "user"}))


def test_odd_metadata_does_not_cost_the_usage():
    odd = reply(cwd=5, gitBranch=[], version={}, timestamp=[], costUSD="x", isSidechain="maybe")
    odd["message"]["content"] = {"not": "a list"}
    assert len(calls(events("claude-code", odd))) == 1
