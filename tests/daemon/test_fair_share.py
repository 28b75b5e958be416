"""No file stalls the others: archives, large documents and databases stand behind the live logs."""

import asyncio
import contextlib
import gzip
import os
import time
from pathlib import Path

from costtop import config as configuration
from costtop import paths
from costtop.daemon.ingest.slow_files import SlowFiles, is_slow
from costtop.daemon.wiring import wired
from costtop.store import places
from costtop.store.db import open_writer
from costtop.tail.find import find
from costtop.tail.follow import Batch
from costtop.tail.roots import Root, Seen
from tests.e2e.instance import claude_line

ONE, OTHER = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
BOMB = 200 << 20  # bytes when decompressed: less than is refused, and more than a moment's work


def seen(path: str, shape: str = "lines", size: int = 100) -> Seen:
    root = Root(b"/logs", ("**/*",), shape, "any")
    return Seen(os.fsencode(path), root, 1, 1, size, 1, 1, False)


def test_what_may_hold_up_others_is_slow_and_nothing_else():
    assert is_slow(seen("/logs/a.jsonl.1.gz"))
    assert is_slow(seen("/logs/a.db", "rows"))
    assert is_slow(seen("/logs/a.json", "document", 1 << 20))
    assert not is_slow(seen("/logs/a.json", "document", 10_000))
    assert not is_slow(seen("/logs/a.jsonl", "lines", 1 << 30))


def test_an_archive_is_read_at_most_once_a_minute_and_the_others_by_what_they_cost():
    now = [1000.0]
    line = SlowFiles(clock=lambda: now[0])
    bomb, small, large = (seen(f"/logs/{name}") for name in ("a.gz", "small", "large"))
    for one, took in ((bomb, 0.001), (small, 0.001), (large, 2.0)):
        assert line.is_due(one)
        line.rest(one.path, took)
    now[0] += 1.0
    assert [line.is_due(one) for one in (bomb, small, large)] == [False, True, False]
    now[0] += 40.0
    assert [line.is_due(one) for one in (bomb, small, large)] == [False, True, True]
    now[0] += 20.0
    assert line.is_due(bomb)


async def test_live_lines_are_stored_while_a_bomb_is_decompressed(home: Path):
    folder = home / ".claude/projects/-shop"
    folder.mkdir(parents=True)
    log = folder / f"{ONE}.jsonl"
    log.write_text(claude_line(ONE, 0))
    instance = paths.find()
    async with wired(instance, configuration.load(instance), lambda: None) as it:

        async def look() -> None:
            found = find(it.roots, time.time_ns())
            fresh = [one for one in found.newest_first() if not it.ingest.known.settled(one)]
            await it.ingest.take(Batch(fresh))

        await look()
        beside = asyncio.create_task(it.ingest.read_slow())
        await asyncio.sleep(0)
        with gzip.open(folder / f"{OTHER}.jsonl.1.gz", "wb", 1) as bomb:
            for _ in range(BOMB >> 20):
                bomb.write(bytes(1 << 20))
        before = it.ingest.counts.calls
        for number in range(1, 4):
            with log.open("a") as file:
                file.write(claude_line(ONE, number))
            await look()
            assert it.ingest.counts.calls == before + number
        assert it.ingest.slow.is_busy(), "the bomb was read too soon to prove anything"
        await it.ingest.slow.all_done()
        assert not beside.done()
        beside.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beside


def test_many_files_that_vanish_are_marked_with_one_look_at_the_table(tmp_path):
    many = 3000
    with contextlib.closing(open_writer(tmp_path / "costtop.db")) as db:
        rows = [("claude-code", b"/logs/%d" % n, "{}", 1, 1) for n in range(many)]
        db.executemany(
            "INSERT INTO places (source, path, state, born, read_at) VALUES (?,?,?,?,?)", rows
        )
        steps = [0]

        def count() -> int:
            steps[0] += 1
            return 0

        db.set_progress_handler(count, 1000)
        places.census(db, [(row[1], "gone") for row in rows[1:]], [rows[0][1]])
        db.set_progress_handler(None, 0)
        assert steps[0] < many  # a look at the table a file would be thousands of steps each
        kept = dict(db.execute("SELECT state, count(*) FROM places GROUP BY state"))
        assert kept == {"gone": many - 1, "": 1}
