"""The matrix of ANCHORS.md ("where their dollars go wrong"): the truth in every row."""

import json
from typing import Any

import pytest

from tests.conformance import pipeline
from tests.conformance.pipeline import CLAUDE, append, report, scan, spread, tokens, total, usd
from tests.conformance.rows import THREADS, TURNS, count, line, meta, rollout, turn, used
from tests.sources.lines import ROOT, joined, reply

MAIN = f"{CLAUDE}/{ROOT}.jsonl"
SONNET = "claude-sonnet-4-5"


def test_row_a_a_message_written_three_times_while_streaming_counts_its_last_output() -> None:
    append(MAIN, *(reply(model=SONNET, usage={"input_tokens": 1000, "output_tokens": n})
                   for n in (1, 1, 1000)))  # fmt: skip
    row = total()
    assert (row["cost_usd"], row["calls"]) == ("0.018000000", 1)
    assert tokens(row) == (1000, 0, 0, 0, 1000)


def test_row_a_live_a_larger_row_replaces_what_the_smaller_one_cost() -> None:
    seen = []
    for output in (1, 1, 1000):
        append(MAIN, reply(model=SONNET, usage={"input_tokens": 1000, "output_tokens": output}))
        seen.append(usd())
    assert seen == ["0.003015", "0.003015", "0.018"]


def test_row_b_cache_writes_for_an_hour_cost_twice_the_input() -> None:
    split = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 100_000}
    usage = {"input_tokens": 100, "output_tokens": 100, "cache_creation_input_tokens": 100_000,
             "cache_creation": split}  # fmt: skip
    append(MAIN, reply(model=SONNET, usage=usage))
    row = total()
    assert row["cost_usd"] == "0.601800000"
    assert tokens(row) == (100_100, 0, 100_000, 100_000, 100)


def test_row_c_a_subagent_s_file_counts_and_is_folded_into_its_session() -> None:
    append(MAIN, reply(model=SONNET, usage={"input_tokens": 1000, "output_tokens": 1000}))
    append(
        f"{CLAUDE}/{ROOT}/subagents/agent-a17.jsonl",
        reply("msg_s", "req_s", model="claude-haiku-4-5", isSidechain=True, agentId="a17",
              usage={"input_tokens": 5000, "output_tokens": 3000}),
    )  # fmt: skip
    assert spread() == {f"claude-code/{ROOT}": ("0.038", 2)}
    assert pipeline.by_agent(ROOT) == {"": "0.018", "a17": "0.02"}


@pytest.mark.parametrize(
    ("model", "prompt", "cost"),
    [
        (SONNET, 200_000, "0.615"),
        (SONNET, 200_001, "1.222506"),
        (SONNET, 250_000, "1.5225"),  # all at the higher rate, as its price list had it
        ("claude-sonnet-4-6", 250_000, "0.765"),  # flat today
    ],
)
def test_row_d_a_long_prompt_is_billed_as_a_whole_and_never_in_slices(
    model: str, prompt: int, cost: str
) -> None:
    append(MAIN, reply(model=model, usage={"input_tokens": prompt, "output_tokens": 1000}))
    assert usd() == cost


def test_row_e_an_unknown_model_is_unpriced_and_its_sum_a_floor_everywhere() -> None:
    append(
        MAIN,
        reply(usage={"input_tokens": 1000, "output_tokens": 100}),
        reply(
            "m2", "r2", model="acme-giga-9", usage={"input_tokens": 10**6, "output_tokens": 10**4}
        ),
    )
    scan()
    for by in pipeline.VIEWS:
        tree = report(by)
        assert tree["unpriced_models"] == ["acme-giga-9"], by
        assert (tree["total"]["cost_usd"], tree["total"]["floor"]) == ("0.007500000", True), by
        assert tree["total"]["unpriced_calls"] == 1, by
    assert tokens(total())[0] == 1_001_000
    assert "≥0.0075" in pipeline.run("report", "--by", "session")


def test_row_f_a_resumed_session_file_that_repeats_an_old_message_counts_it_once() -> None:
    usage = {"input_tokens": 1000, "output_tokens": 1000}
    old, new = (reply(f"m{n}", f"r{n}", model=SONNET, usage=usage) for n in (1, 2))
    append(MAIN, old)
    other = ROOT[:-1] + "b"
    append(f"{CLAUDE}/{other}.jsonl", {**old, "sessionId": other}, {**new, "sessionId": other})
    assert usd() == "0.036"
    pipeline.agree()


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", ["2026-11-19", "2026-11-20"]),
        ("Europe/Berlin", ["2026-11-20"]),
        ("America/New_York", ["2026-11-19"]),
    ],
)
def test_row_g_a_day_ends_at_midnight_of_the_zone_asked_for(zone: str, days: list[str]) -> None:
    for n, at in enumerate(("2026-11-19T23:30:00.000Z", "2026-11-20T00:30:00.000Z")):
        append(MAIN, reply(f"m{n}", f"r{n}", timestamp=at))
    scan()
    assert [row["key"] for row in report("day", "--tz", zone)["rows"]] == days


def test_row_h_a_line_without_request_id_written_twice_counts_once_in_every_view() -> None:
    row = reply(request=None, model=SONNET, usage={"input_tokens": 1000, "output_tokens": 1000})
    append(MAIN, row, row)
    scan()
    assert pipeline.agree() == ("0.018", 1, 2000)


def test_row_i_fast_mode_of_opus_4_6_costs_six_times() -> None:
    usage = {"input_tokens": 10_000, "output_tokens": 1000, "speed": "fast"}
    append(MAIN, reply(usage=usage))
    assert usd() == "0.45"


def codex_history(second: int) -> list[Any]:
    first, second_total = (
        used(10_000, 0, 1000),
        used(22_000, 10_000, 2000, reasoning_output_tokens=300),
    )
    last = used(12_000, 10_000, 1000, reasoning_output_tokens=300)
    return [
        turn(second + 1, model="gpt-5"), count(second + 2, first, first),
        count(second + 3, first, first), count(second + 4, second_total, last),
        count(second + 5, second_total, last),
    ]  # fmt: skip


@pytest.mark.parametrize("fork_first", [False, True])
def test_row_j_k_codex_repeats_and_a_fork_s_replay_count_once_reasoning_inside_the_output(
    fork_first: bool,
) -> None:
    stamp = line(900, "")["timestamp"]
    replay = [{**row, "timestamp": stamp} for row in codex_history(0)]
    grown = used(22_900, 10_000, 2100)
    fork = [meta(1, 900, forked_from_id=THREADS[0]), *replay,
            turn(960, TURNS[1], "gpt-5"), count(961, grown, used(900, 0, 100))]  # fmt: skip
    files = [(rollout(0), [meta(), *codex_history(0)]), (rollout(1), fork)]
    for path, rows in reversed(files) if fork_first else files:
        append(path, *rows)
        scan()
    assert spread() == {
        f"codex/{THREADS[0]}": ("0.03625", 2),
        f"codex/{THREADS[1]}": ("0.002125", 1),
    }
    row = total()
    assert (row["cost_usd"], row["reasoning_tokens"]) == ("0.038375000", 300)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\t", " :  ")])
def test_spaces_in_the_json_change_nothing(separators: tuple[str, str]) -> None:
    rows = [reply(), {**reply("m2", "r2"), "isSidechain": False}]
    append(MAIN, *(json.dumps(row, separators=separators) for row in rows))
    append(
        rollout(), *(json.dumps(row, separators=separators) for row in [meta(), *codex_history(0)])
    )
    row = total()
    assert (row["calls"], row["cost_usd"]) == (4, "0.038780000")
    assert pipeline.bad() == []


def test_views_agree_where_request_ids_are_missing_and_files_overlap() -> None:
    rows = [reply(f"m{n}", None if n % 3 else f"r{n}", timestamp=f"2026-11-{10 + n}T23:50:00.000Z")
            for n in range(9)]  # fmt: skip
    append(MAIN, *rows, *rows)
    append(f"{CLAUDE}/{ROOT[:-1]}c.jsonl", *rows[3:], reply("m_own", "r_own"))
    scan()
    assert pipeline.agree()[1] == 10


def test_a_session_of_two_models_is_priced_call_by_call_not_at_its_main_model() -> None:
    usage = {"input_tokens": 1000, "output_tokens": 1000}
    append(MAIN, reply(usage=usage), reply("m2", "r2", model="claude-haiku-4-5", usage=usage))
    assert usd() == "0.036"
    assert spread("model") == {"claude-opus-4-6": ("0.03", 1), "claude-haiku-4-5": ("0.006", 1)}


def test_each_call_is_priced_at_the_rate_of_its_own_date() -> None:
    usage = {"input_tokens": 50_000, "cache_read_input_tokens": 190_000,
             "cache_creation_input_tokens": 10_000, "output_tokens": 2000}  # fmt: skip
    append(MAIN, reply("m1", "r1", timestamp="2026-02-20T00:00:00.000Z", usage=usage),
           reply("m2", "r2", timestamp="2026-11-20T00:00:00.000Z", usage=usage))  # fmt: skip
    assert spread("month") == {"2026-02": ("0.89", 1), "2026-11": ("0.4575", 1)}


def test_a_log_that_its_tool_deletes_stays_counted() -> None:
    file = append(MAIN, reply())
    before = usd()
    file.unlink()
    assert usd() == before != "0"


def test_a_line_of_megabytes_is_counted_like_any_other() -> None:
    text = [{"type": "text", "text": "x" * (6 << 20)}]
    append(MAIN, reply("m1", "r1"), reply("m2", "r2", content=text), reply("m3", "r3"))
    assert total()["calls"] == 3


def test_a_log_written_in_one_piece_gives_what_it_gives_line_by_line() -> None:
    rows = [reply(f"m{n // 3}", f"r{n // 3}", usage={"output_tokens": n + 1}) for n in range(30)]
    append(MAIN, *rows)
    whole = usd()
    again = append(f"{CLAUDE}/{ROOT[:-1]}d.jsonl", b"")
    for row in rows:
        again.write_bytes(again.read_bytes() + joined([row]))
        scan()
    assert usd() == whole
