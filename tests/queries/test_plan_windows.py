"""Plans' windows as readers see them: real rollouts and status lines, through the store."""

import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from costtop.cli.main import main
from costtop.daemon.jobs.scan_once import scan
from costtop.daemon.status.prometheus import exposition
from costtop.durations import DAY, HOUR, MINUTE, now_ms
from costtop.paths import find
from costtop.plan_reading import PlanReading
from costtop.queries.live.frame import Live
from costtop.queries.plans import plan_history, plan_windows
from costtop.queries.totals import Totals, spending_line, window_words
from costtop.store.db import open_reader, open_writer
from costtop.store.forgetting import removal, tombstones
from costtop.store.names import Names
from costtop.store.plans import plan_readings
from costtop.sum_floors import Floor, Sum
from tests.plans.rollouts import ID, rollout, window

FIVE, WEEK = 300, 10080


def read(now):
    scan(find())
    with closing(open_reader(find().database)) as db:
        return plan_windows.read(db, now)


def test_two_sessions_fill_a_window_by_their_dollars(home):
    now = now_ms()
    ends, start = now + 2 * HOUR, now - 80 * MINUTE
    rollout(home, 1, start, [{"primary": window(10 + n, FIVE, ends)} for n in range(21)])
    rollout(
        home, 2, start + 40 * MINUTE, [{"primary": window(30 + n, FIVE, ends)} for n in range(20)]
    )
    (one,) = read(now)
    assert (one.agent, one.title, one.read, one.used) == ("codex", "5h", 49, 49)
    assert [part.session for part in one.sessions] == [f"codex/{ID}1", f"codex/{ID}2"]
    assert sum(part.points for part in one.sessions) + one.elsewhere == pytest.approx(49)
    assert one.elsewhere == pytest.approx(9, abs=1.1)
    assert one.full is not None
    assert abs(one.full - (now + 51 * 2 * MINUTE)) < 30 * MINUTE
    assert one.point == pytest.approx(7_500_000, rel=0.05)  # what one of these requests costs


def test_a_week_that_stands_first_is_a_week(home):
    now = now_ms()
    rollout(home, 1, now - HOUR, [{"primary": window(20, WEEK, now + 3 * DAY), "secondary": None}])
    (one,) = read(now)
    assert (one.title, one.minutes, one.read) == ("week", WEEK, 20)


def test_two_accounts_are_two_sets(home, monkeypatch):
    now = now_ms()
    rollout(home, 1, now - HOUR, [{"primary": window(20, FIVE, now + HOUR)}])
    rollout(home, 2, now - HOUR, [{"primary": window(70, FIVE, now + HOUR)}], folder="work")
    monkeypatch.setenv("CODEX_HOME", str(home / "work"))
    scan(find())
    monkeypatch.delenv("CODEX_HOME")
    found = read(now)
    assert {(one.home, one.read) for one in found} == {
        (str(home / ".codex"), 20.0), (str(home / "work"), 70.0)
    }  # fmt: skip


def test_after_its_reset_only_an_estimate_is_left(home):
    now = now_ms()
    start, ends = now - 3 * HOUR, now - HOUR
    steps = [{"primary": window(10 + n, FIVE, ends)} for n in range(30)]
    rollout(home, 1, start, steps)
    rollout(home, 2, now - 30 * MINUTE, [{}, {}, {}, {}])
    (one,) = read(now)
    assert (one.read, one.resets, one.estimated) == (None, None, True)
    assert one.used == pytest.approx(4, abs=0.3)


def test_every_surface_says_the_same(home, capsys):
    now = now_ms()
    steps = [
        {"primary": window(10 + n, FIVE, now + 4 * HOUR), "secondary": window(9, WEEK, now + DAY)}
        for n in range(30)
    ]
    rollout(home, 1, now - 58 * MINUTE, steps, plan_type="plus")
    (five, week) = read(now)
    assert main(["--once", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["plans"]
    assert [(one["window"], one["used_percent"], one["plan"]) for one in told] == [
        ("5h", 39.0, "plus"), ("week", 9.0, "plus")
    ]  # fmt: skip
    (eaten,) = told[0]["sessions"]
    assert (eaten["session"], eaten["percent"]) == (f"codex/{ID}1", pytest.approx(30, abs=1))
    assert main(["--once"]) == 0
    plain = capsys.readouterr().out
    assert "  plan 5h 39 % resets " in plain and "full ~" in plain
    assert "  plan week 9 % resets " in plain
    with closing(open_reader(find().database)) as db:
        metrics = exposition(Totals(db).read(now)).decode()
        live = Live(db)
        words = window_words(live.plans(now), now, live.zone())
    assert words[0].startswith("5h 39 % full ~") and words[1] == "week 9 %"
    ratio = 'costtop_plan_ratio{agent="codex",home=".codex",plan="plus",window='
    assert f'{ratio}"5h"}} 0.39' in metrics and f'{ratio}"week"}} 0.09' in metrics
    assert "costtop_plan_reset_timestamp_seconds" in metrics
    line = spending_line(Sum(0, 0, Floor()), 0, (), words)
    assert line == f"today $0.00 · {words[0]} · week 9 %"
    assert (five.read, week.read) == (39, 9)


def test_nothing_is_said_without_a_plan(home):
    rollout(home, 1, now_ms() - HOUR, [{}, {}])
    assert read(now_ms()) == ()


def test_readings_are_kept_once_a_change_and_thinned_with_age(home):
    find().database.parent.mkdir(parents=True, exist_ok=True)
    now = int(time.time()) * 1000
    known = PlanReading("codex", "", "", "", FIVE, 0.0, None, 0)
    old = (now - 60 * DAY) // (15 * MINUTE) * 15 * MINUTE + 7 * MINUTE  # in 21 quarter hours
    readings = [known._replace(at=old + n * MINUTE, used=n / 10) for n in range(300)]
    again = [known._replace(at=now - HOUR + n * MINUTE, used=5.0) for n in range(30)]
    db = open_writer(find().database)
    with closing(db), db:
        plan_readings.put(db, Names(), [*readings, *again])
        assert count(db) == 301
        (limit,) = plan_readings.limits(db)
        dropped = plan_readings.thin(db, *limit, now)
        assert dropped == 300 - 21  # of each quarter hour the last is the fullest
        (one,) = plan_readings.read(db, old)
        assert max(reading.used for reading in one) == 29.9
        assert [one[-2].at, one[-1].at] == [again[0].at, again[-1].at]


def test_times_that_are_forgotten_take_what_was_told_then(home):
    find().database.parent.mkdir(parents=True, exist_ok=True)
    known = PlanReading("codex", "/home/me/.codex", "", "", FIVE, 0.0, None, 0, "s1")
    readings = [known._replace(at=at, used=used) for at, used in ((100, 5), (200, 5), (300, 9))]
    db = open_writer(find().database)
    with closing(db), db:
        names = Names()
        plan_readings.put(db, names, readings)
        tombstones.put(db, [(tombstones.EVERYBODY, 150)], 400)
        removal.rest(db)
        (left,) = plan_readings.read(db, 0)
        assert [(one.at, one.used) for one in left] == [(200, 5), (300, 9)]
        assert left[0].home == "/home/me/.codex"
        tombstones.put(db, [(tombstones.who("codex", "s1"), 400)], 400)
        removal.rest(db)
        assert plan_readings.read(db, 0) == []
        assert db.execute("SELECT count(*) FROM plan_limits").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM names WHERE text LIKE '%codex%'").fetchone() == (0,)


def count(db: sqlite3.Connection) -> int:
    return db.execute("SELECT count(*) FROM plan_readings").fetchone()[0]


def test_days_of_the_week_have_what_was_used_on_them(home):
    now = now_ms() // DAY * DAY + 20 * HOUR
    find().database.parent.mkdir(parents=True, exist_ok=True)
    known = PlanReading("codex", "/h", "", "", FIVE, 0.0, None, 0)
    week = known._replace(minutes=WEEK, resets=now + 2 * DAY)
    told = [
        known._replace(at=now - 8 * DAY, used=30.0, resets=now - 8 * DAY + HOUR),
        known._replace(at=now - HOUR, used=10.0, resets=now + HOUR),
        known._replace(at=now, used=50.0, resets=now + HOUR),
        week._replace(at=now - DAY, used=40.0), week._replace(at=now, used=48.0),
    ]  # fmt: skip
    with closing(open_writer(find().database)) as db, db:
        plan_readings.put(db, Names(), told)
    with closing(open_reader(find().database)) as db:
        five, seven = plan_history.read(db, now, ZoneInfo("UTC"))
    today, before = (
        datetime.fromtimestamp(at / 1000, UTC).weekday() for at in (now, now - 8 * DAY)
    )
    assert (five.weekdays[today], five.weekdays[before]) == (12.5, 7.5)
    assert (seven.weekdays[today], sum(seven.weekdays)) == (
        2.0,
        2.0,
    )  # when the 40 came nobody knows
    assert [used for *_, used in five.past] == [30.0]


def test_a_status_bar_has_the_three_windows_that_press_most():
    known = plan_windows.PlanWindow("codex", "/h", "", "", "5h", FIVE, at=1_000_000, read=1.0)
    plans = [known._replace(title=f"{n}h", used=10.0 * n) for n in range(1, 6)]
    plans[0] = plans[0]._replace(full=2_000_000)
    said = window_words(plans, 1_000_000, ZoneInfo("UTC"))
    assert said == ["1h 10 % full ~00:33", "4h 40 %", "5h 50 %"]
