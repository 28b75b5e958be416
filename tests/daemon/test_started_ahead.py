"""A scan's workers start before its store is open, and end with it, whatever becomes of it."""

import subprocess

import pytest

from costtop import paths
from costtop.daemon.ingest import backlog
from costtop.daemon.ingest.fold_workers import Workers
from costtop.daemon.jobs.scan_once import scan
from costtop.errors import ConfigError
from tests.cli.logs import claude_row, write


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> list[Workers]:
    """Every pool that a scan has started ahead; the least backlog is large."""
    made: list[Workers] = []

    def started(count: int, budget: int) -> Workers:
        made.append(start(count, budget))
        return made[-1]

    start = backlog.started
    monkeypatch.setattr(backlog, "started", started)
    monkeypatch.setattr(backlog, "_BACKLOG", 1)
    monkeypatch.setattr(backlog, "_WORKERS", 2)
    return made


def ended(pool: Workers) -> list["subprocess.Popen[bytes]"]:
    return [one for one in pool.processes if one.returncode is not None]


def test_a_scan_folds_by_workers_that_it_started_ahead(home, pools):
    write(home, claude_row(1), claude_row(2))
    assert scan(paths.find())["calls"] == 2
    write(home, claude_row(3))
    assert scan(paths.find())["calls"] == 1
    assert scan(paths.find())["calls"] == 0
    assert [ended(pool) for pool in pools] == [pool.processes for pool in pools]
    assert len(pools) == 2  # where nothing is new nobody is needed


def test_workers_started_ahead_of_what_does_not_start_are_ended(home, pools):
    write(home, claude_row(1))
    found = paths.find()
    found.config.parent.mkdir(parents=True, exist_ok=True)
    found.config.write_text('[prices]\nlitellm = "/nowhere/prices.json"\n')
    with pytest.raises(ConfigError, match="nowhere"):
        scan(found)
    (pool,) = pools
    assert ended(pool) == pool.processes
