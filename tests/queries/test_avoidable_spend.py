"""What today's sessions could have saved, from a real store."""

from pathlib import Path

import pytest

from costtop import periods
from costtop.queries.connection import Door
from costtop.queries.live import avoidable_spend
from costtop.queries.live.avoidable_spend import Avoidable
from costtop.queries.sessions import session
from costtop.store.db import open_reader
from scripts.benches import fleet

WASTE = {"miss_ttl_expiry", "miss_prefix_break", "miss_model_switch", "retries"}
NOW = fleet.AT


def test_the_sum_is_that_of_the_sessions_own_ledgers(tmp_path: Path):
    paths = fleet.instance(tmp_path)
    fleet.build(paths, days=0)
    db = open_reader(paths.database)
    rows = Door(paths, lambda: NOW).frame().sessions
    today = min(row.started or NOW for row in rows)
    known = Avoidable()
    assert known.look(db, NOW, today, 1) is None  # the first frame is not kept waiting
    waste = known.look(db, NOW + 5_000, today, 1)
    read = [session.read(db, row.key) for row in rows]
    books = [part for one in read if one for part in one.books]
    assert waste is not None
    assert waste.amount == sum(amount for name, amount in books if name in WASTE) > 0
    assert not waste.floor
    later = known.look(db, NOW + 6_000, today, 2)  # something was spent since
    assert later == waste._replace(floor=True)


def test_it_is_worked_out_piece_by_piece_and_a_floor_until_all_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    paths = fleet.instance(tmp_path)
    fleet.build(paths, days=0)
    db = open_reader(paths.database)
    today = periods.start_of("day", NOW, periods.zone("UTC"))
    whole = Avoidable()
    whole.look(db, 0, today, 1)
    monkeypatch.setattr(avoidable_spend, "_CALLS", 1)
    pieces = Avoidable()
    pieces.look(db, 0, today, 1)
    first = pieces.look(db, 5_000, today, 1)
    assert first is not None
    assert first.floor
    for n in range(2, 60):
        last = pieces.look(db, 30_000 * n, today, 1)
    monkeypatch.undo()
    assert last == whole.look(db, 5_000, today, 1)
    assert last is not None
    assert not last.floor
