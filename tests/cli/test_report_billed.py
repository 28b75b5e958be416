"""`costtop report` in a home with a plan: value beside billed, in text, JSON and CSV, exactly."""

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costtop import paths
from costtop.cli.main import main
from costtop.daemon.jobs.scan_once import scan
from costtop.durations import DAY, iso, now_ms

PLAN = """[[plan]]
name = "Claude Max"
agent = "claude"
price = "$310"
"""
KEYS = ("total", "day", "week", "month", "session", "feature", "model", "user", "agent", "hour",
        "day,feature", "tool")  # fmt: skip
Run = Callable[..., str]


def claude(home: Path, name: str, at: int, output: int) -> None:
    """A session of Claude Code that has replied once."""
    folder = Path.home() / ".claude" / "projects" / "-w-shop"
    folder.mkdir(parents=True, exist_ok=True)
    usage = {"input_tokens": 10, "output_tokens": output}
    message = {"id": f"msg_{name}", "role": "assistant", "model": "claude-opus-4-6", "usage": usage}
    row = {
        "type": "assistant", "sessionId": name, "timestamp": iso(at), "cwd": "/w/shop",
        "requestId": f"req_{name}", "uuid": name, "message": {**message, "stop_reason": "end_turn"},
    }  # fmt: skip
    (folder / f"{name}.jsonl").write_text(json.dumps(row) + "\n")


def own(home: Path, name: str, at: int, output: int) -> None:
    """A call of a program, which no plan covers."""
    spool = home / "costtop" / "spool"
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = {"ts": iso(at), "session": name, "model": "claude-opus-4-6", "input_tokens": 10,
            "output_tokens": output, "id": name}  # fmt: skip
    with open(spool / "a.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    now = now_ms()
    for nth, ago in enumerate((0, 1, 9, 40)):
        claude(home, f"1111111{nth}-aaaa-4bbb-8ccc-00000000000{nth}", now - ago * DAY, 1_000 + nth)
        own(home, f"job{nth}", now - ago * DAY, 333 + nth)

    def call(*arguments: str) -> str:
        assert main(list(arguments)) == 0
        return capsys.readouterr().out

    return call


def planned(plan: str = PLAN) -> None:
    found = paths.find()
    found.config.parent.mkdir(parents=True, exist_ok=True)
    found.config.write_text(plan)
    scan(found)


def nanos(text: Any) -> int:
    return int(Decimal(text).scaleb(9))


@pytest.mark.parametrize("by", KEYS)
def test_value_and_billed_stand_in_json_and_add_up(run: Run, by: str):
    planned()
    tree = json.loads(run("report", "last 30 days", "--by", by, "--json"))
    (plan,) = tree["paid_plans"]
    total = tree["total"]
    assert total["value_usd"] == total["cost_usd"]
    assert nanos(plan["share_usd"]) == nanos(total["plan_share_usd"]) > 0
    rows = sum(nanos(row["billed_usd"]) for row in tree["rows"])
    assert rows + nanos(plan["beside_rows_usd"]) == nanos(total["billed_usd"])
    assert sum(nanos(row["value_usd"]) for row in tree["rows"]) == nanos(total["value_usd"])
    value = json.loads(run("report", "last 30 days", "--by", "agent", "--json"))["rows"]
    beyond = {row["key"]: nanos(row["billed_usd"]) for row in value}
    assert beyond["claude"] == 0
    assert beyond["costtop"] == nanos(total["billed_usd"]) - nanos(total["plan_share_usd"]) > 0


def test_a_table_says_which_is_which_and_has_a_line_of_the_plan(run: Run):
    planned()
    lines = run("report", "last 30 days", "--by", "agent").splitlines()
    assert lines[0].split()[:5] == ["AGENT", "VALUE", "$", "BILLED", "$"]
    claude_line, plan, total = (
        next(line for line in lines if line.startswith(name))
        for name in ("claude", "plan Claude Max $310/mo", "total")
    )
    assert claude_line.split()[2] == "0.0000"
    assert len(plan.split()) == 5
    assert "VALUE is what the API would cost" in "\n".join(lines)
    assert total.split()[1] != total.split()[2]
    narrow = run("report", "last 30 days", "--by", "agent", "--columns", "billed,calls")
    assert narrow.splitlines()[0].split() == ["AGENT", "BILLED", "$", "CALLS"]


@pytest.mark.parametrize("by", ["agent", "day", "day,agent"])
def test_csv_has_both_and_a_row_of_what_no_other_carries(run: Run, by: str):
    planned()
    rows = list(csv.DictReader(io.StringIO(run("report", "--by", by, "--csv"))))
    assert rows[-1]["key"] == "total"
    assert rows[-2]["key"] == "plan Claude Max $310/mo"
    for field in ("value_usd", "billed_usd", "plan_share_usd", "cost_usd"):
        assert sum(nanos(row[field]) for row in rows[:-1]) == nanos(rows[-1][field]), field


def test_a_plan_that_is_taken_out_again_leaves_no_trace(run: Run):
    asked = [
        *(("report", "--by", by) for by in KEYS),
        *(
            ("report", "last 7 days", "--by", by, form)
            for by in KEYS
            for form in ("--json", "--csv")
        ),
        ("report", "--columns", "billed,value"),
        ("export", "days"),
    ]
    planned("")
    before = [run(*one) for one in asked]
    assert not any("paid_plans" in text or "value_usd" in text for text in before)
    planned()
    assert all(run(*one) != text for one, text in zip(asked[:-2], before, strict=False))
    planned("")
    assert [run(*one) for one in asked] == before


def billed_by_project(run: Run) -> dict[str, int]:
    tree = json.loads(run("report", "--by", "project", "--json"))
    return {row["key"]: nanos(row["billed_usd"]) for row in tree["rows"]}


@pytest.mark.parametrize("given", ["~/.claude-work", "~/.claude-work/", "~/linked"])
def test_a_plan_of_one_account_covers_what_its_folder_holds_whenever_that_was_read(
    run: Run, home: Path, given: str
):
    user, now = Path.home(), now_ms()
    for nth, folder in enumerate((".claude", ".claude-work")):
        claude(home, f"2222222{nth}-aaaa-4bbb-8ccc-000000000000", now, 1_000)
        log = user / ".claude/projects/-w-shop" / f"2222222{nth}-aaaa-4bbb-8ccc-000000000000.jsonl"
        there = user / folder / f"projects/-w-{nth}"
        there.mkdir(parents=True, exist_ok=True)
        (there / log.name).write_text(log.read_text().replace("/w/shop", f"/w/{nth}"))
        log.unlink()
    (user / "linked").symlink_to(user / ".claude-work")
    planned("")  # both are read before the plan is there
    planned(PLAN + f'account = "{given}"\n')
    told = billed_by_project(run)
    assert told["/w/1"] == 0 < told["/w/0"]
    late = user / ".claude-work/projects/-w-2/33333333-aaaa-4bbb-8ccc-000000000000.jsonl"
    late.parent.mkdir()
    text = (
        user / ".claude-work/projects/-w-1/22222221-aaaa-4bbb-8ccc-000000000000.jsonl"
    ).read_text()
    late.write_text(text.replace("/w/1", "/w/2").replace("22222221", "33333333"))
    assert billed_by_project(run) == told | {"/w/2": 0}
    paths.find().database.unlink()
    scan(paths.find())  # all of it anew
    assert billed_by_project(run) == told | {"/w/2": 0}
