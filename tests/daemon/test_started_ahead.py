"""A scan's worker folds before its store is open, and ends with it, whatever becomes of it."""

import os
from subprocess import Popen

import pytest

from costtop import paths
from costtop.daemon import fold_process
from costtop.daemon.ingest import backlog
from costtop.daemon.jobs import scan_once
from costtop.errors import ConfigError
from costtop.tail.find import find
from costtop.tail.roots import rooted
from tests.cli.logs import claude_row, write


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[Popen[bytes]]:
    """Every process that a scan has started; the least backlog is large, one at work is enough."""
    made: list[Popen[bytes]] = []

    def started(*, pure: bool = False, turn: int = fold_process.TURN) -> Popen[bytes]:
        made.append(start(pure=pure, turn=turn))
        return made[-1]

    start = fold_process.started
    monkeypatch.setattr(fold_process, "started", started)
    monkeypatch.setattr(fold_process, "_LARGE", 1)
    monkeypatch.setattr(fold_process, "MOST", 2)
    monkeypatch.setattr(backlog, "_WAITED", 1 << 30)  # also where the machine is busy
    return made


def all_ended(processes):
    return all(one.returncode is not None for one in processes)


def many(home, number: int) -> None:
    """So many logs of two calls each, and one that cannot be read."""
    folder = home / ".claude/projects/shop"
    folder.mkdir(parents=True)
    for nth in range(number):
        session = f"{nth:08d}-4e5f-4061-8071-2a3b4c5d6e7f"
        rows = [claude_row(2 * nth), claude_row(2 * nth + 1)]
        text = "".join(f"{row}\n" for row in rows).replace("0a1b2c3d-4e5f-4061-8071", session[:23])
        (folder / f"{session}.jsonl").write_text(text)
    os.mkfifo(folder / "pipe.jsonl")


def test_what_was_folded_ahead_is_stored_once_and_so_is_the_rest(home, processes, monkeypatch):
    monkeypatch.setattr(backlog, "_FILES_AT_ONCE", 2)
    many(home, 20)
    begun = []
    real = scan_once._first_turns
    monkeypatch.setattr(scan_once, "_first_turns", lambda *a: begun.extend(real(*a)) or [*begun])
    assert scan_once.scan(paths.find())["calls"] == 40
    assert [len(turn) for turn in begun] == [2, 2, 2, 2]
    assert scan_once.scan(paths.find())["calls"] == 0
    assert len(processes) == 1  # where nothing is new nobody is needed
    assert all_ended(processes)


def test_of_a_store_that_is_there_nothing_is_folded_ahead(home, processes, monkeypatch):
    write(home, claude_row(1), claude_row(2))
    assert scan_once.scan(paths.find())["calls"] == 2
    write(home, claude_row(3))
    monkeypatch.setattr(scan_once, "_first_turns", lambda *_: pytest.fail("it has places"))
    assert scan_once.scan(paths.find())["calls"] == 1
    assert len(processes) == 2
    assert all_ended(processes)


def test_a_worker_that_dies_with_what_it_has_begun_loses_nothing(home, processes, monkeypatch):
    monkeypatch.setattr(backlog, "_FILES_AT_ONCE", 2)
    many(home, 20)
    real = scan_once._stored

    def stored(*arguments):
        processes[0].kill()
        processes[0].wait()
        return real(*arguments)

    monkeypatch.setattr(scan_once, "_stored", stored)
    assert scan_once.scan(paths.find())["calls"] == 40
    assert len(processes) == 2  # it had a follower
    assert all_ended(processes)


def test_workers_started_ahead_of_what_does_not_start_are_ended(home, processes):
    write(home, claude_row(1))
    found = paths.find()
    found.config.parent.mkdir(parents=True, exist_ok=True)
    found.config.write_text('[prices]\nlitellm = "/nowhere/prices.json"\n')
    with pytest.raises(ConfigError, match="nowhere"):
        scan_once.scan(found)
    assert len(processes) == 1
    assert all_ended(processes)


def test_only_so_much_is_begun_as_a_pipe_takes(home, processes, monkeypatch):
    monkeypatch.setattr(backlog, "_FILES_AT_ONCE", 2)
    monkeypatch.setattr(fold_process, "room", lambda _: 1_000)
    many(home, 8)
    folder = rooted(home / ".claude/projects", ("**/*.jsonl",), "lines", "claude-code:claude-code")
    found = find([folder], 0)
    with scan_once._folding_ahead(found, 1, first=True, titles=False) as ahead:
        assert ahead is not None
        assert 0 < len(ahead.turns) < 4
    assert all_ended(processes)
