"""`costtop fleet export`: what it prints, and what it says where it cannot."""

import json
import signal

import pytest

from costtop import paths
from costtop.cli.main import main
from tests.docs import blocks
from tests.fleet.fleet import DAY, NOON, Fleet, call

pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'costtop[parquet]'")

PAGE = blocks.ROOT / "docs/fleet-archive.md"


@pytest.fixture
def configured(server, database):
    """A home that reads as anna, of team red, a fleet with calls of two days."""
    with Fleet(server, database, server.port, "ac") as fleet:
        fleet.ship("a", [call(1), call(2, at=NOON - DAY), call(3, at=NOON - DAY, cost=None)])
        fleet.ship("c", [call(4)])
        fleet.admin.execute("SELECT costtop.allow('anna', 'red')")
        _reads_as(fleet, "anna")
        yield fleet


def _reads_as(fleet, login, key="reader_url_file"):
    file = paths.find().config.parent / "url"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(fleet.server.url(fleet.database, login))
    file.chmod(0o600)
    paths.find().config.write_text(f'[fleet]\n{key} = "{file}"\n')


def _said(capsys, folder, *more):
    code = main(["fleet", "export", "--parquet", str(folder), *more])
    told = capsys.readouterr()
    return code, told.out or told.err


def test_it_says_what_it_wrote_and_what_it_left(configured, capsys, tmp_path):
    code, told = _said(capsys, tmp_path)
    assert code == 0
    shown = next(each for each in blocks.read(PAGE) if each.language == "console").text
    assert told == shown.partition("\n")[2].replace("before: archive", f"before: {tmp_path}")
    assert _said(capsys, tmp_path) == (0, f"0 days written, 2 as before: {tmp_path}\n")
    _, told = _said(capsys, tmp_path, "--since", "2026-11-25", "--json")
    assert json.loads(told)["days"] == [
        {"day": "2026-11-25", "calls": 1, "unpriced_calls": 0, "cost_usd": "0.010000000",
         "written": False},
    ]  # fmt: skip
    _, told = _said(capsys, tmp_path / "b", "--until", "2026-11-24")
    assert told.splitlines()[1:] == [f"1 day written, 0 as before: {tmp_path / 'b'}"]


def test_where_nothing_may_be_read_it_says_who_lets_one_in(configured, capsys, tmp_path):
    _reads_as(configured, "oscar")
    code, told = _said(capsys, tmp_path)
    assert code == 3
    assert told.endswith("no calls that this login may read: costtop fleet grant ROLE TEAM\n")
    _reads_as(configured, "costtop_host_a", "url_file")
    code, told = _said(capsys, tmp_path)
    assert code == 1
    assert "does not let this login do it; an export reads: [fleet] reader_url_file" in told


def test_a_server_that_is_away_or_no_fleet_at_all_is_said_in_a_line(configured, capsys, tmp_path):
    configured.server.end(signal.SIGQUIT)
    try:
        code, told = _said(capsys, tmp_path)
        assert code == 1
        assert "the fleet's server refuses connections; what was written is whole" in told
    finally:
        configured.server.start()
    paths.find().config.write_text("")
    code, told = _said(capsys, tmp_path)
    assert (code, told.count("\n")) == (1, 1)
    assert "the configuration has no [fleet]" in told
