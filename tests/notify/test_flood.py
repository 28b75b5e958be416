"""500 anomalies in a minute: one message now, digests after, none lost from the list."""

import sqlite3

import pytest

from costtop.daemon.notices.post import Audience, post_findings, release_held
from costtop.queries.alerts.alert_json import listing
from costtop.store.alerts import outbox
from costtop.store.db import open_writer
from tests.notify.desk import audience, runaway, tier

START = 1_763_892_000_000
SECOND, MINUTE = 1_000, 60_000


@pytest.fixture
def db(tmp_path):
    opened = open_writer(tmp_path / "costtop.db")
    yield opened
    opened.close()


def deliver(db: sqlite3.Connection, now: int) -> list[str]:
    """What a courier would send now, marked as sent."""
    titles = []
    while letters := outbox.due(db, (), now):
        for letter in letters:
            outbox.sent(db, letter, "sent", now)
            titles.append((now, letter.title))
    return titles


def pass_time(
    db: sqlite3.Connection, to: Audience, since: int, until: int, step: int = SECOND
) -> list[tuple]:
    sent = []
    for now in range(since, until, step):
        release_held(db, to, now)
        sent += deliver(db, now)
    return sent


def flood(db: sqlite3.Connection, to: Audience, since: int, count: int = 500) -> list[tuple]:
    """`count` sessions run away within a minute, each found by itself."""
    sent = []
    for number in range(count):
        now = since + number * MINUTE // count
        post_findings(db, [runaway(f"s{since}-{number}", now)], to, now)
        release_held(db, to, now)
        sent += deliver(db, now)
    return sent


def test_500_anomalies_in_a_minute_are_one_message_now_and_one_digest(db):
    to = audience("chat")
    first = flood(db, to, START)
    assert [title for _, title in first] == [
        f"[costtop] session s{START}-0: $5.80, 3.7x the usual (median 5x)"
    ]
    later = pass_time(db, to, START + MINUTE, START + 20 * MINUTE)
    [(at, title)] = later
    assert at - START == 5 * MINUTE
    assert title == "[costtop] digest: 499 alerts in 4 min"
    assert len(listing(db)["alerts"]) == 500
    fates = db.execute("SELECT state, count(*) FROM outbox GROUP BY state ORDER BY 1").fetchall()
    assert fates == [("digested", 499), ("sent", 2)]
    unheard = "SELECT count(*) FROM alerts a WHERE NOT EXISTS (SELECT 1 FROM outbox_alerts o"
    told = f"{unheard} JOIN outbox b ON b.id = o.outbox WHERE o.alert = a.id AND b.state = 'sent')"
    assert db.execute(told).fetchone() == (0,)


def test_500_in_one_batch_are_one_message(db):
    to = audience("chat")
    post_findings(db, [runaway(f"s{n}", START) for n in range(500)], to, START)
    [(_, title)] = deliver(db, START)
    assert title == "[costtop] digest: 500 alerts"
    assert not pass_time(db, to, START, START + 10 * MINUTE)


def test_hours_of_flood_stay_under_the_cap_of_each_endpoint(db):
    to = audience("chat", "phone")
    sent = []
    db.execute("BEGIN")  # as one, for speed
    for minute in range(0, 90, 2):
        since = START + minute * MINUTE
        sent += flood(db, to, since, 24)
        sent += pass_time(db, to, since + MINUTE, since + 2 * MINUTE, 5 * SECOND)
    db.execute("COMMIT")
    for minute in (0, 15, 30):
        span = range(START + minute * MINUTE, START + (minute + 60) * MINUTE)
        assert 10 <= sum(at in span for at, _ in sent) <= 2 * 20
    assert len(listing(db, limit=2000)["alerts"]) == 45 * 24


def test_a_budget_speaks_through_a_flood(db):
    to = audience("chat")
    flood(db, to, START)
    post_findings(db, [tier(100, START + MINUTE)], to, START + MINUTE)
    assert [title for _, title in deliver(db, START + MINUTE)] == [
        "[costtop] budget daily: 100 % of $20.00"
    ]


def test_two_runaways_seconds_apart_are_both_told_within_ten_seconds(db):
    to = audience("chat")
    post_findings(db, [runaway("one", START)], to, START)
    assert len(deliver(db, START)) == 1
    post_findings(db, [runaway("two", START + SECOND)], to, START + SECOND)
    [(at, title)] = pass_time(db, to, START + SECOND, START + MINUTE)
    assert title.startswith("[costtop] session two: ")
    assert at - START <= 11 * SECOND


def test_what_was_held_in_quiet_hours_goes_as_one_digest_when_they_end(db):
    eight = START - START % (24 * 60 * MINUTE) + 24 * 60 * MINUTE + 8 * 60 * MINUTE
    night = eight - 5 * 60 * MINUTE
    to = audience("chat", quiet=(22 * 60, 8 * 60))
    for number in range(5):
        post_findings(
            db, [runaway(f"s{number}", night + number * MINUTE)], to, night + number * MINUTE
        )
    assert not pass_time(db, to, eight - MINUTE, eight)
    [(at, title)] = pass_time(db, to, eight, eight + 30 * MINUTE)
    assert at == eight
    assert title == "[costtop] digest: 5 alerts in 5 h"


def test_a_digest_waits_while_its_endpoint_is_down(db):
    to = audience("chat")
    post_findings(db, [runaway("one", START)], to, START)
    for number in range(20):
        post_findings(db, [runaway(f"s{number}", START + number)], to, START + number)
    for now in range(START, START + 60 * MINUTE, 10 * SECOND):
        release_held(db, to, now)  # nothing is delivered: the first letter stays pending
    states = dict(db.execute("SELECT state, count(*) FROM outbox GROUP BY state"))
    assert states == {"pending": 1, "held": 20}
