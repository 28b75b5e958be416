"""Readings of plans' windows in the store: thinned once a day, by a real writer."""

import asyncio

from costtop.daemon.jobs.thin_all import readings_thinned
from costtop.durations import DAY, MINUTE, now_ms
from costtop.plan_reading import PlanReading
from costtop.store.names import Names
from costtop.store.plans import plan_readings
from costtop.store.writer import Writer


def test_old_readings_are_thinned_and_those_of_these_weeks_stay(tmp_path):
    known = PlanReading("codex", "/h", "", "", 300, 0.0, None, 0)
    now = now_ms()
    old = [known._replace(at=now - 40 * DAY + n * MINUTE, used=n / 10) for n in range(300)]
    new = [known._replace(at=now - DAY + n * MINUTE, used=n / 10) for n in range(300)]

    async def done():
        async with Writer(tmp_path / "costtop.db") as writer:
            await writer.transact(plan_readings.put, Names(), [*old, *new])
            dropped = await readings_thinned(writer)
            (left,) = await writer.read(plan_readings.read, 0)
            return dropped, left, await readings_thinned(writer)

    dropped, left, again = asyncio.run(done())
    assert dropped >= 270 and again == 0
    assert len(left) == 600 - dropped
    assert left[-300:] == new
    assert max(one.used for one in left[:-300]) == 29.9  # what the window came to


def test_what_rests_is_no_news_and_what_falls_is(tmp_path):
    known = PlanReading("claude-code", "/h", "", "", 300, 0.0, 3_000_000, 0)

    async def retold(*readings):
        async with Writer(tmp_path / "costtop.db") as writer:
            told = [known._replace(at=n * MINUTE, used=used) for n, used in ((1, 20), (9, 31))]
            await writer.transact(plan_readings.put, Names(), told)
            return [await writer.read(plan_readings.is_retold, one) for one in readings]

    later = known._replace(at=10 * MINUTE)
    found = asyncio.run(retold(
        later._replace(used=20.0), later._replace(used=21.0), later._replace(used=40.0),
        later._replace(used=20.0, resets=9_000_000), later._replace(used=20.0, resets=None),
        later._replace(used=20.0, home="/other"),
    ))  # fmt: skip
    assert found == [True, False, False, False, False, False]
