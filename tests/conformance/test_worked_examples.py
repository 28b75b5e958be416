"""The worked examples of FORMATS (c), 1 to 12 in their order, from log files to dollars."""

import json
import sqlite3
from contextlib import closing

from tests.conformance import pipeline
from tests.conformance.pipeline import CLAUDE, age, append, home, scan, spread, tokens, total, usd
from tests.conformance.rows import SOL, count, meta, own, rollout, turn, used
from tests.conformance.test_claude_counting import renamed
from tests.conformance.test_other_agents import CHAT, HEAD, cline, copilot, gemini, shutdown
from tests.sources.lines import ROOT, reply

MAIN = f"{CLAUDE}/{ROOT}.jsonl"
FIRST, SECOND = used(1000, 0, 100, 800), used(3000, 1500, 300, 800)
LAST = used(2000, 1500, 200)


def test_1_five_rows_of_one_request_cost_it_once() -> None:
    hour = {"ephemeral_1h_input_tokens": 13_835, "ephemeral_5m_input_tokens": 0}
    usage = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 13_835,
        "cache_creation": hour,
        "cache_read_input_tokens": 11_515,
        "output_tokens": 13,
    }
    append(MAIN, *[reply(usage=usage)] * 5)
    assert total()["cost_usd"] == "0.144447500"


def test_2_an_output_that_grows_counts_at_its_last() -> None:
    append(MAIN, *(reply(usage={"output_tokens": n}) for n in (1, 1, 512)))
    assert total()["output_tokens"] == 512


def test_3_a_session_is_its_main_file_its_subagents_and_its_compactions() -> None:
    def usage(write: int, read: int, output: int) -> dict[str, int]:
        return {
            "input_tokens": 3,
            "cache_creation_input_tokens": write,
            "cache_read_input_tokens": read,
            "output_tokens": output,
        }

    append(MAIN, reply("m", "r", usage=usage(8165, 17_842, 900)))
    append(
        f"{CLAUDE}/{ROOT}/subagents/agent-a.jsonl",
        reply("s", "q", isSidechain=True, model="claude-haiku-4-5", usage=usage(9000, 0, 7)),
    )
    append(
        f"{CLAUDE}/{ROOT}/subagents/agent-acompact-9.jsonl",
        reply("c", "p", isSidechain=True, usage=usage(121_689, 17_842, 8)),
    )
    assert spread() == {f"claude-code/{ROOT}": ("0.8634475", 3)}
    assert pipeline.by_agent(ROOT) == {
        "": "0.08246725",
        "a": "0.011288",
        "acompact-9": "0.76969225",
    }


def test_4_a_fork_of_a_hundred_requests_that_adds_five() -> None:
    rows = [reply(f"m{n}", f"r{n}") for n in range(100)]
    fork = ROOT[:-1] + "b"
    age(append(MAIN, *rows), 1)
    added = (reply(f"n{n}", f"q{n}", sessionId=fork) for n in range(5))
    age(append(f"{CLAUDE}/{fork}.jsonl", *renamed(rows, fork), *added), 2)
    assert {key: calls for key, (_, calls) in spread().items()} == {
        f"claude-code/{ROOT}": 100,
        f"claude-code/{fork}": 5,
    }


def test_5_codex_counters_told_twice_are_two_requests() -> None:
    append(
        rollout(),
        meta(),
        turn(1),
        count(2, FIRST, FIRST),
        count(3, FIRST, FIRST),
        count(4, SECOND, LAST),
        count(5, SECOND, LAST),
    )
    row = total()
    assert (row["calls"], tokens(row)) == (2, (3000, 1500, 800, 0, 300))
    assert row["cost_usd"] == "0.013400000"
    assert list(spread("model")) == [SOL]


def test_6_a_codex_counter_filled_to_the_window_is_no_request() -> None:
    full = used(0, total_tokens=272_000)
    after = used(2000, 1500, 200, total_tokens=274_200)
    append(
        rollout(),
        meta(),
        turn(1),
        count(2, FIRST, FIRST),
        count(3, full, used(0)),
        count(4, after, LAST),
    )
    assert total()["calls"] == 2


def test_7_gemini_s_cached_tokens_are_part_of_its_input() -> None:
    append(CHAT, HEAD, gemini("g", 12_069, 147, cached=11_502, model="gemini-3-flash-preview"))
    row = total()
    assert row["input_tokens"] - row["cache_read_tokens"] == 567
    assert row["cost_usd"] == "0.001299600"  # 567 at $0.50, 11,502 at $0.05, 147 at $3


def test_8_openai_s_tier_holds_for_the_whole_request_and_strictly_above() -> None:
    def call(name: str, given: int) -> dict[str, object]:
        return own(
            name,
            model="gpt-5.4",
            provider="openai",
            input_tokens=given,
            cache_read_tokens=200_000,
            output_tokens=3000,
        )

    append("costtop/spool/a.jsonl", call("a", 300_000))
    assert usd() == "0.6675"
    append("costtop/spool/a.jsonl", call("b", 272_000))
    assert usd() == "0.9425"


def test_9_opencode_s_own_cost_is_kept_beside_the_computed_one_and_the_drift_is_shown() -> None:
    folder = home() / ".local" / "share" / "opencode" / "storage" / "message" / "ses_1"
    used_ = {"input": 1, "output": 102, "reasoning": 0, "cache": {"read": 500, "write": 11_969}}
    message = {
        "id": "msg_1",
        "sessionID": "ses_1",
        "role": "assistant",
        "cost": 0.04641675,
        "modelID": "claude-sonnet-4-5",
        "providerID": "anthropic",
        "tokens": used_,
        "time": {"created": 1795000000500, "completed": 1795000001500},
    }
    folder.mkdir(parents=True)
    (folder / "msg_1.json").write_text(json.dumps(message))
    row = total()
    assert (row["cost_usd"], row["reported_cost_usd"]) == ("0.046566750", "0.046416750")
    assert pipeline.explain("ses_1")["drift_usd"] == "0.000150000"


def test_10_cline_s_placeholder_becomes_one_request_and_one_that_stays_empty_is_unknown() -> None:
    cline({}, {"cancelReason": "user_cancelled"})
    scan()
    cline(
        {"tokensIn": 12, "tokensOut": 345, "cacheWrites": 4000, "cacheReads": 9000, "cost": 0.0228},
        {"cancelReason": "user_cancelled"},
    )
    assert usd() == "≥0.0228"


def test_11_anthropic_s_searches_are_a_cent_each() -> None:
    usage = {
        "input_tokens": 1000,
        "output_tokens": 1000,
        "server_tool_use": {"web_search_requests": 3},
    }
    append(MAIN, reply(model="claude-sonnet-5", usage=usage))
    assert total()["cost_usd"] == "0.042000000"


def test_12_copilot_s_sums_are_cumulative_over_a_resume() -> None:
    append(
        ".copilot/session-state/c/events.jsonl",
        copilot("session.start", 1, sessionId="c"),
        shutdown(2, 1000, 0),
        copilot("session.resume", 3),
        shutdown(4, 1500, 0),
    )
    assert total()["input_tokens"] == 1500


def test_no_example_writes_to_a_database_that_is_not_costtop_s() -> None:
    folder = home() / ".copilot"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "session-store.db")) as db, db:
        db.execute("CREATE TABLE other (x)")
    before = (folder / "session-store.db").read_bytes()
    scan()
    assert (folder / "session-store.db").read_bytes() == before
