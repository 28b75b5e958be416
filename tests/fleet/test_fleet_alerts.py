"""What a steward says, as everybody sees it: `costtop alerts --fleet`, budgets beside the sums."""

import json

import pytest

from costtop.cli.main import main
from costtop.paths import find
from tests.fleet.fleet import Fleet
from tests.fleet.stewards import BUDGET, StewardLife
from tests.fleet.test_steward import CENT, spend
from tests.notify.desk import Inbox
from tests.patience import until


@pytest.fixture
def told(server, database, home, tmp_path):
    """A fleet that has spent $1.20 of $1, a steward that said so, and `anna`, who reads."""
    inbox = Inbox()
    with Fleet(server, database, server.port) as fleet:
        for who in ("stella", "anna"):
            fleet.admin.execute("SELECT costtop.allow(%s, 'red')", (who,))
        ops = StewardLife(tmp_path / "ops", fleet, inbox.port, f'{BUDGET}action = "gate"\n').start()
        spend(fleet, 0, 60, "a")
        spend(fleet, 100, 60, "b")
        spend(fleet, 200, 500, "c")
        until(lambda: fleet.rows("SELECT budget FROM costtop.guards WHERE confirmed > 0"))
        config = find().config
        config.parent.mkdir(parents=True, exist_ok=True)
        url = config.with_name("anna.url")
        url.touch(0o600)
        url.write_text(server.url(database, "anna"))
        config.write_text(f'timezone = "UTC"\n[fleet]\nreader_url_file = "{url}"\n')
        yield fleet
        ops.end()
        inbox.close()


def _json(capsys, *words: str):
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_alerts_of_the_fleet_are_those_that_its_steward_told(told, capsys):
    until(lambda: set(told.rows("SELECT state FROM costtop.outbox")) == {"sent"})
    listed = _json(capsys, "alerts", "list", "--fleet")["incidents"]
    assert {one["id"] for one in listed} == set(told.rows("SELECT ref FROM costtop.alerts"))
    assert any("100 %" in one["title"] for one in listed)
    (told_words,) = {one["told_words"] for one in listed if "100 %" in one["title"]}
    assert "nobody listens" not in told_words
    shown = _json(capsys, "alerts", "show", listed[0]["id"], "--fleet")
    assert shown["title"] == listed[0]["title"]


def test_a_budget_in_the_head_of_the_fleet_is_what_stands_on_the_server(told, capsys):
    frame = _json(capsys, "--once", "--fleet")
    (budget,) = frame["budgets"]
    (standing,) = told.rows("SELECT budget, spent, amount FROM costtop.standing")
    spent = round(float(budget["spent_usd"]) * 100 * CENT)
    assert (budget["name"], spent) == (standing[0], standing[1])
    assert standing[1:] == (120 * CENT, 100 * CENT)
