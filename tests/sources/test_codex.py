"""FORMATS 2, rule by rule."""

from pathlib import Path

import pytest

from costtop.sources.codex.rollout_files import roots
from tests.sources.fork_trees import random_id
from tests.sources.lines import calls, events, kept, outcomes, sessions, tasks

NAME = "codex"
FOLDER = "/home/ana/.codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-"
IDS = [f"019f9000-0000-7000-8000-00000000000{n}" for n in range(10)]
TURNS = [f"019f9100-0000-7000-8000-00000000000{n}" for n in range(10)]


def read(*rows, thread=0, folder=FOLDER):
    return events(NAME, *rows, path=f"{folder}{IDS[thread]}.jsonl")


def line(second, kind, **payload):
    at = f"2026-11-20T10:{second // 60:02}:{second % 60:02}.000Z"
    return {"timestamp": at, "type": kind, "payload": payload}


def meta(second=0, thread=0, **over):
    source = {"cwd": "/home/ana/app", "git": {"branch": "next"}, "model_provider": "openai"}
    return line(second, "session_meta", id=IDS[thread], **source, **over)


def event(second, kind, **payload):
    return line(second, "event_msg", type=kind, **payload)


def turn(second, turn_id=None, model="gpt-5.6-sol"):
    return line(second, "turn_context", turn_id=turn_id, cwd="/home/ana/app", model=model)


def usage(given, cached=0, output=0, total=None, write=0):
    return {
        "input_tokens": given, "cached_input_tokens": cached, "cache_write_input_tokens": write,
        "output_tokens": output, "total_tokens": given + output if total is None else total,
    }  # fmt: skip


def count(second, total, last):
    return event(second, "token_count", info={"total_token_usage": total, "last_token_usage": last})


def record(second, response, used, **over):
    return line(second, "token_usage_record", response_id=response, usage=used, **over)


def ins(found):
    return [call.tokens.input for call in calls(found)]


def test_a_total_that_did_not_change_is_no_request():
    a, b = usage(1000, 0, 100, write=800), usage(3000, 1500, 300, write=800)
    last = usage(2000, 1500, 200)
    found = calls(read(meta(), turn(1), count(5, a, a), count(6, a, a), count(9, b, last),
                       count(10, b, last)))  # fmt: skip
    assert [sum(column) for column in zip(*(call.tokens for call in found), strict=True)] == [
        3000, 1500, 800, 0, 300, 0,
    ]  # fmt: skip


def test_a_fill_of_the_window_is_no_request_but_a_new_baseline():
    a, full = usage(1000, 0, 100), usage(0, 0, 0, 272_000)
    b = usage(2000, 1500, 200, 274_200)
    last = usage(2000, 1500, 200)
    filled = count(7, full, usage(0, 0, 0, 270_900))
    found = read(meta(), count(5, a, a), filled, count(9, b, last), count(10, b, last))
    assert ins(found) == [1000, 2000]


def test_totals_alone_count_their_growth_and_begin_anew_when_they_fall():
    rows = [usage(100, 0, 10), usage(100, 0, 10), usage(250, 50, 30), usage(40, 0, 4)]
    assert ins(read(meta(), *(count(n, total, None) for n, total in enumerate(rows)))) == [
        100,
        150,
        40,
    ]


def test_a_rate_limit_ping_is_no_request():
    assert not calls(read(meta(), event(1, "token_count", info=None, rate_limits={})))


def test_records_count_once_a_response_and_silence_the_counters():
    used = usage(1000, 0, 100)
    one, other = random_id("resp_", 1), random_id("resp_", 2)
    copied = line(9, "compacted", latest_token_usage_record={"response_id": "r", "usage": used})
    found = read(meta(), record(5, one, used), count(5, used, used), record(6, other, used), copied)
    assert len(calls(found)) == 2
    assert len(kept(found, read(meta(thread=1), record(70, one, used), thread=1))) == 2


def test_a_file_upgraded_in_the_middle_counts_both_halves():
    a, b = usage(500, 0, 50), usage(1500, 0, 150)
    found = read(meta(), count(1, a, a), record(5, "r1", usage(1000, 0, 100)),
                 count(5, b, usage(1000, 0, 100)))  # fmt: skip
    assert ins(found) == [500, 1000]


def test_a_record_belongs_to_the_thread_that_it_names():
    found = read(meta(), record(5, "r1", usage(10, 0, 1), thread_id=IDS[7]))
    assert calls(found)[0].session == IDS[7]


def history(ids=(None, None), start=0):
    a, b = usage(1000, 0, 100), usage(3000, 1500, 300)
    return [
        turn(start + 1, ids[0]), count(start + 5, a, a),
        turn(start + 60, ids[1]), count(start + 65, b, usage(2000, 1500, 200)),
    ]  # fmt: skip


def copied(rows, second):
    stamp = line(second, "")["timestamp"]
    return [{**row, "timestamp": stamp} for row in rows]


@pytest.mark.parametrize("ids", [(None, None), ("turn-1", "turn-2"), (TURNS[0], TURNS[1])])
def test_a_forks_copied_history_counts_once_in_any_order(ids):
    parent = read(meta(), *history(ids))
    own = [turn(400, TURNS[5]), count(405, usage(9000, 0, 350), usage(6000, 0, 50))]
    fork = [meta(300, 1, forked_from_id=IDS[0]), *copied([meta(), *history(ids)], 300), *own]
    child = read(*fork, thread=1)
    grand = [meta(600, 2, forked_from_id=IDS[1]), *copied([*fork], 600)]
    again = read(*grand, thread=2)
    for files in ((parent, child, again), (again, child, parent), (child, again, parent)):
        assert sorted(call["tokens"]["input"] for call in kept(*files)) == [1000, 2000, 6000]


def test_a_fork_whose_parent_is_gone_keeps_the_history():
    fork = [meta(300, 1, forked_from_id=IDS[0]), *copied(history(), 300)]
    assert len(kept(read(*fork, thread=1))) == 2


def test_a_subagent_names_its_parent_and_keeps_its_own_calls():
    spawn = {"subagent": {"thread_spawn": {"parent_thread_id": IDS[0], "agent_role": "explorer"}}}
    own = [turn(301, "t-9"), count(302, usage(1000, 0, 100), usage(1000, 0, 100))]
    found = read(meta(300, 1, source=spawn), *own, thread=1)
    (fact,) = sessions(found)
    assert (fact.session, fact.parent, fact.agent_type) == (IDS[1], IDS[0], "explorer")
    assert len(kept(read(meta(), *history(("t-1", "t-2"))), found)) == 3
    assert not tasks(found)


def test_equal_usage_in_unrelated_threads_is_not_one_request():
    one, other = read(meta(), *history()), read(meta(thread=1), *history(), thread=1)
    assert len(kept(one, other)) == 4


def test_an_archived_copy_has_the_same_keys():
    folder = "/home/ana/.codex/archived_sessions/rollout-2026-11-20T10-00-00-"
    rows = [meta(), *history()]
    assert len(kept(read(*rows), read(*rows, folder=folder))) == 2


def test_model_tier_and_provider_are_those_of_the_turn():
    settings = {"service_tier": "fast", "model": "gpt-5.6-luna"}
    a, b = usage(10, 0, 1), usage(20, 0, 2)
    applied = event(6, "thread_settings_applied", thread_settings=settings)
    found = calls(read(meta(), turn(1), count(5, a, a), applied, count(7, b, a)))
    told = [(call.model, call.tier, call.provider, call.estimated) for call in found]
    assert told == [
        ("gpt-5.6-sol", "", "openai", False), ("gpt-5.6-luna", "priority", "openai", False),
    ]  # fmt: skip


def test_a_missing_model_is_taken_for_gpt_5_and_marked():
    (call,) = calls(read(meta(), count(5, usage(10, 0, 1), usage(10, 0, 1))))
    assert (call.model, call.estimated) == ("gpt-5", True)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (event(9, "task_complete", turn_id="t-1"), "completed"),
        (event(9, "task_complete", turn_id="t-1", error={"message": "x"}), "failed"),
        (event(9, "turn_aborted", turn_id="t-1", reason="interrupted"), "aborted"),
    ],
)
def test_a_turn_is_a_task_and_ends_as_its_event_says(end, status):
    rows = [meta(), turn(1, "t-1"), event(1, "task_started", turn_id="t-1"), end]
    assert tasks(read(*rows)) == [("t-1", "started"), ("t-1", status)]


def test_turns_without_ids_are_numbered():
    end = event(5, "task_complete")
    ids = [name for name, status in tasks(read(meta(), turn(1), turn(2), end, turn(6), end))]
    assert ids == [f"{IDS[0]}:1"] * 2 + [f"{IDS[0]}:2"] * 2


def item(second, kind, **payload):
    return line(second, "response_item", type=kind, **payload)


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ('{"output":"x","metadata":{"exit_code":1}}', True),
        ('{"output":"x","metadata":{"exit_code":0}}', False),
        ("Exit code: 2\nOutput: x", True),
        ("Process exited with code 0\nall well", False),
        ({"content": "x", "success": False}, True),
        ("exit_code is a word", False),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_a_tools_outcome_is_known_before_or_after_the_usage(output, error, late):
    asked = item(2, "function_call", name="exec_command", arguments='{"cmd":"x"}', call_id="c")
    answered = item(4, "function_call_output", call_id="c", output=output)
    used = count(3, usage(10, 0, 1), usage(10, 0, 1))
    found = read(meta(), asked, *([used, answered] if late else [answered, used]))
    (call,) = calls(found)
    if late:
        assert [(one.call, one.nth, one.error) for one in outcomes(found)] == [(call.key, 0, error)]
    else:
        assert call.tools[0].error is error


def test_the_end_event_of_a_command_tells_the_exit_code():
    asked = item(2, "function_call", name="exec_command", arguments="{}", call_id="c")
    ended = event(3, "exec_command_end", call_id="c", exit_code=1)
    answered = item(4, "function_call_output", call_id="c", output="x")
    used = count(5, usage(10, 0, 1), usage(10, 0, 1))
    assert calls(read(meta(), asked, ended, answered, used))[0].tools[0].error is True
    assert outcomes(read(meta(), asked, used, ended, answered))[0].error is True


def test_roots_are_active_and_archived_sessions():
    home = Path("/home/ana")
    assert roots({}, home) == [home / ".codex/sessions", home / ".codex/archived_sessions"]
    assert roots({"CODEX_HOME": "/c"}, home)[0] == Path("/c/sessions")
