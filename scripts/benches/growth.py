"""`scripts/bench growth`: what questions and the store cost as it grows, with fitted exponents.

Stores of made-up sessions (300 a day, tasks, subagents) at several sizes; each command's processor
time is that of the whole process, and stands beside `python -I -c pass` of the same run. An
exponent of 0 does not grow, of 1 grows with the calls.
"""

import argparse
import json
import math
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from costtop.durations import DAY, HOUR, now_ms
from costtop.store import meta
from costtop.store.calls.batch import Reading
from costtop.store.db import open_writer

from .fleet import Fleet
from .paired import Contender, compare
from .start import launcher

_ASKED = (
    ("report",),
    ("report", "--by", "feature"),
    ("report", "7d", "--by", "model"),
    ("--once",),
)
_A_DAY, _CALLS = 300, 110  # sessions; calls of one


def made(home: Path, total: int) -> int:
    """A store of about so many calls that end now; how many there are."""
    home.mkdir(mode=0o700, parents=True)
    db = open_writer(home / "costtop.db")
    fleet, now, calls = Fleet(db, 11), now_ms(), 0
    days = max(1, round(total / (_A_DAY * _CALLS)))
    for ago in range(days, 0, -1):
        readings = [_session(fleet, now - ago * DAY, nth) for nth in range(_A_DAY)]
        readings.sort(key=lambda one: one.calls[0].call.at)
        for start in range(0, _A_DAY, 50):
            fleet.write(readings[start : start + 50], now)
        calls += sum(len(one.calls) for one in readings)
    db.execute("BEGIN IMMEDIATE")
    meta.put(db, {"timezone": "UTC"})
    db.execute("UPDATE places SET state = ''")  # of files that are gone: nothing is looked for
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return calls


def _session(fleet: Fleet, day: int, nth: int) -> Reading:
    begins = day + nth * (DAY - 2 * HOUR) // _A_DAY
    return fleet.session(
        fleet._pick(),  # noqa: SLF001 - the fleet's own choice of work
        begins,
        _CALLS if nth % 5 else 2 * _CALLS // 3,
        step=20_000 + nth * 100,
        ends=True,
        agents=0 if nth % 5 else 2,
    )


def exponent(sizes: Sequence[float], figures: Sequence[float]) -> float:
    """The slope of the line through the logarithms of both."""
    found = statistics.linear_regression(
        [math.log(one) for one in sizes], [math.log(max(one, 1e-9)) for one in figures]
    )
    return found.slope


def _measured(home: Path, turns: int) -> dict[str, float]:
    environment = dict(os.environ, HOME=str(home), COSTTOP_HOME=str(home / "state"))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    rivals = [Contender("python -I -c pass", (sys.executable, "-I", "-c", "pass"), environment)]
    command = launcher(home)
    rivals += [
        Contender(f"costtop {' '.join(words)}", (*command, *words), environment) for words in _ASKED
    ]
    spent = compare(rivals, turns)
    return {one.name: mine.cpu * 1000 for one, mine in zip(rivals, spent, strict=True)}


def main(arguments: Sequence[str]) -> None:
    """Measure and print; with `--json` for programs."""
    parser = argparse.ArgumentParser(prog="bench growth", description=__doc__)
    parser.add_argument(
        "--calls",
        type=int,
        nargs="+",
        default=[100_000, 1_000_000, 5_000_000],
        help="about so many, in whole days of some 32,000",
    )
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    calls, rows = [], []
    for total in options.calls:
        with tempfile.TemporaryDirectory(prefix="costtop-bench-") as folder:
            home = Path(folder)
            calls.append(made(home / "state", total))
            size = (home / "state/costtop.db").stat().st_size
            rows.append({"bytes": size, **_measured(home, options.turns)})
    figures = {name: [row[name] for row in rows] for name in rows[0]}
    fitted = {
        name: round(exponent(calls, mine), 2) if len({*calls}) > 1 else None
        for name, mine in figures.items()
    }
    if options.json:
        print(json.dumps({"calls": calls, "cpu_ms": figures, "exponents": fitted}))
        return
    print(f"{'processor time, ms':34}" + "".join(f"{one:>13,}" for one in calls) + "  exponent")
    for name, mine in figures.items():
        print(f"{name:34}" + "".join(f"{one:13,.0f}" for one in mine) + f"  {fitted[name]}")
