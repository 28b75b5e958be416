"""`--fleet` of a command: the same answer over another path, by a child that loads the driver."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from costtop import paths
from costtop.cli.main import main
from costtop.durations import DAY, HOUR, QUARTER, now_ms
from costtop.fleet.ship_to_server import ship
from costtop.fleet.shipment import ShippedLine, SumShipment
from tests.fleet.fleet import Fleet, call, session

pytestmark = pytest.mark.parametrize("fleet", ["pool"], indirect=True)


@pytest.fixture
def team(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """Two hosts of one team and one of another have spent; this machine reads the first team."""
    fleet.admin.execute("SELECT costtop.allow('anna', 'red')")
    url = paths.find().config.with_name("reader.url")
    url.parent.mkdir(parents=True, exist_ok=True)
    url.write_text(fleet.server.url(fleet.database, "anna", fleet.port))
    url.chmod(0o600)
    paths.find().config.write_text(f'timezone = "UTC"\n[fleet]\nreader_url_file = "{url}"\n')
    now = now_ms()
    said = [session(0, last=now, started=now - 2 * DAY), session(1, last=now, source="codex")]
    for number, host in enumerate("abc"):
        calls = [call(10 * number + n, of=n % 2, at=now - n * DAY // 2) for n in range(5)]
        fleet.ship(host, calls, sessions=said)
    return fleet


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def lines(tree: dict[str, Any]) -> dict[str, str]:
    return {row["key"]: row["cost_usd"] for row in tree["rows"]}


def test_a_report_is_summed_by_any_key(team: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    for key, wanted in {
        "host": {"a": "0.050000000", "b": "0.050000000"},
        "team": {"red": "0.100000000"},
        "source": {"claude-code": "0.060000000", "codex": "0.040000000"},
        "tool": {"(no tool)": "0.100000000"},
    }.items():
        found = answered(capsys, "report", "--fleet", "--by", key, "--json")
        assert lines(found) == wanted
        assert found["total"]["cost_usd"] == "0.100000000"
        assert found["total"]["sessions"] == 4
    found = answered(capsys, "report", "--fleet", "--by", "session", "--json", "--host", "a")
    assert set(lines(found)) == {"claude-code/a:s0", "codex/a:s1"}


def test_days_and_hours_of_a_report_add_up(team: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    sums = [
        sum(float(row["cost_usd"]) for row in found["rows"])
        for key in ("day", "hour", "week", "month")
        for found in [answered(capsys, "report", "9d", "--fleet", "--by", key, "--json")]
    ]
    assert sums == pytest.approx([0.1] * 4)


def test_a_frame_has_its_hosts(team: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(capsys, "--once", "--fleet", "--json")
    named = {"claude-code/a:s0", "codex/a:s1", "claude-code/b:s0", "codex/b:s1"}
    assert {row["key"] for row in found["sessions"]} == named
    assert [(one["host"], one["silent"]) for one in found["hosts"]] == [("a", False), ("b", False)]
    assert {row["team"] for row in found["sessions"]} == {"red"}
    assert main(["--once", "--fleet"]) == 0
    assert "2 hosts" in capsys.readouterr().out


def test_a_report_that_misses_a_silent_host_says_so(
    team: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    team.admin.execute("UPDATE costtop.hosts SET seen = seen - 60000 WHERE name = 'b'")
    found = answered(capsys, "report", "--fleet", "--by", "host", "--json")
    assert {row["key"]: row["floor"] for row in found["rows"]} == {"a": False, "b": True}
    assert found["total"]["floor"]
    assert main(["report", "--fleet", "--by", "feature"]) == 0
    shown = capsys.readouterr().out
    assert "≥0.1000" in shown
    assert "machines that are silent" in shown


def test_why_of_a_fleets_day_and_session(team: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    now = now_ms()
    calls = [call(900 + n, at=now - 7 * DAY - n * HOUR // 9) for n in range(3)]
    team.ship("a", calls, sessions=[session(5, last=now - 7 * DAY)])
    day = answered(capsys, "why", "today", "--fleet", "--json")
    report = answered(capsys, "report", "today", "--fleet", "--json")
    assert day["cost_usd"] == report["total"]["cost_usd"]
    assert {one["key"] for one in day["sessions"]} <= {"claude-code/a:s0", "claude-code/b:s0"}
    one = answered(capsys, "why", "a:s0", "--fleet", "--json")
    assert one["cost_usd"] == "0.030000000"


def test_no_driver_is_loaded_by_the_command_itself(
    team: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    import subprocess

    code = (
        "import sys; from costtop.cli.main import main;"
        "assert main(['report', '--fleet', '--json']) == 0; assert 'psycopg' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_what_is_wrong_is_said_in_one_line(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["report", "--fleet"]) == 1
    assert "no fleet is configured" in capsys.readouterr().err
    url = tmp_path / "url"
    url.write_text("postgresql://anna@127.0.0.1:1/fleet")
    url.chmod(0o600)
    paths.find().config.parent.mkdir(parents=True, exist_ok=True)
    paths.find().config.write_text(f'[fleet]\nreader_url_file = "{url}"\n')
    assert main(["--once", "--fleet"]) == 1
    said = capsys.readouterr().err
    assert "refuses connections" in said
    assert "127.0.0.1" not in said
    assert len(said.splitlines()) == 1


def test_a_server_of_another_schema_is_said(
    team: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    known = team.rows("SELECT version FROM costtop.meta")[0]
    for version, words in {known - 1: "costtop fleet migrate", known + 1: "update costtop"}.items():
        team.admin.execute("UPDATE costtop.meta SET version = %s", (version,))
        assert main(["report", "--fleet"]) == 1
        assert words in capsys.readouterr().err
    team.admin.execute("UPDATE costtop.meta SET version = %s", (known,))
    team.admin.execute("ALTER TABLE costtop.spend RENAME TO spend_of_before")
    try:
        assert main(["--once", "--fleet"]) == 1
        said = capsys.readouterr().err
    finally:
        team.admin.execute("ALTER TABLE costtop.spend_of_before RENAME TO spend")
    assert "made by another build" in said
    assert len(said.splitlines()) == 1


def test_a_machine_that_tells_sums_alone_is_in_every_report(
    team: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    team.enrol("d")
    quarter = now_ms() // QUARTER
    line = ShippedLine(quarter, "bob", "web", "haiku", "search", 3, 0, 0, 0, 7_000, 30, 0, 0, 9)
    link = team.link("d")
    ship(link, team.epochs["d"], 1, SumShipment("spend", [quarter], [line]))
    for key, name in {"host": "d", "model": "haiku", "feature": "search"}.items():
        found = answered(capsys, "report", "7d", "--fleet", "--by", key, "--json")
        assert lines(found)[name] == "0.000007000"
        assert found["total"]["cost_usd"] == "0.100007000"
    found = answered(capsys, "--once", "--fleet", "--json")
    assert [one["today_usd"] for one in found["hosts"] if one["host"] == "d"] == ["0.000007000"]
