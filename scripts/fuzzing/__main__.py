"""`scripts/fuzz [--minutes N] [--seed N]`: lets the compiled part read what nobody would write.

Half of the time a driver feeds each exported function spoilt lines under the sanitizers of the C
compiler (memory, undefined behaviour); the other half, whole logs are folded with the compiled part
and without it, which must give the same. The same seed does the same. Exit 1: something failed.
"""

import argparse
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from fuzzing import differing, driving

ROUNDS, LOGS = 20_000, 300  # at a seed: some seconds each


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0, help="how long (2)")
    parser.add_argument("--seed", type=int, help="this one alone, once")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            driver = driving.built(Path(folder))
        except driving.Unable as error:
            print(f"costtop: {error}", file=sys.stderr)
            return 2
        return _fuzzed(driver, args.minutes * 60, args.seed)


def _fuzzed(driver: Path, seconds: float, only: int | None) -> int:
    end, seeds = time.monotonic() + seconds, 0
    for seed in count() if only is None else [only]:
        if said := _at(driver, seed):
            print(f"{said}\nagain: scripts/fuzz --seed {seed}", file=sys.stderr)
            return 1
        seeds += 1
        if time.monotonic() > end:
            break
    print(f"{seeds} seeds: {seeds * ROUNDS} inputs under the sanitizers, {seeds * LOGS} logs in "
          "both ways, nothing found")  # fmt: skip
    return 0


def _at(driver: Path, seed: int) -> str:
    said = driving.fed(driver, seed, ROUNDS)
    return said or next(
        filter(None, map(differing.spoilt, range(seed * LOGS, (seed + 1) * LOGS))), ""
    )


if __name__ == "__main__":
    sys.exit(main())
