"""FORMATS 2, rules A to E, mapping and signals of Codex CLI rollouts."""

from typing import Any

import pytest

from tests.conformance import pipeline
from tests.conformance.pipeline import append, report, scan, spread, tokens, total, usd
from tests.conformance.rows import (
    SOL,
    THREADS,
    TURNS,
    count,
    event,
    line,
    meta,
    record,
    rollout,
    turn,
    used,
)  # fmt: skip

A, B = used(1000, 0, 100, 800), used(3000, 1500, 300, 800)
LAST = used(2000, 1500, 200)
FILL = used(0, 0, 0, 0, total_tokens=272_000)
ONE = f"codex/{THREADS[0]}"


def moved(rows: list[Any], second: int) -> list[Any]:
    """Rows as a fork copies them: all with the time of the copy."""
    return [{**row, "timestamp": line(second, "")["timestamp"]} for row in rows]


def test_a_usage_records_count_once_a_response_and_silence_the_counters() -> None:
    rows = [record(n, f"resp_{n}", used(2000, 500, 200)) for n in (5, 6, 7)]
    total_now = used(6000, 1500, 600)
    copy = line(9, "compacted", latest_token_usage_record=rows[0]["payload"])
    append(rollout(), meta(), turn(1), *rows, rows[0], count(8, total_now, LAST), copy)
    assert tokens(total()) == (6000, 1500, 0, 0, 600)


def test_a_a_response_is_the_same_in_every_file() -> None:
    row = record(5, "resp_1", used(2000, 0, 200))
    append(rollout(0), meta(0), turn(1), row)
    append(
        rollout(1), meta(1), turn(1), *moved([row], 700), record(800, "resp_2", used(500, 0, 50))
    )
    assert total()["calls"] == 2


def test_a_a_file_resumed_after_the_upgrade_counts_both_halves() -> None:
    append(rollout(), meta(), turn(1), count(2, A, A))
    scan()
    append(rollout(), record(50, "resp_1", LAST), count(51, B, LAST), record(60, "resp_2", LAST))
    assert total()["calls"] == 3


def test_b_a_total_told_again_is_no_request() -> None:
    append(
        rollout(),
        meta(),
        turn(1),
        count(2, A, A),
        count(3, A, A),
        count(4, B, LAST),
        count(5, B, LAST),
    )
    assert tokens(total()) == (3000, 1500, 800, 0, 300)


def test_c_totals_alone_count_by_their_growth_and_anew_after_a_fall() -> None:
    append(
        rollout(),
        meta(),
        turn(1),
        *(
            count(n, used(given, 0, out), None)
            for n, (given, out) in enumerate(((100, 10), (250, 30), (250, 30), (40, 4)), 2)
        ),
    )
    assert tokens(total()) == (290, 0, 0, 0, 34)


def test_c_a_fall_of_the_total_leaves_what_the_last_request_says() -> None:
    append(rollout(), meta(), turn(1), count(2, B, B), count(3, A, used(700, 0, 70)))
    assert tokens(total()) == (3700, 1500, 800, 0, 370)


def test_c_a_filled_window_is_no_request_but_a_new_baseline() -> None:
    after = used(2000, 1500, 200, total_tokens=274_200)
    append(
        rollout(), meta(), turn(1), count(2, A, A), count(3, FILL, used(0)), count(4, after, LAST)
    )
    assert tokens(total()) == (3000, 1500, 800, 0, 300)


HISTORY = [turn(1, TURNS[0]), count(2, A, A), turn(60, TURNS[1]), count(62, B, LAST)]
LOOSE = [turn(1, ""), count(2, A, A), turn(60, ""), count(62, B, LAST)]
GROWN = used(4000, 2000, 400, 800)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("history", [HISTORY, LOOSE], ids=["turn ids", "no turn ids"])
@pytest.mark.parametrize("kind", ["fork", "spawn"])
def test_d_a_replayed_history_is_the_parent_s_in_any_order(
    order: tuple[int, int], history: list[Any], kind: str
) -> None:
    spawn = {"subagent": {"thread_spawn": {"parent_thread_id": THREADS[0], "depth": 1}}}
    about = {"forked_from_id": THREADS[0]} if kind == "fork" else {"source": spawn}
    child = [
        meta(1, 900, **about),
        *moved(history, 900),
        turn(960, TURNS[3]),
        count(961, GROWN, used(1000, 500, 100)),
    ]
    files = [(rollout(0), [meta(), *history]), (rollout(1), child)]
    for place in order:
        append(files[place][0], *files[place][1])
        scan()
    found = {key: calls for key, (_, calls) in spread().items()}
    assert found == ({ONE: 2, f"codex/{THREADS[1]}": 1} if kind == "fork" else {ONE: 3})
    assert tokens(total()) == (4000, 2000, 800, 0, 400)
    pipeline.agree()


def test_d_a_replay_whose_parent_is_gone_still_counts() -> None:
    append(rollout(1), meta(1, 900, forked_from_id=THREADS[0]), *moved(HISTORY, 900))
    assert total()["calls"] == 2


def test_d_a_fork_s_copied_turns_are_no_tasks_of_it() -> None:
    done = [
        event(70, "task_started", turn_id=TURNS[1]),
        event(80, "task_complete", turn_id=TURNS[1]),
    ]
    append(rollout(0), meta(), *HISTORY, *done)
    append(rollout(1), meta(1, 900, forked_from_id=THREADS[0]), *moved([*HISTORY, *done], 900))
    assert total()["tasks_completed"] == 1


def test_e_a_resumed_rollout_goes_on_from_its_last_total() -> None:
    append(rollout(), meta(), turn(1), count(2, A, A))
    scan()
    append(rollout(), meta(second=900), turn(901, TURNS[1]), count(902, A, A), count(903, B, LAST))
    assert tokens(total()) == (3000, 1500, 800, 0, 300)


def test_e_the_archived_copy_of_a_rollout_counts_once() -> None:
    append(rollout(), meta(), *HISTORY)
    append(rollout(folder=".codex/archived_sessions"), meta(), *HISTORY)
    assert total()["calls"] == 2


def test_reasoning_is_inside_the_output_and_cached_input_inside_the_input() -> None:
    usage = used(12_091, 10_880, 182, reasoning_output_tokens=128)
    append(rollout(), meta(), turn(1, model="gpt-5"), count(2, usage, usage))
    row = total()
    assert (tokens(row), row["reasoning_tokens"]) == ((12_091, 10_880, 0, 0, 182), 128)
    assert row["cost_usd"] == "0.004693750"  # 1,211 at $1.25, 10,880 at $0.125, 182 at $10


def test_the_model_is_that_of_the_latest_turn_or_setting() -> None:
    append(
        rollout(),
        meta(),
        turn(1, model="gpt-5"),
        count(2, A, A),
        event(3, "thread_settings_applied", thread_settings={"model": SOL}),
        count(4, B, LAST),
    )
    assert {key: calls for key, (_, calls) in spread("model").items()} == {"gpt-5": 1, SOL: 1}


def test_a_missing_model_is_taken_as_gpt_5_and_shown_as_a_guess() -> None:
    append(rollout(), meta(), count(2, A, A))
    assert list(spread("model")) == ["gpt-5"]
    assert pipeline.explain(THREADS[0])["calls"][0]["estimated"] is True


@pytest.mark.parametrize(
    ("tier", "cost"),
    [("fast", "0.0175"), ("default", "0.00875"), ("flex", "0.004375"), (None, "0.00875")],
)
def test_the_service_tier_of_the_thread_s_settings_decides_the_price(
    tier: str | None, cost: str
) -> None:
    usage = used(3000, 0, 500)
    append(
        rollout(),
        meta(),
        turn(1, model="gpt-5"),
        event(2, "thread_settings_applied", thread_settings={"service_tier": tier}),
        count(3, usage, usage),
    )
    assert usd() == cost


def test_a_session_is_its_thread_its_project_the_folder_its_feature_the_branch() -> None:
    append(rollout(), meta(), *HISTORY)
    scan()
    (row,) = report("session")["rows"]
    assert (row["key"], row["project"], row["feature"]) == (ONE, "/home/ana/app", "next")


def test_a_spawned_thread_is_a_child_of_its_root() -> None:
    def spawned(by: int) -> dict[str, Any]:
        return {"source": {"subagent": {"thread_spawn": {"parent_thread_id": THREADS[by]}}}}

    append(rollout(2), meta(2, 60, **spawned(1)), turn(70, TURNS[2]), count(80, A, A))
    append(rollout(1), meta(1, 30, **spawned(0)), turn(40, TURNS[1]), count(50, A, A))
    scan()
    append(rollout(0), meta(0), turn(1), count(9, A, A))
    assert {key: calls for key, (_, calls) in spread().items()} == {ONE: 3}
    assert report("session")["rows"][0]["children"] == 2


@pytest.mark.parametrize(
    ("end", "done"),
    [
        (event(5, "task_complete", turn_id=TURNS[0]), 1),
        (event(5, "turn_complete", turn_id=TURNS[0]), 1),
        (event(5, "task_complete", turn_id=TURNS[0], error={"message": "x"}), 0),
        (event(5, "turn_aborted", reason="interrupted"), 0),
    ],
)
def test_a_task_is_done_when_its_turn_completes_without_error(end: Any, done: int) -> None:
    append(
        rollout(), meta(), event(1, "task_started", turn_id=TURNS[0]), turn(1), count(2, A, A), end
    )
    assert total()["tasks_completed"] == done


def test_a_rate_limit_ping_is_no_request() -> None:
    append(rollout(), meta(), turn(1), event(2, "token_count", info=None, rate_limits={"p": 1}))
    assert total()["calls"] == 0


@pytest.mark.parametrize("output", ['{"metadata":{"exit_code":2}}', '{"success":false}'])
def test_a_failed_tool_is_an_error_of_the_call_that_asked_for_it(output: str) -> None:
    append(
        rollout(),
        meta(),
        turn(1),
        line(
            2,
            "response_item",
            type="function_call",
            name="shell",
            arguments='{"c":"make"}',
            call_id="c1",
        ),
        count(3, A, A),
        line(4, "response_item", type="function_call_output", call_id="c1", output=output),
    )
    scan()
    assert pipeline.ask("SELECT error FROM tools") == [(1,)]


def test_blank_lines_and_long_first_lines_are_nothing_to_fail_on() -> None:
    append(rollout(), meta(instructions="x" * 27_000), b"", turn(1), b"", count(2, A, A))
    assert total()["calls"] == 1
    assert pipeline.bad() == []
