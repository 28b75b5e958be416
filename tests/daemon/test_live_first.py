"""What is written while a backlog is taken in does not wait for its end, and is counted once."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from costtop import config as configuration
from costtop import paths
from costtop.daemon import fold_process
from costtop.daemon.ingest import backlog
from costtop.daemon.wiring import Wired, wired
from costtop.store.writer import Writer
from costtop.tail.find import find
from costtop.tail.follow import Batch
from costtop.tail.roots import Seen
from tests.e2e.instance import claude_line

FILES, LINES = 24, 5


def session(number: int) -> str:
    return f"{number:04d}0000-0000-4000-8000-000000000001"


def log_of(home: Path, number: int) -> Path:
    return home / f".claude/projects/-shop/{session(number)}.jsonl"


@pytest.fixture
def logs(home: Path) -> list[Path]:
    (home / ".claude/projects/-shop").mkdir(parents=True)
    found = [log_of(home, number) for number in range(FILES)]
    for number, path in enumerate(found):
        path.write_text("".join(claude_line(session(number), nth) for nth in range(LINES)))
    return found


@pytest.fixture(params=[1, 1 << 40], ids=["by workers", "alone"])
def few_at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_process, "_LARGE", request.param)
    monkeypatch.setattr(backlog, "_FILES_AT_ONCE", 2)
    monkeypatch.setattr(fold_process, "MOST", 2)


async def calls(writer: Writer) -> int:
    query = "SELECT count(*) FROM calls"
    return int(await writer.read(lambda db: db.execute(query).fetchone()[0]))


def looked(it: Wired) -> list[Seen]:
    found = find(it.roots, time.time_ns())
    return [one for one in found.newest_first() if not it.ingest.known.settled(one)]


def once(it: Wired, write: Callable[[], set[Path]]) -> Callable[[], list[Seen]]:
    """Tells of what `write` has written, at the first time it is asked."""
    asked: list[int] = []

    def urgent() -> list[Seen]:
        asked.append(1)
        names = {os.fsencode(path) for path in write()} if len(asked) == 1 else set()
        return [one for one in looked(it) if one.path in names] if names else []

    return urgent


@pytest.mark.usefixtures("few_at_once")
async def test_a_line_of_now_is_stored_before_the_backlog_is(home: Path, logs: list[Path]) -> None:
    instance, left = paths.find(), []
    async with wired(instance, configuration.load(instance), lambda: None) as it:
        live = log_of(home, FILES)

        def write() -> set[Path]:
            live.write_text(claude_line(session(FILES), 0))
            return {live}

        def urgent() -> list[Seen]:
            if it.ingest.known.get(os.fsencode(live)):
                left.append(it.ingest.progress.total - it.ingest.progress.done)
            return told()

        told = once(it, write)
        it.ingest.backlog.urgent = urgent
        await it.ingest.take(Batch(looked(it)))
        assert left[0] > 0
        assert await calls(it.writer) == FILES * LINES + 1


@pytest.mark.usefixtures("few_at_once")
async def test_lines_for_logs_that_are_being_read_are_counted_once(logs: list[Path]) -> None:
    instance = paths.find()
    async with wired(instance, configuration.load(instance), lambda: None) as it:

        def write() -> set[Path]:
            for number, path in enumerate(logs):
                with path.open("a") as file:
                    file.write(claude_line(session(number), LINES))
            return set(logs)

        it.ingest.backlog.urgent = once(it, write)
        await it.ingest.take(Batch(looked(it)))
        it.ingest.backlog.urgent = None
        await it.ingest.take(Batch(looked(it)))
        assert await calls(it.writer) == FILES * (LINES + 1)
        query = "SELECT sum(calls) FROM places"
        assert await it.writer.read(lambda db: db.execute(query).fetchone()[0]) == FILES * (
            LINES + 1
        )
