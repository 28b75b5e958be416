"""What no log tells is estimated beside the sums: once, never in them, never beside an exact call.

The records are those of Claude Code 2.1 and Codex 0.171 as they wrote them against a server whose
bill was known; the texts are made up.
"""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from costtop import paths
from costtop.queries.sessions import session as session_page
from costtop.store.db import open_reader
from costtop.store.sessions import sessions
from tests.conformance import pipeline

LOG = f"{pipeline.CLAUDE}/5d1f0c1e-0000-4000-8000-00000000000a.jsonl"
FORK = f"{pipeline.CLAUDE}/5d1f0c1e-0000-4000-8000-00000000000b.jsonl"
THREAD = "01a2230d-5254-7fe1-b238-1d99b36fdc58"
ROLLOUT = f"{pipeline.CODEX}/rollout-2026-11-20T09-00-00-{THREAD}.jsonl"
TURNS = [f"01a2230d-0000-7000-8000-00000000000{n}" for n in range(4)]
STOPPED = "msg_01Cc5kPq9sT2vW5xY8zB3e"


def row(kind: str, at: int, uuid: int, **more: Any) -> dict[str, Any]:
    return {"parentUuid": f"p{uuid}".ljust(36, "-"), "isSidechain": False, "type": kind, **more,
            "uuid": f"5c0ffee0-0000-4000-8000-{uuid:012x}",
            "timestamp": f"2026-11-20T09:{at // 60:02d}:{at % 60:02d}.000Z",
            "cwd": "/home/ana/shop", "version": "2.1.197"}  # fmt: skip


def prompt(at: int, uuid: int, **more: Any) -> dict[str, Any]:
    message = {"role": "user", "content": "made up"}
    return row("user", at, uuid, message=message, origin={"kind": "human"}, **more)


def reply(at: int, uuid: int, name: str, read: int, written: int, out: int = 200) -> dict[str, Any]:
    usage = {"input_tokens": 10, "cache_read_input_tokens": read, "output_tokens": out,
             "cache_creation_input_tokens": written}  # fmt: skip
    message = {"id": name, "model": "claude-sonnet-4-5", "role": "assistant", "usage": usage,
               "stop_reason": "end_turn", "content": []}  # fmt: skip
    return row("assistant", at, uuid, message=message, requestId=f"req_{name[4:]}")


def stopped(at: int, uuid: int, what: str = "", name: str | None = STOPPED) -> dict[str, Any]:
    content = [{"type": "text", "text": f"[Request interrupted by user{what}]"}]
    message = {"role": "user", "content": content}
    return row("user", at, uuid, message=message, interruptedMessageId=name)


def boundary(at: int, uuid: int, before: int) -> dict[str, Any]:
    told = {"trigger": "manual", "preTokens": before, "postTokens": 900, "durationMs": 9000}
    return row("system", at, uuid, subtype="compact_boundary", compactMetadata=told)


def summary(at: int, uuid: int, size: int) -> dict[str, Any]:
    message = {"role": "user", "content": "s" * size}
    return row("user", at, uuid, message=message, isCompactSummary=True,
               isVisibleInTranscriptOnly=True)  # fmt: skip


BEGUN = [
    prompt(0, 1), reply(4, 2, "msg_01Aa3kPq9sT2vW5xY8zB1c", 0, 20000),
    prompt(20, 3), reply(24, 4, "msg_01Bb4kPq9sT2vW5xY8zB2d", 20000, 600),
]  # fmt: skip
CANCELLED = [prompt(40, 5), stopped(48, 6)]
COMPACTED = [boundary(90, 7, 20810), summary(90, 8, 4702)]


def session(name: str = "claude-code/5d1f0c1e-0000-4000-8000-00000000000a") -> dict[str, Any]:
    (found,) = [one for one in pipeline.report()["rows"] if one["key"] == name]
    return found


def explained(name: str = "5d1f0c1e-0000-4000-8000-00000000000a") -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(pipeline.run("explain", name, "--json"))
    return tree


def test_a_cancelled_request_and_a_compaction_stand_beside_the_cost_and_in_no_sum() -> None:
    pipeline.append(LOG, *BEGUN)
    before = pipeline.usd()
    pipeline.append(LOG, *CANCELLED, *COMPACTED)
    assert pipeline.usd() == before
    pipeline.agree()
    cancelled, compaction = explained()["estimates"]
    # It sends what is cached (20,600), what such a session adds in the mean, and 10 tokens more.
    # $/M: input 3, read 0.30, write 3.75, output 15.
    assert (cancelled["kind"], cancelled["input_tokens"], cancelled["cache_read_tokens"],
            cancelled["output_tokens"]) == ("cancelled", 21210, 20600, 200)  # fmt: skip
    assert cancelled["estimated_usd"] == "0.011460000"
    # The whole conversation, 1,300 tokens that ask for the summary, and a summary of 1,001 tokens.
    assert (compaction["kind"], compaction["input_tokens"], compaction["cache_read_tokens"],
            compaction["output_tokens"]) == ("compaction", 22110, 20600, 1001)  # fmt: skip
    assert compaction["estimated_usd"] == "0.025875000"
    row = session()
    assert (row["estimated_usd"], row["estimated_calls"]) == ("0.037335000", 2)
    assert (row["cost_usd"], row["calls"]) == (explained()["cost_usd"], 2)
    (live,) = json.loads(pipeline.run("--once", "--json", "--all"))["sessions"]
    assert (live["estimated_usd"], live["agent_usd"]) == ("0.037335000", None)
    words = "≈$0.0373 beside it, estimated: 1 cancelled request, 1 compaction"
    assert words in pipeline.run("explain", "5d1f0c1e-0000-4000-8000-00000000000a")
    page = session_page.read(open_reader(paths.find().database), row["key"])
    assert page is not None and page.beside == (words,)


def test_a_copy_of_the_records_counts_once_and_is_the_earliest_logs() -> None:
    fork = [*BEGUN, *CANCELLED, *COMPACTED, prompt(300, 20),
            reply(303, 21, "msg_01Zz4kPq9sT2vW5xY8zB2d", 20600, 100)]  # fmt: skip
    young = pipeline.append(FORK, *fork)
    pipeline.age(young, 12)
    pipeline.scan()
    pipeline.age(pipeline.append(LOG, *BEGUN, *CANCELLED, *COMPACTED), 9)
    pipeline.scan()
    rows = {one["key"][-1]: one["estimated_calls"] for one in pipeline.report()["rows"]}
    assert rows == {"a": 2, "b": 0}


def test_a_log_read_in_any_pieces_gives_the_same_estimates() -> None:
    for line in [*BEGUN, *CANCELLED, *COMPACTED]:
        pipeline.append(LOG, line)
        pipeline.scan()
    assert (session()["estimated_usd"], session()["estimated_calls"]) == ("0.037335000", 2)


def test_a_record_without_a_name_or_a_time_is_one_at_every_reading() -> None:
    bare = {"type": "system", "subtype": "compact_boundary", "compactMetadata": {"preTokens": 900}}
    pipeline.append(LOG, *BEGUN, bare)
    pipeline.scan()
    pipeline.append(f"{pipeline.CLAUDE}/copied/{LOG[-41:]}", *BEGUN, bare)
    pipeline.scan()
    assert sum(one["estimated_calls"] for one in pipeline.report()["rows"]) == 1


def test_nobody_guesses_what_the_first_request_of_a_log_cost() -> None:
    pipeline.append(LOG, *CANCELLED, prompt(70, 9), reply(74, 10, "msg_01Ff", 0, 900))
    pipeline.scan()
    (one,) = explained()["estimates"]
    assert (one["model"], one["estimated_usd"], session()["estimated_usd"]) == (
        None, None, "0.000000000",
    )  # fmt: skip
    words = pipeline.run("explain", "5d1f0c1e-0000-4000-8000-00000000000a")
    assert "≈$? beside it, estimated: 1 cancelled request" in words


def test_prices_that_change_move_the_estimates_too() -> None:
    pipeline.append(LOG, *BEGUN, *CANCELLED)
    pipeline.scan()
    before = session()["estimated_usd"]
    with closing(sqlite3.connect(paths.find().database)) as db:
        db.execute("UPDATE estimates SET cost = 1")
        db.commit()
    pipeline.run("reprice", "--json")
    assert session()["estimated_usd"] == before != "0.000000001"


def test_the_estimate_goes_when_the_stopped_response_turns_up() -> None:
    pipeline.append(LOG, *BEGUN, *CANCELLED)
    pipeline.scan()
    assert session()["estimated_calls"] == 1
    pipeline.append(LOG, reply(48, 9, STOPPED, 20600, 300, 90))
    pipeline.scan()
    assert (session()["estimated_calls"], session()["calls"]) == (0, 3)


def test_the_estimate_goes_when_the_agent_that_compacted_has_a_log() -> None:
    pipeline.append(LOG, *BEGUN, *CANCELLED, *COMPACTED)
    pipeline.scan()
    assert session()["estimated_calls"] == 2
    log = f"{LOG.removesuffix('.jsonl')}/subagents/agent-acompact-1f.jsonl"
    exact = {**reply(85, 30, "msg_01Yy4kPq9sT2vW5xY8zB2d", 20600, 1500, 900), "isSidechain": True}
    pipeline.append(log, exact)
    pipeline.scan()
    assert [one["kind"] for one in explained()["estimates"]] == ["cancelled"]
    assert (session()["estimated_calls"], session()["calls"]) == (1, 3)


def test_a_prompt_that_was_given_back_had_been_sent_without_an_answer() -> None:
    again = {**prompt(46, 6), "parentUuid": prompt(40, 5)["parentUuid"]}
    pipeline.append(LOG, *BEGUN, prompt(40, 5), again,
                    reply(50, 7, "msg_01Dd6kPq9sT2vW5xY8zB4f", 20600, 250))  # fmt: skip
    pipeline.scan()
    (one,) = explained()["estimates"]
    assert (one["kind"], one["at"], one["output_tokens"]) == (
        "cancelled", "2026-11-20T09:00:40.000Z", 0,
    )  # fmt: skip


def answered_in_part(at: int, uuid: int, *, error: bool) -> dict[str, Any]:
    message = {"id": "x", "model": "<synthetic>", "role": "assistant",
               "usage": {"input_tokens": 0, "output_tokens": 0}, "content": []}  # fmt: skip
    return row("assistant", at, uuid, message=message, isApiErrorMessage=error)


@pytest.mark.parametrize(
    "rest",
    [
        [prompt(40, 5), reply(44, 6, "msg_01Dd6kPq9sT2vW5xY8zB4f", 20600, 250, 3),
         stopped(46, 7, name="msg_01Dd6kPq9sT2vW5xY8zB4f")],
        [prompt(40, 5), stopped(46, 7, " for tool use", None)],
        [prompt(40, 5), answered_in_part(44, 6, error=True), stopped(46, 7)],
        [prompt(40, 5), prompt(60, 6)],
        [stopped(60, 6)],
    ],
    ids=["its row is there", "a tool was stopped", "it failed", "queued", "nothing under way"],
)  # fmt: skip
def test_what_was_counted_or_never_billed_is_not_estimated(rest: list[dict[str, Any]]) -> None:
    pipeline.append(LOG, *BEGUN, *rest)
    pipeline.scan()
    assert session()["estimated_calls"] == 0


def told(at: int, session: str, cost: int) -> None:
    with closing(sqlite3.connect(paths.find().database)) as db:
        sessions.put_statusline(db, session, cost, at)
        db.commit()


def test_the_agents_own_total_stands_beside_what_the_log_had_told_until_then() -> None:
    pipeline.append(LOG, *BEGUN)
    pipeline.scan()
    row = session()
    assert (row["agent_usd"], row["agent_only_usd"]) == (None, None)
    at = 1_795_165_230_000  # 09:00:30
    cost = int(row["cost_usd"].replace(".", ""))
    told(at, row["key"], cost + 600_000)
    pipeline.append(LOG, prompt(60, 7), reply(64, 8, "msg_01Dd6kPq9sT2vW5xY8zB4f", 20600, 250))
    pipeline.scan()
    later = session()
    assert later["cost_usd"] > row["cost_usd"]
    assert later["agent_only_usd"] == explained()["agent_only_usd"] == "0.000600000"
    assert "+$0.0006 that the agent counted and no log tells" in pipeline.run(
        "explain", "5d1f0c1e-0000-4000-8000-00000000000a"
    )


def test_an_agent_that_says_less_than_its_log_has_counted_nothing_more() -> None:
    pipeline.append(LOG, *BEGUN)
    pipeline.scan()
    told(1_795_165_230_000, session()["key"], 5)
    assert (session()["agent_usd"], session()["agent_only_usd"]) == ("0.000000005", "0.000000000")
    assert "agent counted" not in pipeline.run("explain", "5d1f0c1e-0000-4000-8000-00000000000a")


def test_a_total_that_goes_on_after_a_clear_is_the_new_sessions_from_there_on() -> None:
    pipeline.append(LOG, *BEGUN)
    pipeline.scan()
    row, at = session(), 1_795_165_230_000
    cost = int(row["cost_usd"].replace(".", ""))
    told(at, row["key"], cost)
    young = row["key"][:-1] + "b"
    told(at + 10_000, young, cost + 700_000)  # the same process, cleared, its title counted before
    pipeline.append(FORK, prompt(45, 40), reply(48, 41, "msg_01Qq4kPq9sT2vW5xY8zB2d", 0, 1000))
    pipeline.scan()
    own = int(session(young)["cost_usd"].replace(".", ""))
    told(at + 20_000, young, cost + 700_000 + own + 50_000)
    assert session(young)["agent_only_usd"] == "0.000050000"
    told(at + 30_000, young, 40_000)  # another process begins at nothing
    assert session(young)["agent_only_usd"] == "0.000090000"


def record(at: float, kind: str, **payload: Any) -> dict[str, Any]:
    time = f"2026-11-20T09:00:{at:06.3f}Z"
    return {"timestamp": time, "type": kind, "payload": payload}


def event(at: float, kind: str, **payload: Any) -> dict[str, Any]:
    return record(at, "event_msg", type=kind, **payload)


def used(at: float, turn: int, name: str, read: int) -> dict[str, Any]:
    counts = {"input_tokens": read + 20, "cached_input_tokens": read, "output_tokens": 100,
              "total_tokens": read + 120}  # fmt: skip
    return record(at, "token_usage_record", thread_id=THREAD, turn_id=TURNS[turn], model="gpt-5",
                  response_id=f"resp_{name * 20}", usage=counts)  # fmt: skip


def test_a_turn_that_codex_aborted_is_estimated_and_a_counted_compaction_is_not() -> None:
    pipeline.append(
        ROLLOUT,
        record(0, "session_meta", id=THREAD, cwd="/home/ana/shop", cli_version="0.171.0"),
        event(1, "task_started", turn_id=TURNS[0]), used(3, 0, "a1b2", 12000),
        event(3.1, "task_complete", turn_id=TURNS[0]),
        event(10, "task_started", turn_id=TURNS[1]),
        event(14, "turn_aborted", turn_id=TURNS[1], reason="interrupted"),
        event(20, "task_started", turn_id=TURNS[2]), used(22, 2, "c3d4", 12100),
        record(22.1, "compacted", message="made up"),
        event(22.2, "task_complete", turn_id=TURNS[2]),
        event(30, "task_started", turn_id=TURNS[3]), used(31, 3, "e5f6", 12200),
        record(31.5, "response_item", type="function_call_output", call_id="c", output="aborted"),
        event(31.5, "turn_aborted", turn_id=TURNS[3], reason="interrupted"),
    )  # fmt: skip
    pipeline.scan()
    (one,) = explained(THREAD)["estimates"]
    assert (one["kind"], one["at"][11:19], one["cache_read_tokens"], one["output_tokens"]) == (
        "cancelled", "09:00:14", 12000, 100,
    )  # fmt: skip
    assert session(f"codex/{THREAD}")["estimated_usd"] == one["estimated_usd"]
