"""Surfaces that show the same fact show the same: of one real store, read by each of them."""

from pathlib import Path

import pytest

from costtop.daemon.alerting.live_sessions import Running
from costtop.detect.settings import Settings
from costtop.model import Call, Tokens
from costtop.queries.sessions import session
from costtop.store import meta
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import Books, record
from costtop.store.db import open_writer

NOW = 1_795_003_200_000
MINUTE = 60_000
HOUR = 60 * MINUTE


def written(path: Path, calls: list[tuple[str, str, int, int]]):
    """A store of calls (session, model, at, cost), each a call of its own."""
    db = open_writer(path / "costtop.db")
    rows = []
    for nth, (name, model, at, cost) in enumerate(calls):
        made = Call(f"{nth}".encode().ljust(16), "claude-code", name, model, Tokens(100), at)
        rows.append(Priced(made, cost, cost, None))
    reading = Reading("claude-code", b"/log", "{}", "{}", 1, False, rows, [], [], [], [])
    db.execute("BEGIN")
    record(db, Books(lambda context, source, model: ""), [reading], NOW)
    db.execute("COMMIT")
    return db


def watched(db, finished_after: int) -> Running:
    """The daemon's side of the peers, as after a start with this configuration."""
    told = meta.encoded(zone="UTC", finished_after=finished_after, min_peers=5, budgets=())
    running = Running(Settings(finished_after=finished_after))
    db.execute("BEGIN")
    meta.put(db, {**told, "imported": str(NOW)})
    running.learn(db, NOW)
    running.catch_up(db, (), NOW)
    running.keep(db)
    db.execute("COMMIT")
    return running


@pytest.mark.parametrize(("hours", "size"), [(2, 6), (12, None)])
def test_the_session_page_knows_the_finished_peers_of_the_configuration(
    tmp_path: Path, hours: int, size: int | None
):
    """Quiet for three hours is finished after two, not after twelve."""
    quiet = [(f"old{n}", "opus", NOW - 3 * HOUR, (n + 1) * 1_000_000) for n in range(6)]
    resting = [(f"resting{n}", "opus", NOW - HOUR, 50_000_000) for n in range(6)]
    db = written(tmp_path, [*quiet, *resting, ("mine", "opus", NOW - MINUTE, 70_000_000)])
    watched(db, hours * HOUR)
    found = session.read(db, "claude-code/mine")
    assert found is not None
    if size is None:
        assert found.peers is None
    else:
        assert found.peers is not None
        assert (found.peers.level, found.peers.name) == ("source", "claude-code")
        assert (found.peers.size, found.peers.median) == (size, 3_500_000)
    db.close()
