"""kill -9 of the daemon, again and again within an import: nothing lost, nothing twice."""

import os
import time
from collections.abc import Iterator
from random import Random
from zoneinfo import ZoneInfo

import pytest

from costtop.demo import past_month
from tests.e2e.instance import Instance
from tests.patience import until

# ALL_FAULTS=1 kills 50 times; scripts/soak --kills goes on for hours.
KILLS = 50 if os.environ.get("ALL_FAULTS") else 14
PIECES, KNOWN = 30, 6


def pieces(instance: Instance, rng: Random) -> Iterator[list[tuple[str, bytes]]]:
    """A month of logs in pieces that cut files, and lines, anywhere."""
    now = time.time_ns() // 1_000_000
    past = past_month.past(7, str(instance.home), now, ZoneInfo("UTC"))
    waves: list[list[tuple[str, bytes]]] = [[] for _ in range(PIECES)]
    for name, data in past.files.items():
        count = rng.randint(1, 3)
        cuts = sorted(rng.randrange(len(data)) for _ in range(count - 1))
        first = rng.randrange(PIECES - count + 1)
        for nth, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(data)], strict=True)):
            waves[first + nth].append((name, data[start:end]))
    yield from waves


def write(instance: Instance, wave: list[tuple[str, bytes]]) -> None:
    for name, data in wave:
        instance.append(name, data)


def calls(instance: Instance) -> int:
    return int(instance.ask("SELECT count(*) FROM calls"))


def is_up(instance: Instance, pid: int) -> bool:
    lock = instance.paths.lock
    return lock.exists() and lock.read_text().startswith(f"{pid}\n/")


def figures(instance: Instance, **options: object) -> dict[str, str]:
    return {by: instance.cli("report", "--by", by, "--csv", **options)
            for by in ("session", "model", "day", "user")}  # fmt: skip


@pytest.mark.timeout(300)
def test_many_kills_in_an_import_change_no_total(instance):
    rng = Random(50)
    waves = pieces(instance, rng)
    for _ in range(KNOWN):
        write(instance, next(waves))
    instance.cli("scan")  # rate cards are remembered from here on: the import begins at once
    seen = [calls(instance)]
    window = 0.3  # s after its start in which a daemon is killed
    for _ in range(KILLS):
        if len(seen) < 2 or seen[-1] > seen[-2]:
            write(instance, next(waves, []))  # the last wave is read: there is always one to come
        daemon = instance.spawn()
        until(lambda d=daemon: is_up(instance, d.pid))
        time.sleep(rng.uniform(0, window))
        instance.kill9()
        seen.append(calls(instance))
        # About half of the kills are to come before a commit, however slow the machine is.
        window = min(window * (0.9 if seen[-1] > seen[-2] else 1.3), 5.0)
    for wave in waves:
        write(instance, wave)
    instance.start()
    instance.stop()
    assert len(set(seen)) >= 4, "the kills did not fall into the import"
    assert seen == sorted(seen), "a commit was lost"
    survived = figures(instance)
    elsewhere = {**os.environ, "COSTTOP_HOME": str(instance.home / "undisturbed")}
    instance.cli("scan", env=elsewhere)
    assert survived == figures(instance, env=elsewhere)
    assert survived["model"].count("\n") > 5
