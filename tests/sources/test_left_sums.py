"""Requests that only a sum tells of: removed by a checkpoint, condensed, billed in credits."""

import json
import sqlite3
from contextlib import closing

import pytest

from costtop.model import Tokens
from costtop.money import parse
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources.databases import rows
from tests.sources.golden import SEEN, folded
from tests.sources.lines import calls, events, kept, unread

TASK = "/x/tasks/1795000000000/ui_messages.json"


def said(kind, at, **counts):
    return {"ts": 1_795_000_000_000 + at, "type": "say", "say": kind, "text": json.dumps(counts)}


def asked(at, given, cost):
    return said("api_req_started", at, tokensIn=given, tokensOut=10, cost=cost)


def removed(at, given, cost, kind="deleted_api_reqs"):
    return said(kind, at, tokensIn=given, tokensOut=20, cacheWrites=0, cacheReads=0, cost=cost)


def looks(name, *contents):
    """Events of each look at a task's file as it was rewritten, with what was remembered."""
    told, memo = [], {}
    for messages in contents:
        chunk = Chunk(TASK, json.dumps(messages).encode(), 0, SEEN)
        found, memo = SOURCE[name].read(chunk, json.loads(json.dumps(memo)))
        told += found
    return told


def dollars(found):
    return sum(call["reported"] for call in kept(found)) / 1e9


BEFORE = [asked(1, 100, 0.01), asked(2, 200, 0.02), asked(3, 300, 0.03)]
AFTER = [asked(1, 100, 0.01), removed(9, 500, 0.05), asked(10, 50, 0.005)]


@pytest.mark.parametrize("name", ["cline", "roo-code", "kilo-code"])
def test_removed_requests_stay_counted_whether_they_were_seen_before_or_not(name):
    assert dollars(looks(name, AFTER)) == pytest.approx(0.065)
    assert dollars(looks(name, BEFORE, AFTER)) == pytest.approx(0.065)
    assert dollars(looks(name, BEFORE[:2], AFTER, AFTER)) == pytest.approx(0.065)


def test_a_task_folder_that_was_renamed_has_the_calls_that_it_had():
    begun = {"ts": 1_795_000_000_000, "type": "say", "say": "task", "text": "made up"}
    other = {**begun, "text": "another task, begun in the same moment"}

    def named(folder, first):
        chunk = Chunk(f"/x/tasks/{folder}/ui_messages.json", json.dumps([first, *BEFORE]).encode())
        return {call.key for call in calls(SOURCE["cline"].read(chunk, {})[0])}

    assert named("1795000000000", begun) == named("renamed", begun)
    assert not named("1795000000000", begun) & named("1795000000001", other)


def test_the_sum_of_removed_requests_has_their_tokens_too():
    (left,) = [call for call in calls(looks("cline", AFTER)) if call.estimated]
    assert (left.tokens, left.reported) == (Tokens(500, output=20), parse("0.05"))
    assert left.settled


def test_the_older_name_of_the_sum_is_read():
    assert dollars(looks("cline", [removed(9, 500, 0.05, "deletedReqs")])) == 0.05


def test_a_checkpoint_before_a_checkpoint_takes_its_sum_along():
    again = [removed(20, 550, 0.055), asked(21, 10, 0.001)]
    whole = 0.01 + 0.055 + 0.001
    assert dollars(looks("cline", [AFTER[0], *again])) == pytest.approx(whole)
    assert dollars(looks("cline", BEFORE, AFTER, [AFTER[0], *again])) == pytest.approx(whole)


def test_a_sum_that_cannot_be_read_makes_a_floor_until_it_can():
    broken = said("deleted_api_reqs", 9, tokensIn="many", cost=0.05)
    assert len(unread(looks("cline", [broken]))) == 1
    assert not [
        c for c in kept(looks("cline", [broken], [removed(9, 5, 0.05)])) if c.get("unreadable")
    ]


@pytest.mark.parametrize("name", ["roo-code", "kilo-code", "cline"])
def test_condensing_a_context_costs_what_it_says(name):
    told = {"cost": 0.03, "prevContextTokens": 9, "newContextTokens": 1, "summary": "secret"}
    row = {"ts": 1_795_000_000_005, "type": "say", "say": "condense_context"}
    found = looks(name, [asked(1, 100, 0.01), {**row, "contextCondense": told}])
    assert dollars(found) == pytest.approx(0.04)
    assert "secret" not in repr(found)
    under_way = {**row, "partial": True, "contextCondense": told}
    assert dollars(looks(name, [asked(1, 100, 0.01), under_way])) == 0.01


# -- Copilot: GitHub bills credits of a cent ------------------------------------------------------

_TABLE = """CREATE TABLE assistant_usage_events (id INTEGER PRIMARY KEY, session_id TEXT,
  model TEXT, input_tokens INTEGER, output_tokens INTEGER, cache_read_tokens INTEGER,
  cache_write_tokens INTEGER, reasoning_tokens INTEGER, created_at TEXT{})"""


@pytest.mark.parametrize(
    ("column", "value", "reported"),
    [(", total_nano_aiu INTEGER", 2_500_000_000, parse("0.025")),
     (", total_nano_aiu REAL", 2.5e9, parse("0.025")), (", total_nano_aiu INTEGER", 0, None),
     (", total_nano_aiu TEXT", "much", None), ("", None, None)],
)  # fmt: skip
def test_a_row_of_copilots_store_has_the_credits_that_were_billed(
    tmp_path, column, value, reported
):
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.execute(_TABLE.format(column))
        more = [value] if column else []
        marks = ",".join("?" * (9 + len(more)))
        row = (1, "s", "gpt-5-mini", 900, 40, 0, 0, 0, "2026-11-20T10:00:00Z", *more)
        db.execute(f"INSERT INTO assistant_usage_events VALUES ({marks})", row)
    found = rows("copilot", tmp_path / "a.db")
    (call,) = calls(folded(SOURCE["copilot"], [Chunk("/x/a.db", seen=SEEN, rows=found)]))
    assert (call.reported, call.tokens.input) == (reported, 900)


def shutdown(second, credits, given, whole=None):
    used = {"inputTokens": given, "outputTokens": 10}
    metrics = {"gpt-5-mini": {"usage": used, **({"totalNanoAiu": credits} if credits else {})}}
    data = {"modelMetrics": metrics, **({"totalNanoAiu": whole} if whole else {})}
    return {"type": "session.shutdown", "timestamp": f"2026-11-20T10:00:{second}Z", "data": data}


def test_copilots_shutdowns_tell_the_credits_since_the_one_before():
    path = "/x/session-state/cop-1/events.jsonl"
    legs = shutdown(10, 1_000_000_000, 100), shutdown(20, 1_500_000_000, 300)
    found = calls(events("copilot.events", *legs, path=path))
    assert [call.reported for call in found] == [parse("0.01"), parse("0.005")]
    anew = shutdown(30, 200_000_000, 50)
    *_, last = calls(events("copilot.events", *legs, anew, path=path))
    assert last.reported == parse("0.002")


def test_copilots_credits_of_a_whole_session_are_its_only_models():
    path = "/x/session-state/cop-1/events.jsonl"
    (call,) = calls(events("copilot.events", shutdown(10, 0, 100, 3_000_000_000), path=path))
    assert call.reported == parse("0.03")
