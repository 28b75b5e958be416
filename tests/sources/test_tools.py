"""Each rule of the smaller tools' logs (FORMATS 3 to 8), named by what it proves."""

import json
import sqlite3
from contextlib import closing

import pytest

from costtop.model import Tokens
from costtop.money import parse
from costtop.pricing.book import PriceBook
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources.databases import rows as asked
from tests.sources.golden import LOGS, SEEN, chunks, files, folded, settled
from tests.sources.lines import bad, calls, events, kept, outcomes, reply, sessions, tasks

BOOK = PriceBook()
AT = "2026-11-20T10:00:00.000Z"


def document(name, value, path="/x/task-1/ui_messages.json"):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return SOURCE[name].read(Chunk(path, data, 0, SEEN), {})[0]


def golden(*names):
    return [
        folded(SOURCE[name], chunks(SOURCE[name], path, file.read_bytes()))
        for name in names
        for path, file in files(name)
    ]


def tokens(found):
    return [call.tokens for call in calls(found)]


# -- Gemini CLI ----------------------------------------------------------------------------------


def gemini(name="g1", session=None, **used):
    row = {"id": name, "timestamp": AT, "type": "gemini", "model": "gemini-3-flash-preview"}
    counts = {"input": 0, "output": 0, "cached": 0, "thoughts": 0, "tool": 0, **used}
    return {**row, "tokens": counts, **({"sessionId": session} if session else {})}


def test_example_7_gemini_has_567_uncached_tokens():
    (call,) = calls(events("gemini-cli", gemini(input=12_069, output=147, cached=11_502)))
    assert call.tokens == Tokens(12_069, 11_502, output=147)
    assert call.tokens.input - call.tokens.cache_read == 567
    cost, *_ = BOOK.price(call)
    assert cost == 567 * 500 + 11_502 * 50 + 147 * 3_000


def test_gemini_thoughts_are_added_to_the_output_and_tool_prompts_to_the_input():
    (call,) = calls(events("gemini-cli", gemini(input=100, output=10, thoughts=30, tool=5)))
    assert call.tokens == Tokens(105, output=40, reasoning=30)


def test_thoughts_that_the_total_shows_to_be_in_the_answer_are_not_added_again():
    (call,) = calls(events("gemini-cli", gemini(input=100, output=40, thoughts=30, total=140)))
    assert call.tokens == Tokens(100, output=40, reasoning=30)


def test_a_chat_that_was_resumed_from_the_older_file_counts_once():
    older = document("gemini-cli.json", {"sessionId": "s", "messages": [gemini(input=9, output=2)]})
    header = {"sessionId": "s", "startTime": AT, "kind": "main"}
    assert len(kept(older, events("gemini-cli", header, gemini(input=9, output=2)))) == 1


def test_telemetry_yields_to_the_chat_of_its_session_and_counts_without_it():
    telemetry = golden("gemini-cli.telemetry")[0]
    assert len(kept(telemetry)) == 3
    header = {"sessionId": "tele-1", "startTime": AT, "kind": "main"}
    chat = events("gemini-cli", header, gemini(input=5_000, output=300, thoughts=120))
    assert [call["session"] for call in kept(telemetry, chat)] == ["tele-1", "tele-2"]


def test_a_value_in_a_text_of_the_telemetry_is_no_attribute():
    found = golden("gemini-cli.telemetry")[0]
    assert {call.model for call in calls(found)} == {"gemini-2.5-pro", "gemini-2.5-flash-lite"}


def test_a_telemetry_log_may_be_cut_between_any_two_lines():
    ((path, file),) = files("gemini-cli.telemetry")
    data = file.read_bytes()
    whole = settled(folded(SOURCE["gemini-cli.telemetry"], [Chunk(path, data, 0, SEEN)]))
    each = chunks(SOURCE["gemini-cli.telemetry"], path, data, range(999))
    assert settled(folded(SOURCE["gemini-cli.telemetry"], each)) == whole


# -- Qwen Code -----------------------------------------------------------------------------------


def test_two_objects_on_one_line_are_both_read():
    glued, _ = golden("qwen-code")
    assert [task for task, _ in tasks(glued)] == ["019f1111-0000-7000-8000-000000000011"]
    assert len(calls(glued)) == 3


def test_ui_telemetry_counts_only_where_the_chat_tells_no_usage():
    with_usage, without = golden("qwen-code")
    assert [call["tokens"]["input"] for call in kept(with_usage)] == [4_000, 4_200]
    assert [call["tokens"]["input"] for call in kept(without)] == [900]


# -- OpenCode ------------------------------------------------------------------------------------


def test_example_9_opencode_keeps_the_reported_cost_beside_the_computed_one():
    (call,) = [x for x in calls(golden("opencode")[0]) if x.session == "ses_root"][:1]
    computed, *_ = BOOK.price(call)
    assert computed == parse("0.04656675")
    assert call.reported == parse("0.04641675")


def test_a_fork_of_opencode_2_owns_only_what_it_added():
    _, forked = golden("opencode")
    assert [(c["session"], c["tokens"]["output"]) for c in kept(forked)] == [
        ("ses_a", 102),
        ("ses_fork", 28),
    ]


def test_the_older_storage_and_the_database_give_one_call():
    first = golden("opencode")[0]
    ids = {"id": "msg_a2", "sessionID": "ses_child", "role": "assistant"}
    model = {"modelID": "gpt-5.2-codex", "providerID": "openai"}
    time = {"created": 1_795_000_002_000, "completed": 1_795_000_003_000}
    used = {"input": 10_370, "output": 35, "reasoning": 20}
    message = {**ids, **model, "time": time, "tokens": used}
    older = document("opencode.json", message, "/x/storage/message/s/msg_a2.json")
    assert len(calls(older)) == 1
    assert len(kept(first, older)) == len(kept(first))


def test_a_message_that_was_aborted_before_its_counts_has_an_unknown_cost():
    aborted = [call for call in calls(golden("opencode")[0]) if call.placeholder]
    assert [BOOK.price(call)[0] for call in aborted] == [None]


def test_a_failing_command_is_told_by_its_exit_code():
    first = golden("opencode")[0]
    assert [outcome.error for outcome in outcomes(first)] == [True, True]


# -- Copilot -------------------------------------------------------------------------------------


def shutdown(number, whole, output):
    used = {"inputTokens": whole, "outputTokens": output}
    data = {"modelMetrics": {"gpt-5-mini": {"usage": used}}}
    return {"type": "session.shutdown", "id": f"s{number}", "timestamp": AT, "data": data}


def copilot(*rows):
    return events("copilot.events", *rows, path="/x/session-state/cop-1/events.jsonl")


def total(found):
    return sum(call["tokens"].get("input", 0) for call in kept(found))


def test_example_12_sums_go_on_over_a_resumed_session():
    assert total(copilot(shutdown(1, 1_000, 10), shutdown(2, 1_500, 20))) == 1_500


def test_sums_that_fall_begin_a_new_leg():
    assert total(copilot(shutdown(1, 1_000, 10), shutdown(2, 400, 5))) == 1_400


def test_a_message_is_a_floor_and_its_shutdown_adds_only_the_rest():
    data = {"messageId": "m1", "model": "gpt-5-mini", "outputTokens": 12}
    message = {"type": "assistant.message", "id": "e1", "timestamp": AT, "data": data}
    (floor,) = calls(copilot(message))
    assert floor.placeholder and floor.tokens == Tokens(output=12)
    told = kept(copilot(message, shutdown(2, 1_000, 20)))
    assert sum(call["tokens"]["output"] for call in told) == 20


def test_the_session_store_replaces_the_event_log():
    (store,) = golden("copilot")
    log = copilot(shutdown(1, 1_000, 10))
    assert len(kept(log)) == 1
    assert kept(store, log) == kept(store)


# -- the others ----------------------------------------------------------------------------------


def test_amp_counts_what_openai_did_not_read_from_a_cache_as_plain_input():
    first, second = golden("amp")
    assert tokens(first) == [
        Tokens(21_210, 20_000, 1_200, 0, 345),
        Tokens(11_000, 8_000, 0, 0, 120),
    ]
    assert tokens(second) == [Tokens(904, 900, 0, 0, 50), Tokens(800, 100, 0, 0, 60)]


def test_a_fork_of_pi_copies_nothing_into_the_totals():
    first, fork = golden("pi")
    assert len(kept(fork)) == 2
    assert len(kept(first, fork)) == len(kept(first)) + 1


def ui(place, **told):
    return {"ts": 1_795_000_000_000 + place, "say": "api_req_started", "text": json.dumps(told)}


def test_example_10_a_placeholder_becomes_one_request_when_its_counts_come():
    done = {"tokensIn": 12, "tokensOut": 345, "cacheWrites": 4_000, "cacheReads": 9_000}
    before = document("cline", [ui(1)])
    after = document("cline", [ui(1, **done, cost=0.0228)])
    (call,) = kept(before, after, after)
    assert call["reported"] == parse("0.0228")
    assert call["tokens"] == {
        "input": 13_012, "cache_read": 9_000, "cache_write": 4_000, "output": 345,
    }  # fmt: skip


def test_a_request_that_never_got_its_counts_failed_and_its_cost_is_unknown():
    found = document("cline", [ui(1), ui(2, tokensIn=5, tokensOut=1)])
    failed, _ = calls(found)
    assert failed.status == "error"
    assert BOOK.price(failed)[0] is None


def test_roo_and_cline_mean_different_things_by_tokens_in():
    told = {"tokensIn": 13_000, "cacheReads": 9_000, "cacheWrites": 1_000, "tokensOut": 1}
    assert tokens(document("roo-code", [ui(1, **told)])) == [Tokens(13_000, 9_000, 1_000, 0, 1)]
    assert tokens(document("cline", [ui(1, **told)])) == [Tokens(23_000, 9_000, 1_000, 0, 1)]


def test_the_cost_that_aider_reports_is_what_its_tokens_cost():
    call = next(call for call in calls(golden("aider")[0]) if call.tokens.output == 181)
    assert call.reported == BOOK.price(call)[0] == parse("0.13391")


def test_aider_begins_a_session_at_a_launch_and_where_the_total_falls():
    assert len({call.session for call in calls(golden("aider")[0])}) == 3


def test_openhands_counts_a_request_of_state_and_log_once():
    state, *logs = golden("openhands")
    assert len(kept(state)) == 3
    assert len(kept(*logs, state)) == 4


def test_a_hit_in_litellms_own_cache_costs_nothing_and_a_failure_is_an_error():
    found = calls(golden("litellm")[0])
    hit = next(call for call in found if call.request == "chatcmpl-l3")
    assert BOOK.price(hit)[0] == 0 == hit.reported
    assert [call.request for call in found if call.status == "error"] == ["chatcmpl-l4"]


def test_example_11_anthropic_searches_are_billed_with_their_answer():
    used = {"input_tokens": 1_000, "output_tokens": 1_000}
    used["server_tool_use"] = {"web_search_requests": 3}
    answer = {"id": "msg_w", "type": "message", "model": "claude-sonnet-5", "usage": used}
    (call,) = calls(events("api-responses", {"time": AT, "response": answer}))
    assert BOOK.price(call)[0] == parse("0.042")


def test_the_counts_of_a_stream_replace_each_other():
    stream = next(found for found in golden("api-responses") if any(
        call.request == "msg_s1" for call in calls(found)))  # fmt: skip
    one = [call for call in kept(stream) if call["request"] == "msg_s1"]
    assert [call["tokens"]["output"] for call in one] == [345]


def test_of_geminis_chunks_the_last_counts_even_where_it_is_smaller():
    first, last = ({"usageMetadata": {"promptTokenCount": n}} for n in (10_103, 7_168))
    assert tokens(events("api-responses", {"response": [first, last]})) == [Tokens(7_168)]


def test_stream_json_yields_to_the_transcript_of_the_same_messages():
    (stream,) = golden("claude-stream")
    alone = sum(call["tokens"].get("output", 0) for call in kept(stream))
    assert alone == 400 + 20 + 50 + 33
    messages = [f"msg_01Xk7Pq2Wm9Rt4Ns6Bv8Lc{nth}" for nth in range(1, 6)]
    transcript = events("claude-code", *(reply(name, f"r-{name}") for name in messages))
    assert kept(stream, transcript) == kept(transcript)


def test_the_results_of_stream_json_add_up_to_the_cost_that_it_reports():
    (stream,) = golden("claude-stream")
    assert sum(call.get("reported", 0) for call in kept(stream)) == parse("0.0268")


def test_grok_reports_dollars_in_ticks_and_sums_up_a_turn():
    first, second, _ = calls(golden("grok")[0])
    assert (first.reported, second.reported) == (parse("0.28"), parse("0.0042748"))
    assert first.estimated and not second.estimated


def test_kimi_counts_a_step_and_its_record_once_and_other_records_too():
    agent, main = sorted(golden("kimi"), key=lambda found: len(calls(found)))
    assert [call.tokens.output for call in calls(main)] == [75, 136, 40]
    assert {call.agent for call in calls(agent)} == {"agent-0"}


def test_kimi_counts_the_tries_before_an_answer():
    main = max(golden("kimi"), key=lambda found: len(calls(found)))
    assert [call.attempt for call in calls(main)] == [3, 1, 1]


def test_goose_counts_compactions_and_reads_older_sums_only_without_a_ledger(tmp_path):
    older, ledger = golden("goose")
    assert [call.tokens.input for call in calls(ledger)] == [1_000, 300, 200, 960]
    assert len(calls(older)) == 1
    database = tmp_path / "both.db"
    with closing(sqlite3.connect(database)) as db:
        db.executescript((LOGS / "goose" / "v15.sql").read_text())
    assert {row["query"] for row in asked("goose", database)} == {"ledger"}


@pytest.mark.parametrize(
    ("name", "parent"),
    [("gemini-cli", "7c1d0000-aaaa-4000-8000-000000000001"), ("roo-code", "0a0a"),
     ("opencode", "ses_root"), ("goose", "20261120_1"), ("grok.json", "gr-0")],
)  # fmt: skip
def test_a_session_that_another_one_started_names_it(name, parent):
    assert parent in {fact.parent for found in golden(name) for fact in sessions(found)}


def test_no_golden_log_is_bad_but_where_it_is_meant_to_be():
    counts = {name: sum(len(bad(found)) for found in golden(name)) for name in SOURCE}
    meant = {
        "gemini-cli", "opencode", "goose", "copilot", "copilot.events", "pi", "cline", "aider",
        "litellm", "api-responses", "claude-stream", "grok", "kimi", "claude-code", "codex",
        "costtop", "otlp", "continue", "zed",
    }  # fmt: skip
    assert {name for name, count in counts.items() if count} <= meant
