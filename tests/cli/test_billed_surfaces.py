"""In a home with a plan each surface says its value, and billed $0 beyond the price: the same."""

import csv
import io
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from costtop import paths
from costtop.cli.main import main
from costtop.durations import MINUTE, now_ms
from costtop.money import NANO, dollars
from tests.cli.test_report_billed import PLAN, claude, planned

Run = Callable[..., str]
SESSION = "11111110-aaaa-4bbb-8ccc-000000000000"
COMMANDS = (
    ("report", "today", "--by", "feature"),
    ("report", "today", "--by", "session", "--csv"),
    ("report", "today", "--by", "day", "--json"),
    ("export", "sessions", "today"),
    ("export", "days", "today", "--format", "jsonl"),
    ("--once",),
    ("--once", "--json"),
    ("why", "today"),
    ("why", "today", "--json"),
    ("why", SESSION),
    ("why", SESSION, "--json"),
    ("explain", SESSION),
    ("explain", SESSION, "--json"),
    ("review", "--since", "7d"),
    ("review", "--since", "7d", "--json"),
)


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    claude(home, SESSION, now_ms() - MINUTE, 5_000)

    def call(*arguments: str) -> str:
        assert main(list(arguments)) == 0
        return capsys.readouterr().out

    return call


def nanos(text: object) -> int:
    return int(Decimal(str(text)).scaleb(9))


def test_every_surface_has_value_and_nothing_billed_beyond_the_price(run: Run):
    planned()
    said = {command: run(*command) for command in COMMANDS}
    rows = list(csv.DictReader(io.StringIO(said["report", "today", "--by", "session", "--csv"])))
    value = nanos(rows[0]["value_usd"])
    share = nanos(rows[-1]["plan_share_usd"])
    assert value > 0
    assert nanos(rows[0]["billed_usd"]) == 0
    assert nanos(rows[-1]["billed_usd"]) == share > 9 * NANO
    text = f"${dollars(value)} is value, at API prices; billed $0.00"
    with_plan = f"{text} + plan ${dollars(share)} (Claude Max $310/mo)"
    assert with_plan in said["why", "today"]
    assert text in said["why", SESSION]
    assert text in said["explain", SESSION]
    assert nanos(json.loads(said["explain", SESSION, "--json"])["billed_usd"]) == 0
    review = said["review", "--since", "7d"]  # up to the quarter hour that runs
    assert "is value, at API prices; billed $0.00 + plan $" in review
    head = said[("--once",)].splitlines()
    assert f"value today ${dollars(value)}" in head[0]
    assert f"billed today $0.00 + plan ${dollars(share)}" in head[1]
    table = next(line for line in head if "VALUE" in line)
    assert re.search(r"VALUE +BILLED", table)
    for command, figures in (
        (("why", "today", "--json"), (value, share, share)),
        (("why", SESSION, "--json"), (value, 0, 0)),
    ):
        tree = json.loads(said[command])
        told = [tree[f"{name}_usd"] for name in ("value", "billed", "plan_share")]
        assert tuple(map(nanos, told)) == figures, command
    once = json.loads(said["--once", "--json"])
    assert nanos(once["today_value_usd"]) == value
    assert nanos(once["today_billed_usd"]) == nanos(once["today_plan_share_usd"]) == share
    assert [(nanos(one["value_usd"]), nanos(one["billed_usd"])) for one in once["sessions"]] == [
        (value, 0)
    ]


def test_without_a_plan_no_surface_speaks_of_it_and_is_as_before_one(run: Run):
    planned("")
    clock = re.compile(r'\d\d:\d\d:\d\d\S*|"(at|last|until_at)": ".*?"|since_at.*|recent.*')
    before = {command: clock.sub("", run(*command)) for command in COMMANDS}
    for text in before.values():
        assert not re.search("value|billed|VALUE|BILLED|paid_plan|plan_share", text)
    planned(PLAN)
    for command, text in before.items():
        assert clock.sub("", run(*command)) != text, command
    planned("")
    for command, text in before.items():
        assert clock.sub("", run(*command)) == text, command


def test_budgets_say_what_they_watch_and_one_of_what_is_billed_stands_at_nothing(run: Run):
    daily = '[[budget]]\nname = "daily"\namount = "$1"\n'
    planned(PLAN + daily)
    run("budget", "set", "bill", "2", "--watch", "billed")
    assert 'watch = "billed"' in paths.find().budgets.read_text()
    planned(PLAN + daily)
    once, checked, listed = run("--once"), run("check"), run("budget", "list")
    value = json.loads(run("--once", "--json"))["today_value_usd"]
    assert f"budget daily: ${dollars(nanos(value))} value of $1.00" in once
    assert "budget bill: $0.00 billed of $2.00 (0 %)" in once
    for table in (checked, listed):
        head, *rows = table.splitlines()
        assert head.split()[-1] == "WATCHES"
        assert [(row.split()[0], row.split()[-1]) for row in rows] == [
            ("daily", "value"),
            ("bill", "billed"),
        ]
    trees = json.loads(run("check", "--json"))["budgets"]
    assert [(one["watch"], nanos(one["spent_usd"]) == 0) for one in trees] == [
        ("value", False),
        ("billed", True),
    ]
    run("budget", "remove", "bill")
    planned(daily)
    assert "watch" not in json.loads(run("check", "--json"))["budgets"][0]
    assert "$0.13 of $1.00" in run("--once")
