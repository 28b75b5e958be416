"""The summary of yesterday comes in the morning, once, with true numbers."""

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.cli.main import main
from costtop.daemon.notices.summaries import SummaryPost, _one
from costtop.durations import HOUR
from costtop.paths import find
from costtop.store import meta
from tests.notify.desk import audience, desk, json_to

LINE = (
    '{{"ts": "{ts}", "id": "r{id}", "session": "{session}", "model": "claude-sonnet-4-5",'
    ' "input_tokens": 0, "output_tokens": {tokens}}}\n'
)
CALLS = (
    ("2026-11-20T10:00:00Z", "old", 1_000_000),
    ("2026-11-22T10:00:00Z", "before", 2_000_000),
    ("2026-11-23T10:00:00Z", "cheap", 1_000_000),
    ("2026-11-23T11:00:00Z", "dear", 2_000_000),
    ("2026-11-24T01:00:00Z", "today", 9_000_000),
)


def at(hour: int, minute: int = 0) -> int:
    return round(datetime(2026, 11, 24, hour, minute, tzinfo=UTC).timestamp() * 1000)


async def test_a_day_is_summed_up_in_the_morning_after_it(home, inbox):
    log = home / "calls.jsonl"
    log.write_text(
        "".join(LINE.format(ts=ts, id=n, session=s, tokens=t) for n, (ts, s, t) in enumerate(CALLS))
    )
    find().config.parent.mkdir(parents=True, exist_ok=True)
    find().config.write_text(f'timezone = "UTC"\n[[source]]\nname = "own"\npaths = ["{log}"]\n')
    assert await asyncio.to_thread(main, ["scan"]) == 0
    to = audience("chat", summaries=("day",))
    async with desk(find().database.parent, [json_to(inbox)], to, clock=lambda: at(8)) as it:
        post = SummaryPost(find().database, it.writer, to, it.courier, ZoneInfo("UTC"))
        await _one(post, "day", at(8))  # the first morning: nothing was watched yesterday
        await it.settled()
        assert not inbox.got
        yesterday = periods.key("day", at(8) - 48 * HOUR, ZoneInfo("UTC"))
        await it.writer.transact(meta.put, {"summary_day": yesterday})
        await _one(post, "day", at(7, 59))
        assert await it.states() == []
        for minute in range(3):
            await _one(post, "day", at(8, minute))
        await it.settled()
    assert inbox.titles == ["[costtop] digest: Mon 23 Nov, $45.00, 50 % more than the one before"]
    assert inbox.bodies[0].splitlines()[:3] == [
        "Spent $45.00 in 2 sessions and 2 calls.",
        "Usual is $22.50.",
        "Dearest: dear $30.00, cheap $15.00.",
    ]
