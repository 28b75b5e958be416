"""The contract of costtop's own lines (INTERFACES, "One call as a JSON line")."""

import json
from pathlib import Path

import pytest

from costtop.model import SessionFact, TaskFact
from costtop.sources.registry import SOURCE
from tests.sources.golden import SEEN
from tests.sources.lines import bad, calls, events

EXAMPLE = """{"ts": "2026-11-23T10:00:00.123Z", "id": "req_1", "session": "checkout-42",
 "model": "claude-sonnet-4-5",
 "provider": "anthropic", "user": "ana", "feature": "checkout-assistant", "task": "T-17", "parent": null,
 "input_tokens": 1200, "cache_read_tokens": 0, "cache_write_tokens": 0, "cache_write_1h_tokens": 0,
 "output_tokens": 300, "reasoning_tokens": 0, "cost_usd": null, "service_tier": null, "pid": 4242,
 "attempt": 1, "status": "ok", "agent": null, "tools": [{"name": "Bash", "key": "9f2c", "error": true, "result": "ab12"}],
 "tags": {"team": "web"}}""".replace("\n", "")  # noqa: E501
MINIMUM = {"session": "s", "model": "gpt-5", "input_tokens": 10, "output_tokens": 5}


def read(*rows, seen=SEEN):
    return events("costtop", *rows, path="/home/ana/logs/checkout.jsonl", seen=seen)


def call(**over):
    (found,) = calls(read({**MINIMUM, **over}))
    return found


def test_the_example_of_the_contract_is_read_whole():
    (found,) = calls(read(EXAMPLE))
    assert (found.session, found.model, found.provider) == (
        "checkout-42", "claude-sonnet-4-5", "anthropic",
    )  # fmt: skip
    assert found.tokens == (1200, 0, 0, 0, 300, 0)
    assert found.at == 1_795_428_000_123
    assert (found.context.user, found.context.feature) == ("ana", "checkout-assistant")
    assert (found.context.task, found.context.tags) == ("T-17", '{"team":"web"}')
    assert (found.pid, found.attempt, found.status, found.agent) == (4242, 1, "ok", "")
    assert found.tools == (("Bash", "9f2c", True, "ab12"),)
    assert found.reported is None


def test_four_keys_are_enough_and_the_rest_has_defaults():
    found = call()
    assert (found.at, found.status, found.attempt, found.pid) == (SEEN, "ok", 1, None)


@pytest.mark.parametrize("missing", sorted(MINIMUM))
def test_a_line_without_a_required_key_is_bad(missing):
    row = {name: value for name, value in MINIMUM.items() if name != missing}
    found = read(row, MINIMUM)
    assert len(calls(found)) == len(bad(found)) == 1
    assert missing in bad(found)[0].reason


def test_unknown_keys_spaces_and_order_of_keys_do_not_matter():
    turned = json.dumps({"new": [1], **dict(reversed(MINIMUM.items()))}, separators=(" ,", " : "))
    assert calls(read(turned))[0].tokens == call().tokens


def test_the_id_makes_the_key_within_its_session_else_the_line_does():
    assert call(id="a").key == call(id="a", output_tokens=9).key
    assert call(id="a").key != call(id="a", session="t").key
    assert call().key == call().key
    assert call().key != call(output_tokens=6).key
    (line,) = calls(read(json.dumps(MINIMUM) + "\r"))
    assert line.key == call().key


@pytest.mark.parametrize(
    ("over", "word"),
    [
        ({"cache_read_tokens": 6, "cache_write_tokens": 5}, "input_tokens"),
        ({"cache_write_tokens": 5, "cache_write_1h_tokens": 6}, "cache_write_1h_tokens"),
        ({"reasoning_tokens": 6}, "reasoning_tokens"),
        ({"cost_usd": -1}, "cost_usd"),
        ({"cost_usd": "much"}, "cost_usd"),
        ({"cost_usd": 1e12}, "cost_usd"),
        ({"session": ""}, "session"),
        ({"pid": -4}, "pid"),
        ({"attempt": 0}, "attempt"),
        ({"tools": "Bash"}, "tools"),
    ],
)
def test_a_line_that_contradicts_itself_is_bad_and_says_why(over, word):
    found = read({**MINIMUM, **over}, MINIMUM)
    assert len(calls(found)) == 1
    assert word in bad(found)[0].reason


def test_a_reported_cost_is_exact_as_number_and_as_text():
    assert call(cost_usd=0.000123456).reported == 123_456
    assert call(cost_usd="1.246198150").reported == 1_246_198_150
    assert call(cost_usd=0).reported == 0


def test_a_parent_makes_the_session_a_child():
    found = read({**MINIMUM, "parent": "root"})
    assert found[1] == SessionFact("costtop", "s", parent="root", at=SEEN)


def test_any_status_but_ok_is_an_error():
    assert call(status="failed").status == "error"


def test_tags_are_sorted_and_bounded():
    assert call(tags={"b": 1, "a": "x"}).context.tags == '{"a":"x","b":"1"}'
    assert len(json.loads(call(tags={f"t{n:03}": n for n in range(500)}).context.tags)) == 32


def test_hostile_names_are_made_harmless():
    assert "\x1b" not in call(session="a\x1b]52;c;x\x07").session


@pytest.mark.parametrize("status", ["started", "completed", "failed", "aborted"])
def test_a_task_event_tells_of_a_task(status):
    row = {
        "ts": "2026-11-23T10:00:00Z",
        "event": "task",
        "session": "s",
        "task": "T-1",
        "status": status,
    }
    assert read(row) == [TaskFact("costtop", "s", "T-1", status, 1_795_428_000_000)]


def test_a_session_event_ends_or_starts_a_session():
    (ended,) = read({"event": "session", "session": "s", "status": "ended"})
    assert (ended.ended, ended.started) == (SEEN, None)
    (started,) = read({"event": "session", "session": "s", "status": "started"})
    assert (started.ended, started.started) == (None, SEEN)


@pytest.mark.parametrize(
    "row",
    [
        {"event": "task", "session": "s", "task": "T", "status": "eaten"},
        {"event": "task", "session": "s", "status": "completed"},
        {"event": "session", "session": "s", "status": "eaten"},
        {"event": "weather", "session": "s"},
    ],
)
def test_an_event_that_says_nothing_known_is_bad(row):
    assert len(bad(read(row))) == 1


def test_it_has_no_roots_of_its_own():
    assert SOURCE["costtop"].roots({}, Path("/home/ana")) == []
