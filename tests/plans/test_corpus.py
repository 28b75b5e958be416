"""Six rollouts of our own making through the real fold into the store; the samples besides.

Each case says by hand which windows there are at its moment, how full, until when, and when a
steady pace fills them.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costtop.daemon.jobs.scan_once import scan
from costtop.durations import DAY
from costtop.paths import find
from costtop.plan_reading import PlanReading
from costtop.plans import windows
from costtop.plans.windows import Window
from costtop.queries.plans import plan_windows
from costtop.store.db import open_reader, open_writer
from costtop.store.names import Names
from costtop.store.plans import plan_readings
from tests.plans.corpus import FOLDER, ROLLOUTS, check, moment

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "codex"


def read(now):
    with closing(open_reader(find().database)) as db:
        return plan_windows.read(db, now)


def runs(now):
    """The windows of each limit one after the other, by title."""
    with closing(open_reader(find().database)) as db:
        told = [windows.windows(_possible(one, now)) for one in plan_readings.read(db, 0)]
    return {windows.title(one[-1].key): one for one in told if one}


def _possible(readings, now):
    return [one for one in readings if windows.is_possible(one, now)]


@pytest.mark.parametrize("name", ROLLOUTS)
def test_a_rollout_shows_its_windows_and_nothing_else(home, name):
    case = ROLLOUTS[name]
    shutil.copytree(FOLDER / name, home, dirs_exist_ok=True)
    scan(find())
    now = moment(case["now"])
    check(read(now), case)
    assert {title: len(run) for title, run in runs(now).items()} == case["runs"]


@pytest.mark.parametrize("name", ROLLOUTS)
def test_a_rollout_that_grows_under_restarts_says_what_the_whole_one_says(home, name):
    (log,) = (FOLDER / name).rglob("*.jsonl")
    lines = log.read_bytes().splitlines(keepends=True)
    grown = home / log.relative_to(FOLDER / name)
    grown.parent.mkdir(parents=True)
    cuts = sorted({3, len(lines) // 2, len(lines) * 2 // 3, len(lines)})
    for since, until in zip([0, *cuts], cuts, strict=False):
        with grown.open("ab") as file:
            file.write(b"".join(lines[since:until]))
        scan(find())  # each one opens the store anew
    now = moment(ROLLOUTS[name]["now"])
    live = runs(now), read(now)
    find().database.unlink()
    scan(find())
    assert (runs(now), read(now)) == live


def test_two_accounts_are_two_sets_and_never_a_sum(home, monkeypatch):
    for name, folder in (("five-hours-only", ".codex"), ("both", "work")):
        shutil.copytree(FOLDER / name / ".codex", home / folder)
    monkeypatch.setenv("CODEX_HOME", str(home / "work"))
    scan(find())
    monkeypatch.delenv("CODEX_HOME")
    scan(find())
    found = read(moment(ROLLOUTS["both"]["now"]))
    five = {one.home: one.read for one in found if one.title == "5h"}
    assert five == {str(home / ".codex"): 48, str(home / "work"): 12}
    assert len([one for one in found if one.title == "week"]) == 1


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    db = open_writer(tmp_path_factory.mktemp("readings") / "costtop.db")
    yield db
    db.close()


START = 1_763_632_800_000
TOLD = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 100), st.sampled_from([0, 300, 600])),
    min_size=1,
    max_size=25,
)


@given(TOLD, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_readings_and_second_sights_change_nothing(store, told, rng):
    readings = [
        PlanReading("codex", "/h", "", "", 300, float(used), START + (minute // 300 * 300 + 300)
                    * 60_000 + anchor, START + minute * 60_000)
        for minute, used, anchor in told
    ]  # fmt: skip
    in_order = _stored(store, sorted(readings, key=lambda one: (one.at, one.used)))
    shuffled = readings + rng.sample(readings, len(readings) // 2)
    rng.shuffle(shuffled)
    assert _stored(store, shuffled) == in_order


def _stored(db: sqlite3.Connection, told: list[PlanReading]) -> list[tuple[object, ...]]:
    db.execute("DELETE FROM plan_readings")
    plan_readings.put(db, Names(), told)
    (found,) = plan_readings.read(db, 0)
    return [_seen(one) for one in windows.windows(found)]


def _seen(one: Window) -> tuple[object, ...]:
    """All but when it opened: that is reckoned from an anchor, which has moved since."""
    return one.began, one.steps, one.at, one.used


def test_a_clock_that_jumps_back_and_forth_shows_what_was_so_at_each_moment(home):
    case = ROLLOUTS["clock-jump"]
    shutil.copytree(FOLDER / "clock-jump", home, dirs_exist_ok=True)
    scan(find())
    now = moment(case["now"])
    for at in (now, now + 2 * DAY, now):
        found = read(at)
        assert len(found) == 1
    check(found, case)


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples lie beside the repository")
def test_the_samples_show_their_windows(home):
    folder = home / ".codex" / "sessions" / "2025" / "11"
    folder.mkdir(parents=True)
    for nth, name in enumerate(("as_codex_053_rate_limit", "as_large")):
        shutil.copyfile(
            SAMPLES / f"{name}.jsonl",
            folder / f"rollout-2025-11-01T10-00-00-019a9f00-0000-7000-8000-00000000000{nth}.jsonl",
        )
    scan(find())
    found = {title: [(one.used, one.resets) for one in run] for title, run in runs(START).items()}
    assert found == {
        "5h": [(85, 1_730_393_112_000)],
        "week": [(12, 1_730_900_712_000)],
    }  # the last one that is told has an anchor of a year before, and counts on
