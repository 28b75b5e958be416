"""A clock that is set back: nothing waits until it has come to where it was."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from costtop.daemon.jobs.upkeep import heed_clock
from costtop.daemon.notices.post import release_held
from costtop.durations import DAY, HOUR, MINUTE, SECOND
from costtop.model import Breaker, Silence
from costtop.plan_reading import PlanReading
from costtop.store import clock_corrections
from costtop.store.alerts import breakers, silences
from costtop.store.db import open_writer
from costtop.store.names import Names
from costtop.store.plans import plan_readings
from tests.notify.desk import Desk, Inbox, Skewed, desk, json_to, runaway, tier, until
from tests.tail.reader import MINUTE as READER_MINUTE
from tests.tail.reader import reader

NOON = 1_795_600_800_000  # 2026-11-25 10:00 UTC
AHEAD = 4 * MINUTE  # less than the longest retry: nothing but the moment of its setting tells it


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.close()


@contextlib.asynccontextmanager
async def heeded(it: Desk, now: Callable[[], int]) -> AsyncIterator[None]:
    task = asyncio.create_task(heed_clock(it.writer, it.courier.wake, now))
    try:
        yield
    finally:
        task.cancel()


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_letter_that_failed_while_the_clock_was_ahead_goes_soon_after(
    tmp_path, inbox, restarted
):
    inbox.answer = lambda _: (500, {}, b"")
    now = Skewed()
    now.skew = AHEAD
    async with desk(tmp_path, [json_to(inbox)], clock=now) as it, heeded(it, now):
        await it.tell(tier(50, now()), now=now())
        await it.attempts(1)
        inbox.answer = lambda _: (200, {}, b"")
        if not restarted:
            now.skew = 0
            await it.settled()
            assert await it.states() == ["sent"]
    now.skew = 0
    async with desk(tmp_path, [json_to(inbox)], clock=now) as it, heeded(it, now):
        await it.settled()
        assert await it.states() == ["sent"]


async def test_what_was_held_back_while_the_clock_was_ahead_is_held_no_longer(tmp_path, inbox):
    now = Skewed()
    now.skew = 2 * HOUR
    async with desk(tmp_path, [json_to(inbox)], clock=now) as it, heeded(it, now):
        for number in range(3):
            await it.tell(runaway(f"s{number}", now()), now=now())
        assert "held" in await it.states()
        now.skew = 0
        old = "SELECT 1 FROM outbox WHERE state = 'held' AND made > ?"
        while await it.rows(old, now()):
            await asyncio.sleep(0.02)
        now.skew = 11 * SECOND  # they are gathered for ten
        while "held" in await it.states():  # looked at again and again, as the daemon does
            await it.writer.transact(release_held, it.to, now())
            it.courier.wake()
            await asyncio.sleep(0.02)
        await until(lambda: len(inbox.got) > 1)


def test_what_lasts_so_long_lasts_no_longer(tmp_path):
    db = open_writer(tmp_path / "costtop.db")
    ahead = NOON + 3 * HOUR
    silence = Silence(id=None, by="me", at=ahead, budget="daily", until=ahead + HOUR)
    silences.begin(db, silence)
    breakers.override(db, "me", "daily", "", HOUR, ahead)
    breakers.stop_session(db, "claude-code/s", "enough", ahead)
    spent = Breaker("daily", "2026-11-25", "kill", (), "spent", ahead, until=NOON + DAY)
    breakers.put(db, spent)
    assert clock_corrections.pull_in(db, NOON) == 4
    assert clock_corrections.pull_in(db, NOON) == 0
    assert [(one.at, one.until) for one in silences.unended(db)] == [(NOON, NOON + HOUR)]
    assert breakers.overridden(db, "daily", "", NOON + HOUR - 1)
    assert not breakers.overridden(db, "daily", "", NOON + HOUR)
    own, budget = breakers.open_ones(db, NOON)
    assert (own.opened, own.until) == (NOON, NOON + breakers.OWN)
    assert (budget.opened, budget.until) == (NOON, NOON + DAY)  # a day of the calendar ends then
    db.close()


def test_what_a_status_line_told_while_the_clock_was_ahead_is_the_newest_now(tmp_path):
    db = open_writer(tmp_path / "costtop.db")
    known = PlanReading("claude-code", "/h", "", "", 300, 0.0, None, 0)
    told = ((NOON - HOUR, 20), (NOON + DAY, 40), (NOON + DAY + HOUR, 45))
    plan_readings.put(db, Names(), [known._replace(at=at, used=used) for at, used in told])
    clock_corrections.pull_in(db, NOON)
    assert clock_corrections.pull_in(db, NOON) == 0
    (left,) = plan_readings.read(db, 0)
    assert [(one.at, one.used) for one in left] == [(NOON - HOUR, 20), (NOON, 45)]
    db.close()


def test_what_was_written_before_stays(tmp_path):
    db = open_writer(tmp_path / "costtop.db")
    silences.begin(db, Silence(id=None, by="me", at=NOON - HOUR, budget="b", until=NOON + HOUR))
    assert clock_corrections.pull_in(db, NOON) == 0
    db.close()


# Moments that are no time to come, or that another rule holds.
OTHER = {
    ("forgotten", "until"): "of calls, in their own time",
}


def test_every_time_to_come_in_the_store_has_its_owner(tmp_path):
    """A new one without would wait for the clock again."""
    db = open_writer(tmp_path / "costtop.db")
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {
        (table, column[1])
        for table in tables
        for column in db.execute(f"PRAGMA table_info({table})")
        if column[1] in {"until", "due"} or column[1].startswith("next_")
    }
    owned = {(span.table, name) for span in clock_corrections._SPANS for name in span.due}
    assert found - owned == OTHER.keys()
    db.close()


def test_a_log_that_could_not_be_read_is_tried_again(tmp_path):
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(b"one\n")[:-3])
    daemon = reader(tmp_path)
    daemon.later = 2 * 60 * READER_MINUTE
    assert [one.kind for one in daemon.scan()] == ["later"]
    assert daemon.scan() == []
    daemon.later = 0
    assert [(one.kind, one.again) for one in daemon.scan()] == [("later", True)]
    assert daemon.scan() == []
