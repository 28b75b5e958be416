"""The review of four weeks: what it finds, what it does not, and that its parts add up."""

import json
from zoneinfo import ZoneInfo

import pytest

from costtop.analysis import drivers
from costtop.analysis.trend import TooFew
from costtop.cli.main import main
from costtop.daemon.notices.summaries import values
from costtop.money import exact
from costtop.periods import Span
from costtop.queries.sessions import finished_sessions
from costtop.queries.spending import report, review, review_words
from costtop.store.db import open_reader
from tests.queries.weeks import DAY, NOON, scanned, work

UTC = ZoneInfo("UTC")


@pytest.fixture
def read(home):
    def made(lines):
        db = open_reader(scanned(home, lines).database)
        return db, review.read(db, NOON, UTC, NOON - 28 * DAY)

    return made


def growing(day):
    return 1 + day / 14  # three times as much in four weeks


def dearer(day):
    return "claude-opus-4-1" if day >= 21 else "claude-sonnet-4-5"


def line(found, feature):
    return next(one for one in found.lines if one.feature == feature)


def test_a_task_that_gets_dearer_is_rising_and_the_driver_is_named(read):
    _, found = read(work("checkout", 28, 4, bloat=growing) + work("search", 28, 4))
    rising = line(found, "checkout")
    assert rising.verdict == "rising"
    assert rising.dearer.whole.change > 0.5
    assert rising.reason.parts[drivers.CONTENT] > 0
    words = review_words.trend(rising)
    assert "rising" in words
    assert "mostly" in words
    assert "more new content" in words
    same = line(found, "search")
    assert same.verdict == "cannot tell"
    assert "are excluded" in review_words.trend(same)
    assert -0.2 < same.dearer.like[0].low < same.dearer.like[0].high < 0.2


def test_few_tasks_are_not_enough_and_it_says_what_would_be_seen(read):
    _, found = read(work("checkout", 6, 3))
    few = line(found, "checkout")
    assert few.verdict == "too few"
    assert isinstance(few.dearer.whole, TooFew)
    assert "not enough data" in review_words.trend(few)
    assert "would be seen" in review_words.trend(few)


def test_abandoned_tasks_stand_beside_the_cost_of_completed_ones(read):
    _, found = read(work("checkout", 28, 4, lost=0.3))
    done = found.whole.work
    assert done.completed + done.lost == 112
    assert 15 < done.lost < 55
    assert done.each == done.cost // done.completed
    assert done.cost + done.lost_cost == found.whole.spend


def test_every_part_adds_up(read):
    db, found = read(work("a", 28, 3, bloat=growing) + work("b", 28, 2, model=dearer))
    total = report.read(db, "total", UTC, found.since, found.until).total.cost
    assert sum(one.spend for one in found.lines) == found.whole.spend == total
    assert sum(one.share for one in found.lines) == pytest.approx(1)
    assert sum(one.cost for one in finished_sessions.read(db, found.since, found.until)) == total
    step = found.step
    assert step.more_sessions + sum(step.parts) == step.spend - step.before
    change = found.whole.change
    assert change.tasks + change.length + change.price == change.spend
    assert change.spend == step.spend - step.before
    assert sum(one.retries for one in found.lines) == found.whole.retries


def test_a_move_to_a_dearer_model_is_called_a_dearer_mix(read):
    _, found = read(work("checkout", 28, 6, model=dearer))
    assert found.mix.price_index > 1.5
    assert found.mix.p < 0.01
    assert found.steady
    assert "dearer mix" in review_words.mixed(found.mix, steady=found.steady)
    said = review_words.changes(found)
    assert any("dearer models" in one and "more than the week before" in one for one in said)
    assert any(one.startswith("models: ") for one in said)


def test_an_ordinary_month_has_nothing_to_say(read):
    _, found = read(work("checkout", 28, 5) + work("search", 28, 5))
    assert found.whole.spread is not None
    assert not found.whole.spread.uneven
    assert review_words.changes(found) == ()


def test_the_same_store_gives_the_same_review(read, capsys):
    read(work("checkout", 28, 4, bloat=growing))
    capsys.readouterr()
    asked = ["review", "--since", "2026-10-21", "--until", "2026-11-18", "--json"]
    outputs = []
    for _ in range(2):
        assert main(asked) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    tree = json.loads(outputs[0])
    assert tree["features"][0]["trend"]["verdict"] == "rising"
    assert set(tree["step"]["parts_usd"]) == {"sessions", *drivers.DRIVERS}


def test_the_plain_review_says_it_in_sentences(read, capsys):
    _, found = read(work("checkout", 28, 4, bloat=growing))
    capsys.readouterr()
    assert main(["review", "--since", "2026-10-21", "--until", "2026-11-18"]) == 0
    text = capsys.readouterr().out
    assert "checkout: rising" in text
    assert "Spend against use: " in text
    assert "an hour's cache would have" in text
    assert main(["review", "--since", "2026-10-28", "--until", "2026-10-01"]) == 2
    assert exact(found.whole.spend)


def test_an_empty_store_has_a_review_without_lines(home):
    db = open_reader(scanned(home, []).database)
    found = review.read(db, NOON, UTC)
    assert found.lines == ()
    assert found.step is None
    assert review_words.changes(found) == ()


def test_the_weekly_message_says_what_changed(read):
    db, _ = read(work("checkout", 28, 6, model=dearer))
    said = values(db, "week", Span("2026-W47", NOON - 7 * DAY, NOON), UTC)
    assert any("more than the week before" in change for change in said.changes)
