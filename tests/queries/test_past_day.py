"""A past day as it stood: its own alerts, deeds and budgets, none of what came later."""

from pathlib import Path
from zoneinfo import ZoneInfo

from costtop.durations import DAY, HOUR, MINUTE
from costtop.model import Budget
from costtop.queries.live import past_frame
from costtop.store import meta
from tests.queries.test_day_chart import told
from tests.queries.test_surfaces import NOW, written

UTC = ZoneInfo("UTC")
AT = NOW // DAY * DAY - 10 * HOUR  # two in the afternoon of yesterday


def _store(path: Path):
    db = written(path, [
        ("wild", "opus", AT - 2 * HOUR, 4_000_000_000),
        ("wild", "opus", AT + 2 * HOUR, 9_000_000_000),
        ("killed", "opus", AT - 3 * HOUR, 2_000_000_000),
        ("later", "opus", NOW - HOUR, 1_000_000_000),
    ])  # fmt: skip
    told(db, "claude-code/wild", AT - HOUR, told=AT - HOUR)
    told(db, "claude-code/later", NOW - HOUR, told=NOW - HOUR)
    db.execute("UPDATE alerts SET cause = 'retry_loop', evidence = '{\"ratio\": 6.25}'")
    db.execute(
        "INSERT INTO deeds (at, by, deed, session, detail) VALUES"
        " (?, 'ana', 'kill up to TERM', 'claude-code/killed', ''),"
        " (?, 'ana', 'kill up to TERM', 'claude-code/wild', '')",
        (AT - 3 * HOUR + MINUTE, AT + 3 * HOUR),
    )
    budgets = (
        Budget("daily", "day", 8_000_000_000, (50, 80, 100), ()),
        Budget("opus", "day", 16_000_000_000, (50,), (("model", "opus"),)),
    )
    meta.put(db, meta.encoded(zone="UTC", finished_after=DAY, min_peers=5, budgets=budgets))
    return db


def test_a_past_day_wears_its_own_words_deeds_and_budgets(tmp_path: Path):
    db = _store(tmp_path)
    frame = past_frame.take(db, AT, UTC)
    rows = {row.session: row for row in frame.sessions}
    assert set(rows) == {"wild", "killed"}
    assert rows["wild"].cost == 4_000_000_000
    assert (rows["wild"].why, rows["wild"].severity) == ("retry loop · 6.2x usual", "critical")
    assert rows["killed"].why == "killed by ana 2h59 ago"
    assert frame.alerts_open == 1
    assert [(b.name, b.spent) for b in frame.budgets] == [
        ("daily", 6_000_000_000),
        ("opus", 6_000_000_000),
    ]
    assert frame.today == 6_000_000_000


def test_an_alert_that_was_over_by_then_is_not_open_in_the_past(tmp_path: Path):
    db = _store(tmp_path)
    db.execute("UPDATE alerts SET resolved_at = ?", (AT - MINUTE,))
    assert past_frame.take(db, AT, UTC).alerts_open == 0
    assert past_frame.take(db, AT - 2 * MINUTE, UTC).alerts_open == 1
