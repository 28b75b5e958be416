"""S1: on a full disk agents are still ended by hand, and it is written down when there is room."""

import errno
import sqlite3
from contextlib import closing

import pytest

from tests.e2e.house import House
from tests.patience import until

KEY = "claude-code/aaaa0000-0000-4000-8000-000000000001"


@pytest.fixture
def house(home, tmp_path, shim, monkeypatch):
    """An instance whose writes fail as long as `home/fault` says so."""
    folder = tmp_path / "work"
    folder.mkdir()
    for name, value in {
        "LD_PRELOAD": shim, "FAULT_FILE": home / "fault", "FAULT_BELOW": home / "costtop",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    found = House(home, folder)
    try:
        yield found
    finally:
        (home / "fault").unlink(missing_ok=True)
        found.end()


@pytest.mark.parametrize("fault", ["full", "locked"])
def test_an_agent_is_ended_though_nothing_can_be_written_down(house, home, fault):
    house.start()
    agent = house.agent(session=KEY.partition("/")[2], every=0.2)
    house.known(KEY)
    with closing(sqlite3.connect(house.paths.database, isolation_level=None)) as other:
        if fault == "full":
            (home / "fault").write_text(str(errno.ENOSPC))
        else:
            other.execute("BEGIN EXCLUSIVE")
        ran = house.run("kill", KEY)
        assert ran.returncode == 0, ran.stderr
        agent.gone()
        (home / "fault").unlink(missing_ok=True)
    until(lambda: house.answers("SELECT 1 FROM deeds WHERE deed LIKE 'kill%'"), what="journal")
    until(lambda: "kill" in house.told)
