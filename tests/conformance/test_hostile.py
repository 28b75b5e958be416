"""RELIABILITY 3.2 (V1 to V10), I20 and D11 at ingest: bad records are named, their neighbours kept.

A bad record leaves its place, offset and reason, and no other trace in any table; no text of a log
but cleaned names reaches any file of costtop's.
"""

import json
import random
from functools import cache
from typing import Any

import pytest

from costtop import paths
from tests.conformance import pipeline
from tests.conformance.pipeline import (
    CLAUDE,
    SPOOL,
    append,
    ask,
    bad,
    home,
    report,
    scan,
    spread,
    total,
)  # fmt: skip
from tests.conformance.rows import count, meta, own, rollout, turn, used
from tests.conformance.test_other_agents import CHAT, gemini
from tests.conformance.worlds import another_home
from tests.sources.lines import ROOT, answers, asks, prompt, reply

MAIN = f"{CLAUDE}/{ROOT}.jsonl"
VALUES = [
    "NaN", "Infinity", "-Infinity", "1e309", "1e308", str(2**64), "9" * 5000, "1000000001",
    "-1", "-0", "true", '"12"', "1.5",
]  # fmt: skip
TABLES = ("names", "contexts", "sessions", "cards", "calls", "tools", "minutes", "spend", "tasks")


def claude(number: int) -> dict[str, Any]:
    return reply(f"m{number}", f"r{number}", usage={"output_tokens": 4711})


def codex(number: int) -> dict[str, Any]:
    return count(number, used(1000 * number, 0, 10 * number), used(1000, 0, 4711))


def costtop(number: int) -> dict[str, Any]:
    return own(f"r{number}", output_tokens=4711)


FORMS = [
    (MAIN, claude, []),
    (rollout(), codex, [meta(), turn(0)]),
    (f"{SPOOL}/a.jsonl", costtop, []),
]
EACH = pytest.mark.parametrize(("path", "form", "head"), FORMS, ids=["claude", "codex", "costtop"])


def dump() -> dict[str, list[tuple[Any, ...]]]:
    """Every table that holds counted things, without the times of reading."""
    tables = {}
    for table in TABLES:
        columns = [row[1] for row in ask(f"SELECT * FROM pragma_table_info('{table}')")]
        times = ("seen", "offset", "rev", *(["id"] if table == "calls" else []))
        kept = ", ".join(f'"{c}"' for c in columns if c not in times)
        counted = " WHERE NOT flags & 256" if table == "calls" else ""  # what could be read
        tables[table] = ask(f"SELECT {kept} FROM {table}{counted} ORDER BY 1, 2")
    return tables


def clean_dump(path: str, head: list[Any], rows: list[Any]) -> dict[str, list[tuple[Any, ...]]]:
    """What the good rows alone leave, in a home of their own."""
    return _dump_of(path, *map(json.dumps, [*head, *rows]))


@cache  # the same few good rows stand beside each of many bad ones
def _dump_of(path: str, *lines: str) -> dict[str, list[tuple[Any, ...]]]:
    with another_home():
        append(path, *lines)
        scan()
        return dump()


@EACH
@pytest.mark.parametrize("value", VALUES, ids=[value[:11] for value in VALUES])
def test_v1_v2_a_count_that_is_none_is_named_and_leaves_nothing_else(
    path: str, form: Any, head: list[Any], value: str
) -> None:
    broken = json.dumps(form(2)).replace("4711", value)
    good = [form(1), form(3)]
    file = append(path, *head, good[0], broken, good[1])
    scan()
    ((offset, reason),) = bad()
    assert file.read_bytes()[offset:].startswith(broken.encode()[:60])
    assert reason
    assert value not in reason or len(value) < 3
    assert dump() == clean_dump(path, head, good)


def test_v3_of_duplicate_keys_the_last_wins() -> None:
    append(f"{SPOOL}/a.jsonl", json.dumps(own())[:-1] + ', "output_tokens": 7}')
    assert total()["output_tokens"] == 7


@EACH
@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_v4_deep_nesting_is_named_and_ends_nothing(
    path: str, form: Any, head: list[Any], depth: int
) -> None:
    deep = json.dumps(form(2))[:-1] + ',"x":' + "[" * depth + "]" * depth + "}"
    append(path, *head, form(1), deep, form(3))
    scan()
    assert [reason for _, reason in bad()] == ["nested too deeply"]
    assert dump() == clean_dump(path, head, [form(1), form(3)])


@EACH
@pytest.mark.parametrize(
    "text",
    [b"\\ud83d", b"\xff\xfe", b"a\0b\x01", b"\xed\xa0\x80"],
    ids=["cut emoji", "no UTF-8", "control", "surrogate"],
)
def test_v5_broken_text_beside_the_usage_costs_nothing(
    path: str, form: Any, head: list[Any], text: bytes
) -> None:
    spoilt = json.dumps(form(1)).encode()[:-1] + b', "note": "' + text + b'"}'
    append(path, *head, b"\xef\xbb\xbf" + spoilt, json.dumps(form(2)) + "\r")
    assert (total()["calls"], bad()) == (2, [])


@EACH
def test_v6_one_bad_line_of_500_costs_one(path: str, form: Any, head: list[Any]) -> None:
    rows = [form(n) for n in range(1, 501)]
    rows[250] = "{broken"
    append(path, *head, *rows)
    assert (total()["calls"], len(bad())) == (499, 1)


@pytest.mark.parametrize("stamp", [
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-20T10:00:60Z",
    "2026-11-20T10:00:00+99:00", 1e18, -1, 0, True, [], {}, "", "soon", "2099-01-01T00:00:00Z",
])  # fmt: skip
def test_v7_no_time_lies_outside_the_periods_there_are(stamp: Any) -> None:
    append(MAIN, reply(timestamp=stamp))
    assert total()["calls"] == 1
    ((at, seen),) = ask("SELECT at, seen FROM calls")
    assert 1_672_531_200_000 <= at <= seen + 300_000
    pipeline.agree()


def test_v8_an_unknown_model_keeps_its_tokens_and_is_priced_when_its_price_is_known() -> None:
    append(f"{SPOOL}/a.jsonl", own(model="acme-9"))
    assert pipeline.usd() == "≥0"
    assert ask("SELECT cost, computed FROM calls") == [(None, None)]
    append(
        "costtop/prices.toml",
        '[[price]]\nmodel = "acme-*"\nper_million = { input = "$1", output = "$2" }',
    )
    pipeline.run("reprice")
    assert pipeline.usd() == "0.0012"


def test_v9_a_million_dear_nothings_add_up_exactly() -> None:
    rows = [
        own(f"r{n}", model="claude-sonnet-4-5", input_tokens=1000, output_tokens=0)
        for n in range(1000)
    ]
    append(f"{SPOOL}/a.jsonl", *rows)
    assert total()["cost_usd"] == "3.000000000"


def test_v10_noise_between_and_inside_lines_ends_nothing() -> None:
    rng = random.Random(7)
    good = [json.dumps(claude(n)).encode() for n in range(30)]
    noise = [rng.randbytes(rng.randint(1, 400)).replace(b"\n", b" ") for _ in range(30)]
    cut = [line[: rng.randint(1, len(line) - 1)] for line in good]
    flipped = [bytes(b ^ (rng.random() < 0.01) for b in line) for line in good]
    lines = good + noise + cut
    rng.shuffle(lines)
    append(MAIN, *lines)
    append(f"{CLAUDE}/other.jsonl", *(line.replace(b"\n", b"") for line in flipped))
    scan()
    assert {f"claude-code/{ROOT}"} <= spread().keys()
    assert total()["calls"] >= 30
    pipeline.agree()


def test_i20_growth_forks_and_two_roots_in_any_order_count_once_at_the_final_value() -> None:
    rows = [reply("m1", "r1", usage={"output_tokens": n}) for n in (1, 5, 900)]
    files = [MAIN, f"{CLAUDE}/{ROOT[:-1]}b.jsonl", f".config/claude/projects/x/{ROOT}.jsonl"]
    rng = random.Random(3)
    for path, row in rng.sample([(path, row) for path in files for row in rows], 9):
        append(path, row)
        scan()
    row = total()
    assert (row["calls"], row["output_tokens"]) == (1, 900)


HOSTILE = [
    "\x1b]52;c;aGk=\x07",
    "\x1b[2J",
    "\x9b31m",
    "\u202eevil",
    "zero\u200bwidth",
    "[/]",
    "[@click=app.kill_session('x')]harmless[/]",
    "a\nb\rc\td",
    "Z" + "\u0300" * 50,
    "\U000e0041tag",
    "\ufeffbom",
    "x" * 5000,
    "=cmd|' /C calc'!A0",
    "__proto__",
]
_FORBIDDEN = set(range(0x20)) | {0x7F} | set(range(0x80, 0xA0)) | {0x202E, 0x200B, 0xFEFF, 0xE0041}


def test_d11_a_hostile_name_is_harmless_in_the_store_and_in_every_report() -> None:
    for n, name in enumerate(HOSTILE):
        said = ("session", "user", "feature", "task", "host", "project", "agent", "provider")
        spoken = own(f"r{n}", **dict.fromkeys(said, name), tags={name: name})
        written = reply(
            f"m{n}", f"q{n}", model=name, cwd=f"/{name}", gitBranch=name, version=name,
            sessionId=f"5d1f0c1e-0000-4000-8000-{n:012}",
        )  # fmt: skip
        append(f"{CLAUDE}/5d1f0c1e-0000-4000-8000-{n:012}.jsonl", written)
        append(f"{SPOOL}/a.jsonl", spoken)
    assert total()["calls"] == 2 * len(HOSTILE)
    texts = [
        row[0]
        for row in ask(
            "SELECT text FROM names UNION SELECT session FROM sessions"
            " UNION SELECT agent FROM sessions UNION SELECT task FROM tasks"
        )
    ]
    for text in texts:
        assert not _FORBIDDEN & {ord(char) for char in text}, ascii(text)
        assert len(text) < 1000
    for by in pipeline.VIEWS:
        printed = pipeline.run("report", "--by", by) + json.dumps(report(by), ensure_ascii=False)
        assert not (_FORBIDDEN - {10}) & {ord(char) for char in printed}, by


def test_no_text_of_a_prompt_a_reply_or_a_tool_is_kept_anywhere() -> None:
    canary = "CANARY-7f3a"
    text = [{"type": "text", "text": canary}, {"type": "thinking", "thinking": canary}]
    append(
        MAIN,
        prompt(canary),
        reply(content=[*text, *asks("t1", "Bash", command=canary)]),
        answers("t1", canary, error=True, toolUseResult={"stdout": canary}),
        {"type": "summary", "summary": canary},
        f'{{"type": "assistant", "x": "{canary}"',
        json.dumps(reply("m2", "r2", content=text)).replace(
            '"output_tokens": 50', '"output_tokens": -1'
        ),
    )
    append(
        rollout(),
        meta(instructions=canary),
        turn(1),
        count(2, used(9), used(9)),
        {"type": "response_item", "payload": {"type": "message", "content": canary}},
        {"type": "event_msg", "payload": {"type": "user_message", "message": canary}},
    )
    append(f"{SPOOL}/a.jsonl", own(prompt=canary, messages=[canary]), own(x=canary, model=None))
    scan()
    assert len(bad()) == 3
    for file in paths.find().database.parent.rglob("*"):
        if file.is_file() and "spool" not in file.parts:
            assert canary.encode() not in file.read_bytes(), file
    for by in pipeline.VIEWS:
        assert canary not in pipeline.run("report", "--by", by, "--json")
    for command in (("explain", ROOT), ("--once", "--all", "--json"), ("export", "calls")):
        assert canary not in pipeline.run(*command)


def test_a_file_of_bad_lines_names_the_first_hundred_and_counts_them_all() -> None:
    append(MAIN, *["{broken"] * 500, reply())
    scan()
    assert len(bad()) == 100
    assert ask("SELECT bad FROM places WHERE bad") == [(500,)]
    assert total()["calls"] == 1


def test_a_bad_record_of_a_document_is_forgotten_when_it_was_written_anew_without_it() -> None:
    path = CHAT.removesuffix("l")
    for output, named in ((-1, 1), (5, 0)):
        (home() / path).unlink(missing_ok=True)
        messages = [gemini("g1", 1000, 10), gemini("g2", 1000, output)]
        append(path, json.dumps({"sessionId": "s", "messages": messages}))
        scan()
        assert len(bad()) == named
    assert total()["calls"] == 2
