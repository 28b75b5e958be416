"""`costtop alerts` as people and scripts use it, on a real store and a real daemon."""

import json
import subprocess
import sys

import pytest

from costtop.cli.main import main
from costtop.daemon.notices.post import post_findings
from costtop.paths import find
from costtop.store.db import open_writer
from tests.notify import desk
from tests.notify.desk import clock, runaway, tier


@pytest.fixture
def told():
    paths = find()
    db = open_writer(paths.database)
    post_findings(
        db, [runaway("checkout-42", clock()), tier(80, clock())], desk.audience("chat"), clock()
    )
    db.close()
    return paths


def said(capsys, *words: str) -> str:
    assert main(["alerts", *words]) == 0
    return capsys.readouterr().out


def test_the_list_is_newest_first_in_json_and_plain(told, capsys):
    tree = json.loads(said(capsys, "list", "--json"))
    assert [one["rule"] for one in tree["alerts"]] == ["budget_tier", "median_5x"]
    text = said(capsys)
    assert "budget daily: 80 %" in text
    assert "told 1x: chat waits" in text


def test_show_says_what_was_decided_and_sent(told, capsys):
    one = json.loads(said(capsys, "list", "--json"))["alerts"][1]
    assert json.loads(said(capsys, "show", one["id"][:6], "--json"))["decisions"]
    text = said(capsys, "show", one["id"])
    assert "3.7x" in text
    assert "first" in text
    assert main(["alerts", "show", "zzz"]) == 3


def test_writes_go_through_the_daemon_and_stay(told, capsys):
    one = json.loads(said(capsys, "list", "--json"))["alerts"][0]
    assert main(["alerts", "ack", one["id"]]) == 1  # nobody is there to write it
    assert "costtop start" in capsys.readouterr().err
    subprocess.run([sys.executable, "-m", "costtop", "start"], check=True, capture_output=True)
    try:
        assert "acknowledged" in said(capsys, "ack", one["id"])
        begun = said(capsys, "silence", "--rule", "median_5x", "--for", "2h")
        assert begun == "silence 1 has begun: rule median_5x for 2 h\n"
        assert main(["alerts", "silence", "--for", "2h"]) == 2
        assert main(["alerts", "silence", "--rule", "median_5x"]) == 2  # for how long?
        assert "--for ever" in capsys.readouterr().err
        assert main(["override"]) == 2  # of what?
        assert "--all" in capsys.readouterr().err
        assert main(["override", "--all", "--for", "10m"]) == 0
        assert capsys.readouterr().out == "everything may pass for 10 min\n"
        assert main(["alerts", "silence", "9f767c4"]) == 2
        assert main(["alerts", "silence", "--end", "77"]) == 3
        capsys.readouterr()
        tree = json.loads(said(capsys, "list", "--json"))
        [seen] = [each for each in tree["alerts"] if each["id"] == one["id"]]
        assert seen["state"] == "acknowledged", tree["alerts"][0]
        assert tree["silences"][0]["rule"] == "median_5x"
        assert json.loads(said(capsys, "silence", "--json"))["rule"] == "median_5x"
        head, row = said(capsys, "silence", "--list").splitlines()
        assert head.split() == ["ID", "ABOUT", "UNTIL", "BY", "NOTE"]
        assert row.split()[:3] == ["1", "rule", "median_5x"]
        assert "is ended" in said(capsys, "silence", "--end", "1")
    finally:
        assert main(["stop"]) == 0


def test_test_says_what_came_back_from_each_endpoint(told, capsys, inbox, inboxes):
    bad = inboxes()
    bad.answer = lambda _: (401, {}, b"")
    told.config.write_text(
        f'[[notify]]\nlabel = "good"\nurl = "json://127.0.0.1:{inbox.port}/s3cret"\n'
        f'[[notify]]\nlabel = "bad"\nurl = "json://127.0.0.1:{bad.port}/s3cret"\n'
        '[[notify]]\nlabel = "clear"\nurl = "json://example.com/s3cret"\n'
    )
    assert main(["alerts", "test"]) == 1
    text = capsys.readouterr().out
    assert "good  json  sent" in text
    assert "bad  json  HTTP 401" in text
    assert "jsons://" in text
    assert "s3cret" not in text
    assert inbox.titles == ["[costtop] test"]
    assert main(["alerts", "test", "good"]) == 0
    assert main(["alerts", "test", "nobody"]) == 3


LINE = (
    '{{"ts": "{ts}", "id": "r{id}", "session": "{session}", "model": "claude-sonnet-4-5",'
    ' "input_tokens": {tokens}, "output_tokens": 10}}\n'
)


def test_replay_says_what_would_have_fired_the_same_each_time(home, capsys):
    lines = [
        (f"2026-11-0{1 + peer % 3}T0{peer}:00:00Z", f"peer{peer}", 1_000_000) for peer in range(8)
    ]
    lines += [(f"2026-11-05T10:0{n}:00Z", "dear", 2_500_000) for n in range(9)]
    log = home / "calls.jsonl"
    log.write_text(
        "".join(LINE.format(ts=ts, id=n, session=s, tokens=t) for n, (ts, s, t) in enumerate(lines))
    )
    find().config.parent.mkdir(parents=True, exist_ok=True)
    find().config.write_text(
        f'[[source]]\nname = "own"\npaths = ["{log}"]\n[[budget]]\nname = "daily"\namount = "$50"\n'
    )
    assert main(["scan"]) == 0
    capsys.readouterr()
    asked = ("replay", "--since", "2026-11-04", "--until", "2026-11-06", "--json")
    first, second = said(capsys, *asked), said(capsys, *asked)
    assert first == second
    tree = json.loads(first)
    assert tree["sessions"] == 1
    plain = [one for one in tree["alerts"] if one["rule"] == "median_5x"]
    assert [(one["session"].rpartition("/")[2], one["turn"]) for one in plain][:1] == [("dear", 3)]
    tiers = [one["tier"] for one in tree["alerts"] if one["rule"] == "budget_tier"]
    assert tiers == [50, 80, 100]
    assert json.loads(said(capsys, "list", "--json"))["alerts"] == []


@pytest.fixture
def history(home, capsys):
    """Eight sessions of $3 and one of $45 a day later, which only the plain rule has to do with."""
    lines = [
        (f"2026-11-0{1 + peer % 3}T0{peer}:0{turn}:00Z", f"peer{peer}", 200_000 + 1000 * peer)
        for peer in range(8)
        for turn in range(5)
    ]
    lines += [(f"2026-11-05T10:{n:02}:00Z", "dear", 900_000) for n in range(18)]
    log = home / "calls.jsonl"
    log.write_text(
        "".join(LINE.format(ts=ts, id=n, session=s, tokens=t) for n, (ts, s, t) in enumerate(lines))
    )
    find().config.parent.mkdir(parents=True, exist_ok=True)
    find().config.write_text(f'[[source]]\nname = "own"\npaths = ["{log}"]\n')
    assert main(["scan"]) == 0
    capsys.readouterr()


SPAN = ("replay", "--since", "2026-11-04", "--until", "2026-11-06")


def test_replay_says_what_each_rule_contributes_and_of_which_sessions(history, capsys):
    tree = json.loads(said(capsys, *SPAN, "--json"))
    assert [one["session"] for one in tree["pushed"]] == ["costtop/dear"]
    assert tree["pushed_per_1000_sessions"] == 1000.0
    by_rule = {one["rule"]: one for one in tree["rules"]}
    told = [rule for rule, one in by_rule.items() if one["pushed_sessions"]]
    assert told
    assert set(tree["pushed"][0]["rules"]) == set(told)
    alone = [one for one in by_rule.values() if one["without_per_1000_sessions"] == 0]
    assert all(one["only"] == ["costtop/dear"] for one in alone)
    text = said(capsys, *SPAN)
    assert "WITHOUT IT" in text
    assert "\ndear  " in text


def test_replay_tries_settings_and_says_what_they_would_have_changed(history, capsys):
    quiet = ("--set", "anomaly.floor=500", "--set", "anomaly.session_cap=500")
    tree = json.loads(said(capsys, *SPAN, *quiet, "--json"))
    assert tree["pushed"] == []
    assert tree["tried"]["pushed_no_more"] == ["costtop/dear"]
    assert tree["tried"]["as_configured"]["pushed_per_1000_sessions"] == 1000.0
    assert "pushed no more: dear\n" in said(capsys, *SPAN, *quiet)
    budget = ("--set", "budget.daily.tiers=10,90", "--set", "budget.daily.amount=40")
    tree = json.loads(said(capsys, *SPAN, *budget, "--json"))
    assert [one["tier"] for one in tree["alerts"] if one["rule"] == "budget_tier"] == [10, 90]
    assert "budget" not in find().config.read_text()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("anomaly.multiplyer=2", "no such setting: did you mean anomaly.multiplier?"),
        ("budget.daily.tires=1", "did you mean budget.daily.tiers?"),
        ("anomaly.multiplier=lots", "anomaly.multiplier=lots: write a number, such as 8"),
        ("anomaly.floor=lots", "not an amount of dollars"),
        ("anomaly.multiplier=nan", "anomaly.multiplier: a number over 0, such as 5.0"),
        ("anomaly.multiplier=-inf", "anomaly.multiplier: a number over 0, such as 5.0"),
        ("anomaly", "write it as anomaly.multiplier=8"),
        ("budget.new.tiers=50", "missing required field `amount`"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_meant(history, capsys, setting, words):
    assert main(["alerts", *SPAN, "--set", setting]) == 2
    assert words in capsys.readouterr().err
