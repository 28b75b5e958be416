"""Tools that write down what a session came to, and not what each request did."""

import json
import os
import sqlite3
from contextlib import closing

import pytest

from costtop.config import Config
from costtop.daemon.ingest.databases import asked
from costtop.daemon.ingest.log_roots import roots, second_homes
from costtop.model import Bad, Call, SessionFact, TaskFact
from costtop.paths import find as instance
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from costtop.tail.find import find
from tests.sources.golden import LOGS, SEEN, settled

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


def _crush(folder, rows: str) -> list:
    script = (LOGS / "crush" / "v2.sql").read_text() + rows
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "crush.db")) as db:
        db.executescript(script)
    return asked(bytes(folder / "crush.db"), SOURCE["crush"], {}, SEEN)


def test_a_session_of_crush_costs_what_crush_says_in_the_project_that_its_database_lies_in(home):
    page = _crush(home / "shop" / ".crush", "")
    (call,) = [x for x in page.events if isinstance(x, Call)]
    assert (call.reported, call.settled) == (1_250_000_000, True)
    assert call.context.project == str(home / "shop")


def test_what_a_subagent_of_crush_costs_is_its_parents_alone(home):
    child = "INSERT INTO sessions SELECT 'toolu_9', id, title, 1, 1, 1, 9.0, updated_at, created_at"
    page = _crush(home / ".crush", f"{child}, NULL, NULL FROM sessions;")
    assert [x.reported for x in page.events if isinstance(x, Call)] == [1_250_000_000]


def test_a_project_that_crush_lists_is_looked_into(home):
    listing = home / ".local" / "share" / "crush" / "projects.json"
    listing.parent.mkdir(parents=True)
    told = [{"path": "x", "data_dir": str(home / name)} for name in ("shop/.crush", "gone/.crush")]
    listing.write_text(json.dumps({"projects": [*told, {"data_dir": 7}]}))
    _crush(home / "shop" / ".crush", "")
    found = [x for x in roots(Config(), instance(), {"HOME": str(home)}) if x.label[:5] == "crush"]
    assert os.fsencode(home / "shop" / ".crush") in {root.path for root in found}
    assert os.fsencode(home / "gone" / ".crush") not in {root.path for root in found}
    assert [seen.path for seen in find(found, 0).seen] == [bytes(home / "shop/.crush/crush.db")]
    listing.write_text("no JSON")
    assert second_homes({"HOME": str(home)}) == []


def _thread(zstd, used: str, kind: str = "zstd") -> dict:
    text = f'{{"messages":[],"cumulative_token_usage":{used},"model":{{"model":"gpt-5"}}}}'
    packed = zstd.compress(text.encode())
    return {"id": "t-1", "data_type": kind, "data": packed.hex(), "updated_at": "2026-11-23"}


def _zed(row: dict) -> list:
    return SOURCE["zed"].read(Chunk("/h/threads.db", seen=SEEN, rows=[row]), {})[0]


def test_a_thread_of_zed_is_unpacked_and_what_cannot_be_is_named():
    zstd = pytest.importorskip("backports.zstd", reason="a dependency that is not installed yet")
    whole = _thread(zstd, '{"input_tokens":7,"output_tokens":5,"cache_read_input_tokens":90}')
    (call,) = [x for x in _zed(whole) if isinstance(x, Call)]
    assert (call.tokens.input, call.tokens.cache_read, call.tokens.output) == (97, 90, 5)
    cut = _zed({**whole, "data": whole["data"][:-8]})
    assert [x.reason for x in cut if isinstance(x, Bad)] == [
        "the thread is cut off, or too large to be read"
    ]
    odd = _zed({**whole, "data": "00" * 40})
    assert [x.reason for x in odd if isinstance(x, Bad)] == ["is no zstd"]


def test_many_threads_are_asked_for_a_few_at_a_time(home):
    home.mkdir(exist_ok=True)
    script = (LOGS / "zed" / "v1.sql").read_text()
    row = "INSERT INTO threads SELECT id || '/{0}', '-', updated_at, data_type, data FROM threads"
    with closing(sqlite3.connect(home / "threads.db")) as db:
        db.executescript(script)
        db.executescript(";".join(f"{row.format(n)} LIMIT 1" for n in range(50)))
    memo, found, pages = {}, set(), 0
    while True:
        page = asked(bytes(home / "threads.db"), SOURCE["zed"], memo, SEEN)
        found |= {x.session for x in page.events if isinstance(x, Call)}
        memo, pages = page.memo, pages + 1
        if not page.more:
            break
    assert len(found) == 53
    assert pages > 2
