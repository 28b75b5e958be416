"""What is critical and acknowledged by nobody is told again, to those who ask for it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from costtop.alerts.routes import Route
from costtop.daemon.notices.post import Audience, post_findings, release_held
from costtop.daemon.notices.repeats import post_repeats
from costtop.durations import HOUR, MINUTE
from costtop.model import Silence
from costtop.store.alerts import outbox, silences
from costtop.store.alerts.alerts import acknowledge
from costtop.store.db import open_writer
from tests.notify.desk import runaway, tier

NOON = 1_795_600_800_000


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_writer(tmp_path / "costtop.db")) as opened:
        yield opened


def _deliver(db: sqlite3.Connection, now: int) -> list[str]:
    """Lets every due letter arrive; their titles."""
    told = []
    while due := outbox.due(db, (), now):
        for letter in due:
            outbox.sent(db, letter, "sent", now)
            told.append(f"{letter.label} {letter.title.removeprefix('[costtop] ')}")
    return told


def _at(db: sqlite3.Connection, to: Audience, now: int) -> list[str]:
    post_repeats(db, to, now)
    return _deliver(db, now)


TO = Audience((Route("pager", repeat=4 * HOUR), Route("mail")))


def test_only_what_is_critical_and_only_to_whom_asked_once_in_each_span(
    db: sqlite3.Connection,
) -> None:
    post_findings(db, [tier(80, NOON)], TO, NOON)
    post_findings(db, [tier(100, NOON, "week")], TO, NOON)
    assert len(_deliver(db, NOON)) == 4
    assert _at(db, TO, NOON + 4 * HOUR - 1) == []
    (told,) = _at(db, TO, NOON + 4 * HOUR)
    assert told == "pager again budget week: 100 % of $20.00"
    assert _at(db, TO, NOON + 4 * HOUR + MINUTE) == []
    assert _at(db, TO, NOON + 7 * HOUR) == []
    assert _at(db, TO, NOON + 8 * HOUR) == [told]
    body, short = db.execute("SELECT body, short FROM outbox ORDER BY id DESC LIMIT 1").fetchone()
    first = body.splitlines()[0]
    assert first.startswith("Open for 8 h and acknowledged by nobody: costtop alerts ack ")
    assert len(short) <= 150
    assert (
        first.rpartition(" ")[2]
        == db.execute("SELECT ref FROM alerts WHERE budget = 'week'").fetchone()[0]
    )


def test_who_has_seen_it_hears_no_more(db: sqlite3.Connection) -> None:
    post_findings(db, [tier(100, NOON)], TO, NOON)
    _deliver(db, NOON)
    (ref,) = db.execute("SELECT ref FROM alerts").fetchone()
    acknowledge(db, ref, "ana", NOON + HOUR)
    assert _at(db, TO, NOON + 4 * HOUR) == []


def test_what_is_over_or_silenced_is_not_told_again(db: sqlite3.Connection) -> None:
    post_findings(db, [tier(100, NOON), tier(100, NOON, "ci")], TO, NOON)
    _deliver(db, NOON)
    over = tier(100, NOON + HOUR)._replace(resolved=True, severity="notice")
    post_findings(db, [over], TO, NOON + HOUR)
    quiet = Silence(None, "ana", NOON + HOUR, budget="ci", until=NOON + 6 * HOUR)
    silences.begin(db, quiet)
    assert _at(db, TO, NOON + 5 * HOUR) == []
    assert _at(db, TO, NOON + 6 * HOUR) == ["pager again budget ci: 100 % of $20.00"]


def test_what_still_waits_for_its_endpoint_is_not_told_beside_it(db: sqlite3.Connection) -> None:
    post_findings(db, [tier(100, NOON)], TO, NOON)
    assert not post_repeats(db, TO, NOON + 9 * HOUR)
    assert len(_deliver(db, NOON + 9 * HOUR)) == 2
    assert len(_at(db, TO, NOON + 9 * HOUR)) == 1


def test_a_crash_between_posting_and_sending_tells_once(db: sqlite3.Connection) -> None:
    post_findings(db, [tier(100, NOON)], TO, NOON)
    _deliver(db, NOON)
    at = NOON + 5 * HOUR
    assert post_repeats(db, TO, at)
    assert not post_repeats(db, TO, at)
    assert len(_deliver(db, at)) == 1


def test_a_session_that_is_critical_is_one_incident(db: sqlite3.Connection) -> None:
    for severity, cost in (("warning", 5), ("critical", 60)):
        found = runaway("9f767c4", NOON, cost * 10**9, severity)
        post_findings(db, [found], TO, NOON)
    _deliver(db, NOON)
    release_held(db, TO, NOON + MINUTE)
    _deliver(db, NOON + MINUTE)
    told = _at(db, TO, NOON + 5 * HOUR)
    assert len(told) == 1
    assert told[0].startswith("pager again session 9f767c4: ")
