"""Many sessions with one cause: one alert says so, and the sessions are listed under it."""

import pytest

from costtop.alerts.replay import replay
from costtop.alerts.shared_cause import LEAST, SPAN
from costtop.daemon.notices.post import post_findings, release_held
from costtop.model import Finding
from costtop.money import NANO
from costtop.queries.alerts.alert_json import listing
from costtop.store.db import open_writer
from tests.notify import desk

START = 1_763_892_000_000
HOUR = 3_600_000
TO = desk.audience("chat")


def dear(name, at=START, cause="model_shift", severity="warning", excess=2.0, feature="shop"):
    title = f"session {name}: $3.00, 3.0x the usual (model shift)"
    return Finding("model_shift", severity, at, title, "It moved.", session=f"agent/{name}",
                   turn=9, cost=3 * NANO, excess=round(excess * NANO), cause=cause,
                   feature=feature)  # fmt: skip


@pytest.fixture
def db(tmp_path):
    opened = open_writer(tmp_path / "costtop.db")
    yield opened
    opened.close()


def live(db, *findings):
    return [one for each in findings for one in post_findings(db, [each], TO, each.at)]


def hourly(count, **more):
    return [dear(f"s{nth}", START + nth * HOUR, **more) for nth in range(count)]


def test_the_third_session_with_the_cause_is_one_alert_and_those_after_it_are_listed(db):
    decided = live(db, *hourly(6))
    assert [one.reason for one in decided if one.finding.session] == [
        "first", "first", "grouped", "grouped", "grouped", "grouped",
    ]  # fmt: skip
    tree = listing(db)
    [shared] = [one for one in tree["alerts"] if one["rule"] == "common_cause"]
    members = [one for one in tree["alerts"] if one["session"]]
    assert {one["under"] for one in members} == {shared["id"]}
    assert sum(one["pushed_at"] is not None for one in members) == LEAST - 1
    assert shared["title"] == (
        "common cause shop: 3 sessions, a dearer model, $6.00 a day since 2025-11-23 10:00 UTC"
    )
    assert shared["cost_now_usd"] == "12.000000000"
    titles = [title for (title,) in db.execute("SELECT title FROM outbox ORDER BY id")]
    assert sum(title.startswith("[costtop] common cause shop: ") for title in titles) == 2
    assert "6 sessions" in titles[-1]  # told again: its dollars have doubled
    assert sum("session s" in title for title in titles) == 2


@pytest.mark.parametrize(
    "other",
    [{"cause": "cache_miss"}, {"cause": None}, {"severity": "critical"}, {"feature": "docs"}],
)
def test_what_is_no_common_cause_is_told_by_itself(db, other):
    decided = live(db, *hourly(2), dear("other", START + 3 * HOUR, **other))
    assert [one.reason for one in decided] == ["first"] * 3


def test_what_lies_half_a_day_apart_is_not_in_common(db):
    rows = [dear(f"s{nth}", START + nth * (SPAN + 1)) for nth in range(4)]
    assert [one.reason for one in live(db, *rows)] == ["first"] * 4


def test_one_of_them_that_gets_worse_is_told(db):
    live(db, *hourly(4))
    [worse] = live(db, dear("s3", START + 4 * HOUR, severity="critical"))
    assert worse.reason == "worse"


def test_an_episode_keeps_its_row_while_it_goes_on_and_ends_when_none_joins(db):
    live(db, *hourly(20))
    shared = [one for one in listing(db)["alerts"] if one["rule"] == "common_cause"]
    assert len(shared) == 1
    assert shared[0]["state"] == "open"
    release_held(db, TO, START + 19 * HOUR + SPAN)
    assert listing(db)["alerts"][0]["state"] == "open"
    release_held(db, TO, START + 19 * HOUR + SPAN + 1)
    [over] = [one for one in listing(db)["alerts"] if one["rule"] == "common_cause"]
    assert over["state"] == "resolved"


def test_a_replay_says_the_same(db):
    rows = [*hourly(6), *(dear(f"t{n}", START + 5 * HOUR + n, "cache_miss") for n in range(5))]
    rows.sort(key=lambda one: one.at)
    live(db, *rows)
    stored = {
        one["id"]: (one["incident"], one["under"], one["pushed_at"] is not None, one["told"])
        for one in listing(db)["alerts"]
    }
    again = {
        one.one.id: (one.incident, one.under or None, one.pushed is not None, one.told)
        for one in replay(rows)
    }
    assert again == stored
