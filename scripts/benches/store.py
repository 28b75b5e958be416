"""`scripts/bench store`: how fast calls are recorded, and how fast the live list is read back.

Rows are made up: sessions of 110 calls, 300 of them a day, ending now. The yardstick is a plain
`executemany` of the same rows into one table without an index, in the same batches, in turn.
"""

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from costtop.durations import now_ms
from costtop.model import Call, Context, Rates, Tokens
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader, open_writer

BATCH = 10_000
_CALLS, _DAY = 110, 86_400_000  # calls of a session; ms
_RATES = Rates(3_000_000, 300_000, 3_750_000, 6_000_000, 15_000_000, card="made up")


def made(number: int, total: int, now: int, rng: random.Random) -> Priced:
    """The call `number` of `total`, oldest first; sessions overlap as they do in a team."""
    sessions = max(1, total // _CALLS)
    at = now - (total - number) * _DAY // (300 * _CALLS)
    session = min(sessions - 1, number // _CALLS // 30 * 30 + rng.randrange(30))
    read, output = rng.randrange(20_000, 120_000), rng.randrange(50, 2_000)
    tokens = Tokens(read + 900, read, 800, 0, output, 0)
    task = f"{session}-{number // 10_000}"
    context = Context(f"/home/u/p{session % 40}", "main", f"/home/u/p{session % 40}", task=task)
    call = Call(rng.randbytes(16), "claude-code", f"s{session:06}", "claude-sonnet-4-5", tokens,
                at, context, offset=number * 2_000)  # fmt: skip
    cost = read * 300 + output * 15_000
    return Priced(call, cost, cost, _RATES)


def batches(total: int, now: int) -> Iterator[Reading]:
    """The calls as readings of one file each."""
    rng = random.Random(7)  # noqa: S311
    for start in range(0, total, BATCH):
        calls = [made(n, total, now, rng) for n in range(start, min(total, start + BATCH))]
        yield Reading(
            "claude-code", b"/log/%d" % start, "[]", "{}", 0, False, calls, [], [], [], []
        )


def recorded(path: Path, total: int, now: int) -> tuple[float, float]:
    """Calls a second of processor time: by `record`, and by a plain `executemany`."""
    db = open_writer(path)
    write_context = WriteContext(lambda context, _source, _model: context.project)
    plain = open_writer(path.with_name("plain.db"))
    names = [f"c{n}" for n in range(24)]
    plain.execute(f"CREATE TABLE plain ({', '.join(names)})")
    insert = f"INSERT INTO plain VALUES ({','.join('?' * len(names))})"
    spent = [0.0, 0.0]
    for reading in batches(total, now):
        spent[0] += cpu(_transact, db, partial(record, db, write_context, [reading], now))
        flat = [
            (
                c.key,
                c.source,
                c.session,
                c.model,
                *c.tokens,
                c.at,
                now,
                *c.context,
                cost,
                cost,
                0,
                1,
            )
            for c, _, cost, *_ in reading.calls
        ]
        spent[1] += cpu(_transact, plain, partial(plain.executemany, insert, flat))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return total / spent[0], total / spent[1]


def _transact(db: sqlite3.Connection, write: Callable[[], object]) -> None:
    db.execute("BEGIN IMMEDIATE")
    write()
    db.execute("COMMIT")


def cpu(work: Callable[..., object], *given: object) -> float:
    """Seconds of processor time of `work(*given)`."""
    began = time.process_time()
    work(*given)
    return time.process_time() - began


def queries(path: Path, now: int) -> dict[str, float]:
    """Milliseconds of processor time, medians of 15: what a screen asks."""
    live, pulse = Live(open_reader(path)), Pulse(running=False)
    found = {}
    for name, window in (("live list, 24 h", _DAY), ("live list, all time", 3650 * _DAY)):
        first = cpu(live.take, now, pulse, (), window)
        times = [cpu(live.take, now, pulse, (), window) for _ in range(15)]
        found[f"{name}, first"] = first * 1000
        found[name] = statistics.median(times) * 1000
    return found


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench store", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    total = parser.parse_args(arguments).calls
    now = now_ms()
    with tempfile.TemporaryDirectory(prefix="costtop-bench-") as folder:
        path = Path(folder) / "costtop.db"
        ours, plain = recorded(path, total, now)
        print(f"record {ours:,.0f} calls/s, plain {plain:,.0f}: ratio {ours / plain:.2f}")
        print(f"database {path.stat().st_size / total:.0f} bytes a call")
        for name, taken in queries(path, now).items():
            print(f"{name:28} {taken:8.1f} ms")
