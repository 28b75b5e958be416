"""Where history ends and news begins, on the real store."""

import json
import time
from contextlib import closing
from datetime import UTC, datetime

from costtop import config, paths
from costtop.daemon.wiring import Wired, wired
from costtop.snapshot.live import now_ms
from costtop.store.db import open_reader
from costtop.tail.find import Tree
from costtop.tail.follow import Batch

CONFIG = """
timezone = "UTC"
[[source]]
name = "own"
paths = ["{log}"]
[[budget]]
name = "daily"
period = "day"
amount = "$10"
[[notify]]
label = "file"
url = "log:{log}.told"
"""


async def read(instance: Wired) -> None:
    found = Tree(instance.roots).all(time.time_ns())
    fresh = [seen for seen in found.newest_first() if not instance.ingest.known.settled(seen)]
    await instance.ingest.take(Batch(fresh, found))


async def test_a_line_that_comes_while_the_watch_still_learns_is_news_what_was_there_is_not(home):
    log = home / "calls.jsonl"
    found = paths.find()
    paths.private_directory(found.config.parent)
    found.config.write_text(CONFIG.format(log=log))

    def spend(name: str, dollars: float) -> None:
        line = {"ts": datetime.now(UTC).isoformat(), "session": name, "model": "claude-sonnet-4-5",
                "input_tokens": 0, "output_tokens": round(dollars * 1e6 / 15)}  # fmt: skip
        with log.open("a") as file:
            file.write(json.dumps(line) + "\n")

    spend("before", 6)  # past 50 % before costtop ever ran
    async with wired(found, config.load(found), lambda: None) as instance:
        await read(instance)
        await instance.writer.transact(instance.watch.begin, now_ms())
        spend("meanwhile", 3)
        await read(instance)
        with closing(open_reader(found.database)) as db:
            instance.watch.learn(db, now_ms())
            await instance.writer.transact(instance.watch.wake_up, now_ms())
            told = [title for (title,) in db.execute("SELECT title FROM outbox")]
    assert [title for title in told if "%" in title] == ["[costtop] budget daily: 80 % of $10.00"]
