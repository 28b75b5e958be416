"""What holds sessions back, read from a real store."""

import sqlite3
from pathlib import Path

from costtop.model import Breaker
from costtop.queries.live import live_alerts
from costtop.store.alerts import breakers
from scripts.benches import fleet

NOW = fleet.AT
ODD = "claude-code/a[b]*c?"


def test_open_breakers_are_read_until_they_are_overridden_or_over(tmp_path: Path):
    paths = fleet.instance(tmp_path)
    fleet.build(paths, days=0, sessions=1)
    db = sqlite3.connect(paths.database)
    assert live_alerts.read(db, NOW) == ()
    breakers.put(db, Breaker("daily", "day", "gate", (("source", "c*"),), "spent", NOW - 1))
    breakers.stop_session(db, ODD, "the user stops this session", NOW)
    daily, stop = live_alerts.read(db, NOW)
    assert (daily.budget, daily.session, daily.action) == ("daily", "", "gate")
    assert (stop.budget, stop.session, stop.action) == ("", ODD, "stop")
    breakers.override(db, "ana", "daily", "", 60_000, NOW)
    assert live_alerts.read(db, NOW) == (stop,)
    assert live_alerts.read(db, NOW + breakers.OWN) == (daily,)
    breakers.override(db, "ana", "", ODD, 60_000, NOW)
    assert live_alerts.read(db, NOW) == ()
    db.close()
