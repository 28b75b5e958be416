"""`costtop alerts route`: who would be told, by the rules that the daemon goes by."""

import json
from pathlib import Path

import pytest

from costtop.alerts.routes import Route
from costtop.cli.control.routing import NAMES
from costtop.cli.main import main
from costtop.daemon.notices.post import Audience, post_findings
from costtop.model import Silence
from costtop.paths import find
from costtop.store.alerts import silences
from costtop.store.db import open_writer
from tests.notify.desk import runaway, tier

CONFIG = """
timezone = "UTC"
[[notify]]
label = "pager"
url = "json://127.0.0.1:9/x"
min_severity = "critical"
repeat = "4h"
[[notify]]
label = "mail"
url = "json://127.0.0.1:9/y"
quiet = "22:00-08:00"
feature = "checkout"
[[notify]]
label = "chat"
url = "json://127.0.0.1:9/z"
rules = ["budget"]
min_tier = 80
"""


@pytest.fixture
def told(home: Path, capsys: pytest.CaptureFixture[str]):
    find().config.parent.mkdir(parents=True, exist_ok=True)
    find().config.write_text(CONFIG)

    def ask(*words: str) -> dict[str, str]:
        assert main(["alerts", "route", "--at", "12:00", *words]) == 0
        lines = capsys.readouterr().out.splitlines()
        rows = [line.split(None, 2) for line in lines if line[:5] in ("pager", "mail ", "chat ")]
        return {row[0]: f"{row[1]} {row[2]}" for row in rows}

    return ask


def test_each_endpoint_says_when_or_why_not(told) -> None:
    assert told() == {
        "pager": "no its min_severity is critical",
        "mail": "no its feature is checkout",
        "chat": "no its rules are budget",
    }
    assert told("--tier", "100", "--budget", "daily", "--feature", "checkout") == {
        "pager": "yes at once, and every 4 h until somebody acknowledges it",
        "mail": "yes at once",
        "chat": "yes at once",
    }
    assert told("--tier", "50")["chat"] == "no its min_tier is 80"
    assert told("--rule", "retry_loop", "--feature", "checkout", "--at", "23:30")["mail"] == (
        "yes after its quiet hours"
    )
    assert (
        told("--rule", "blind", "--at", "23:30", "--feature", "checkout")["mail"] == "yes at once"
    )


def test_it_says_what_the_daemon_then_does(told, home: Path) -> None:
    """Each answer beside the letters that are really posted of such a finding."""
    to = Audience(
        (
            Route("pager", "critical"),
            Route("mail", feature="checkout"),
            Route("chat", rules=("budget",), min_tier=80),
        )
    )
    now = 1_795_600_800_000
    cases = (
        (("--tier", "80"), tier(80, now)),
        (("--tier", "100"), tier(100, now, "b")),
        (("--tier", "50"), tier(50, now, "c")),
        (
            ("--rule", "median_5x", "--feature", "checkout"),
            runaway("a", now)._replace(feature="checkout"),
        ),
        (("--rule", "median_5x", "--severity", "critical"), runaway("b", now, severity="critical")),
    )
    with open_writer(home / "beside.db") as db:
        for n, (words, finding) in enumerate(cases):
            post_findings(db, [finding], to, now + n * 3_600_000)
            posted = {label for (label,) in db.execute("SELECT label FROM outbox")}
            db.execute("DELETE FROM outbox")
            said = {label for label, words in told(*words).items() if words.startswith("yes")}
            assert said == posted, words


def test_a_silence_that_covers_it_is_said(told, capsys: pytest.CaptureFixture[str]) -> None:
    find().database.parent.mkdir(parents=True, exist_ok=True)
    with open_writer(find().database) as db:
        silences.begin(db, Silence(None, "ana", 1, budget="daily"))
    assert main(["alerts", "route", "--budget", "daily"]) == 0
    assert "\na silence covers it: " in capsys.readouterr().out
    assert main(["alerts", "route", "--budget", "ci", "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert (tree["silenced"], [one["label"] for one in tree["endpoints"]]) == (
        False,
        ["pager", "mail", "chat"],
    )


def test_a_slip_is_answered_in_one_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerts", "route"]) == 3
    assert capsys.readouterr().err == (
        "costtop: nobody is told (cost_outlier, warning): config.toml has no [[notify]]\n"
    )
    find().config.parent.mkdir(parents=True, exist_ok=True)
    find().config.write_text(CONFIG)
    assert main(["alerts", "route", "--rule", "rety_loop"]) == 2
    assert capsys.readouterr().err == "costtop: no rule rety_loop: did you mean retry_loop?\n"
    assert main(["alerts", "route", "--rule", "xyz"]) == 2
    assert all(name in capsys.readouterr().err for name in ("retry_loop",)) and "blind" in NAMES
