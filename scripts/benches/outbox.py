"""`scripts/bench outbox`: what a fleet costs a machine that ships, without any server.

Commits with and without a fleet joined, turn by turn in one run; then a store of many calls, joined
and read to its end as batches, each crossed out as after an answer. Processor time of this process.
"""

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from costtop.durations import QUARTER
from costtop.fleet.naming import Naming
from costtop.fleet.next_shipment import ShippingOutbox
from costtop.model import Call, Context, Tokens
from costtop.store import outgoing
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader, open_writer

_AT = 1_795_000_000_000
_OF_SESSION = 17  # calls, as in the demo
_NAMED = ("model", "feature", "project", "user")
_COMMITS = ((1, 1_000), (20, 200), (500, 30))  # calls of one, how many


def main(arguments: Sequence[str]) -> None:
    """Prints both."""
    parser = argparse.ArgumentParser(prog="bench outbox", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000, help="of the store (1000000)")
    parser.add_argument("--turns", type=int, default=5, help="of each way to commit (5)")
    options = parser.parse_args(arguments)
    for size, many in _COMMITS:
        turns = [
            [_committed(size, many, joined=j) for j in (False, True)] for _ in range(options.turns)
        ]
        without, joined = (statistics.median(one) for one in zip(*turns, strict=True))
        told = f"{size:>4} calls a commit: {without:6.1f} µs a call, {joined:6.1f} with a fleet"
        print(f"{told}, {joined / without:.2f} times")
    with tempfile.TemporaryDirectory() as folder:
        _shipped(Path(folder) / "costtop.db", options.calls)


def _committed(size: int, many: int, *, joined: bool) -> float:
    """µs of processor time a call."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_writer(Path(folder) / "costtop.db")) as db,
    ):
        if joined:
            outgoing.begin(db, "bench")
        into = WriteContext(lambda context, source, model: "f")
        readings = [_reading(size, number) for number in range(many)]
        since = time.process_time()
        for one in readings:
            db.execute("BEGIN IMMEDIATE")
            record(db, into, [one], _AT)
            db.execute("COMMIT")
        return (time.process_time() - since) / (size * many) * 1e6


def _reading(size: int, number: int) -> Reading:
    chance = random.Random(number)  # noqa: S311
    calls = [
        Call(
            key=chance.randbytes(16), source="claude-code", model="opus", request=f"r{nth}",
            session=f"s{nth // _OF_SESSION}", tokens=Tokens(100, 10, 5, 0, nth % 1000),
            at=_AT + nth * 1000, context=Context(project="shop", cwd="/srv/shop", branch="main"),
        )
        for nth in range(number * size, (number + 1) * size)
    ]  # fmt: skip
    priced = [Priced(one, 7_000, 7_000, None) for one in calls]
    return Reading("claude-code", b"/log%d" % (number // 10), "{}", "{}", 1, False, priced,
                   [], [], [], [])  # fmt: skip


def _shipped(path: Path, many: int) -> None:
    """Joins a store of so many calls, and reads it as batches to its end."""
    with closing(open_writer(path)) as db:
        db.execute("BEGIN")
        _fill(db, many)
        db.execute("COMMIT")
        since = time.process_time()
        db.execute("BEGIN IMMEDIATE")
        outgoing.begin(db, "bench")
        db.execute("COMMIT")
        print(f"joined with {many:,} calls: {(time.process_time() - since) * 1000:.1f} ms")
        longest, calls, batches, began = 0.0, 0, 0, time.process_time()
        with closing(open_reader(path)) as reader:
            outbox = ShippingOutbox(reader, Naming(_NAMED, b"k" * 64))
            while True:
                since = time.process_time()
                batch = outbox.next(2_000)
                longest = max(longest, time.process_time() - since)
                if batch is None:
                    break
                calls, batches = calls + len(batch.rows), batches + 1
                db.execute("BEGIN IMMEDIATE")
                outgoing.sent(db, batch.done)
                db.execute("COMMIT")
        spent = time.process_time() - began
    told = (
        f"{calls:,} calls in {batches} batches: {spent:.1f} s, {spent / calls * 1e6:.1f} µs a call"
    )
    print(f"{told}; the longest batch {longest * 1000:.0f} ms")


def _fill(db: sqlite3.Connection, many: int) -> None:
    """Sessions of 17 calls, a new one each 400 s, in forty projects of eight users."""
    chance = random.Random(1)  # noqa: S311
    db.executemany("INSERT INTO names VALUES (?, ?)", [(n, f"name {n}") for n in range(1, 400)])
    db.executemany(
        "INSERT INTO contexts (id, cwd, branch, project, feature, user, task, host, tags)"
        " VALUES (?, 1, 2, ?, 0, ?, ?, 0, 0)",
        [(n, 3 + n % 40, 50 + n % 8, n) for n in range(1, 2_000)],
    )
    spend: set[tuple[int, ...]] = set()
    for session in range(1, many // _OF_SESSION + 2):
        at, context, model, feature = _AT - session * 400_000, 1 + session % 1_999, 200, 100
        model, feature = model + session % 6, feature + session % 30
        db.execute(
            "INSERT INTO sessions (id, source, session, root, context, feature, model, started,"
            " last, rev, calls) VALUES (?1, 1, ?2, ?1, ?3, ?4, ?5, ?6, ?6, ?1, 17)",
            (session, f"{session:08x}-0000-4000-8000-{session:012x}", context, feature, model, at),
        )
        times = [at + chance.randrange(3_600_000) for _ in range(_OF_SESSION)]
        db.executemany(
            "INSERT INTO calls (key, session, context, feature, model, provider, variant, at, seen,"
            " input, cache_read, cache_write, cache_write_1h, output, reasoning, searches, cost,"
            " offset, flags, attempt) VALUES (?, ?, ?, ?, ?, 2, 0, ?, ?, 90, 8000, 500, 0, 700, 0,"
            " 0, ?, 0, 0, 1)",
            [
                (chance.randbytes(8), session, context, feature, model, one, one, one % 10**8)
                for one in times
            ],
        )
        spend |= {(one // QUARTER, session, context, model, feature) for one in times}
    db.executemany(
        "INSERT INTO spend VALUES (?, ?, ?, ?, ?, 1, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1)",
        sorted(spend),
    )
