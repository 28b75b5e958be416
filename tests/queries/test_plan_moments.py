"""Random moments of made-up days with two plans: every surface says of each window the same."""

import random
import re
from contextlib import closing

import pytest

from costtop.daemon.jobs.scan_once import scan
from costtop.daemon.status.prometheus import exposition
from costtop.durations import DAY, HOUR, MINUTE, SECOND, iso
from costtop.paths import find
from costtop.plan_reading import PlanReading
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse
from costtop.queries.plans import plan_history, plan_windows, plan_words
from costtop.queries.plans.known_plans import KnownPlans
from costtop.queries.totals import Totals, spending_line, window_words
from costtop.store.db import open_reader, open_writer
from costtop.store.names import Names
from costtop.store.plans import plan_readings
from costtop.sum_floors import Sum
from costtop.tui.widgets.plan_line import plan_line
from tests.plans.rollouts import rollout, window

NOW = 1_763_632_800_000  # 2025-11-20T10:00:00Z
HOURS = 30
MOMENTS = 60


@pytest.fixture
def database(tmp_path, monkeypatch):
    """Codex from its rollouts, Claude Code as its status line told; a reading now and then."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COSTTOP_HOME", str(tmp_path / "costtop"))
    rng = random.Random(5)
    for nth in range(8):
        start = NOW + nth * 4 * HOUR
        both = [
            {"primary": window(n, 300, start + 5 * HOUR), "secondary": window(nth * 9 + n // 12,
                                                                              10080, NOW + 5 * DAY)}
            for n in range(rng.randrange(20, 100))
        ]  # fmt: skip
        rollout(tmp_path, nth, start, both, plan_type="plus")
    scan(find())
    told = [
        PlanReading("claude-code", "/h/.claude", "", "", 300, float(n % 40),
                    NOW + (n // 40 + 1) * 5 * HOUR, NOW + n * 7 * MINUTE)
        for n in range(HOURS * 8)
    ]  # fmt: skip
    with closing(open_writer(find().database)) as db, db:
        plan_readings.put(db, Names(), told)
    return find().database


def test_at_any_moment_all_surfaces_agree(database):
    rng = random.Random(9)
    with closing(open_reader(database)) as db:
        screen, line, totals = Live(db), Live(db), Totals(db)
        states = set()
        for _ in range(MOMENTS):
            now = NOW + rng.randrange(HOURS * HOUR)
            right = plan_windows.read(db, now)
            assert line.plans(now) == totals.read(now).plans == KnownPlans().look(db, now) == right
            snapshot = screen.take(now, Pulse(True))._replace(plans=line.plans(now))
            runs = plan_history.read(db, now, line.zone())
            assert tuple(run.now for run in runs) == right
            _words_agree(right, snapshot, line.zone(), runs)
            _metrics_agree(exposition(totals.read(now)).decode(), right)
            states |= {(one.read is None, one.estimated, one.full is None) for one in right}
    assert len(states) >= 4  # told, estimated, full before, reset since: all of it was met


def _words_agree(right, snapshot, zone, runs):
    now, names = snapshot.at, plan_words.names(right)
    assert [run.called for run in runs] == names
    (drawn,) = plan_line(snapshot, 1000, plain=True)
    head = "".join(span.text for span in drawn)
    bar = spending_line(Sum(0), 0, (), window_words(right, now, zone))
    plain = plan_words.lines(right, now, zone)
    for name, one, said in zip(names, right, plain, strict=True):
        share, tree = plan_words.share(one), plan_words.tree(one)
        assert f"  plan {name} {share}" in said and f"{name} {share}" in bar
        assert re.search(rf"{re.escape(name)} [■·]* ?{re.escape(share)}", head)
        if ahead := plan_words.ahead(one, now, zone):
            assert ahead in said and ahead in head
            assert (ahead in bar) is (one.full is not None)
        assert tree["full_at"] == (None if one.full is None else iso(one.full))
        used = tree["used_percent"]
        assert share == "?" if used is None else f"{used:.0f} %" == share.removeprefix("~")


def _metrics_agree(text, right):
    for one in right:
        found = re.search(
            rf'costtop_plan_ratio{{agent="{one.agent}",[^}}]*window="{one.title}"}} (\S+)', text
        )
        assert (found is None) is (one.read is None)
        assert found is None or float(found[1]) == pytest.approx(one.read / 100)


def test_what_is_kept_for_the_screen_is_ten_seconds_old_at_most_also_when_the_clock_goes_back(
    database,
):
    rng, now = random.Random(3), NOW + 2 * HOUR
    with closing(open_reader(database)) as db:
        known, read_at = KnownPlans(), 0
        for _ in range(80):
            now += rng.choice([SECOND, 4 * SECOND, 11 * SECOND, -3 * SECOND, -HOUR, 2 * HOUR])
            if not 0 <= now - read_at < 10 * SECOND:
                read_at = now
            assert known.look(db, now) == plan_windows.read(db, read_at)
