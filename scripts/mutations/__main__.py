"""`scripts/mutants [MODULE…]`: changes, tests, and says what nobody noticed.

Each worker has a copy of the tree of its own, in which one module at a time is wrong; the tests of
that module run there until the first that fails. Exit 1: something lives that `survivors.toml`
does not name, or more than a twentieth does.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from mutations.mutate import Mutant, mutants
from mutations.targets import TARGETS, Target

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = Path(__file__).with_name("survivors.toml")
LONGER = 5.0  # times as long as the right module's tests: a mutant that hangs is noticed
LEAST = 30.0  # s
MOST_ALIVE = 0.05
_COPIED = ("costtop", "tests", "scripts", "pyproject.toml", "README.md", "docs")


class Case(NamedTuple):
    """A mutant and the target it belongs to; `mutant` None: the module as it is."""

    target: Target
    mutant: Mutant

    @property
    def name(self) -> str:
        """As `survivors.toml` has it."""
        return f"{self.target.module} {self.mutant.name}"


class Workshop:
    """One copy of the tree, in which one module at a time is wrong."""

    def __init__(self) -> None:
        self.said = ""  # by the tests that ran last
        self.root = Path(tempfile.mkdtemp(prefix="mutants-"))
        for name in _COPIED:
            source = ROOT / name
            ignored = shutil.ignore_patterns("__pycache__")
            if source.is_dir():
                shutil.copytree(source, self.root / name, ignore=ignored)
            else:
                shutil.copy(source, self.root / name)

    def passes(self, target: Target, source: str, seconds: float | None = None) -> bool:
        """Whether the target's tests pass, in time, with this source in its module's place."""
        module = self.root / target.module
        right = module.read_text()
        try:
            self._write(module, source)
            return self._tested(target.tests, seconds)
        finally:
            self._write(module, right)

    def _write(self, module: Path, source: str) -> None:
        module.write_text(source)
        # Bytecode is told apart by second and size: not enough for two mutants.
        for stale in (module.parent / "__pycache__").glob(f"{module.stem}.*"):
            stale.unlink()

    def _tested(self, tests: tuple[str, ...], seconds: float | None) -> bool:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        environment = {**os.environ, "PYTHONPATH": str(self.root), "CI": "1"}
        try:
            ran = subprocess.run(
                command,
                cwd=self.root,
                env=environment,
                timeout=seconds,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        self.said = ran.stdout.decode()
        assert ran.returncode in (0, 1, 2), self.said[-2000:]
        return ran.returncode == 0

    def close(self) -> None:
        """Removes the copy."""
        shutil.rmtree(self.root)


def cases(wanted: list[str]) -> Iterator[Case]:
    """All mutants of the targets whose path contains one of the words, or of all targets."""
    for target in TARGETS:
        if not wanted or any(word in target.module for word in wanted):
            source = (ROOT / target.module).read_text()
            for mutant in mutants(source, target.only):
                yield Case(target, mutant)


def alive(found: list[Case], workers: int) -> Iterator[Case]:
    """Those that no test notices, as soon as that is known."""
    idle: SimpleQueue[Workshop] = SimpleQueue()
    shops = [Workshop() for _ in range(workers)]
    for each in shops:
        idle.put(each)

    patience: dict[Target, float] = {}

    def lives(case: Case) -> bool:
        shop = idle.get()
        try:
            return shop.passes(case.target, case.mutant.source, patience[case.target])
        finally:
            idle.put(shop)

    try:
        for target in dict.fromkeys(case.target for case in found):
            right, began = (ROOT / target.module).read_text(), time.monotonic()
            if not shops[0].passes(target, right):
                sys.exit(f"{shops[0].said[-2000:]}\nthe tests of {target.module} fail as it is")
            patience[target] = max(LEAST, LONGER * (time.monotonic() - began))
        with ThreadPoolExecutor(workers) as pool:
            for case, lived in zip(found, pool.map(lives, found), strict=True):
                if lived:
                    yield case
    finally:
        for each in shops:
            each.close()


def main() -> int:
    """Prints a line a survivor and a line for all."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="words of paths; without any: all")
    parser.add_argument("--list", action="store_true", help="only say what would be changed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    given = parser.parse_args()
    found = list(cases(given.modules))
    if given.list:
        print(*(case.name for case in found), sep="\n")
        return 0
    accepted = tomllib.loads(SURVIVORS.read_text())
    lived = []
    for case in alive(found, given.workers):
        lived.append(case.name)
        print(f"alive: {case.name}  ({accepted.get(case.name, 'UNEXPECTED')})", flush=True)
    known = {case.name for case in found}
    for name in sorted(set(accepted) & known - set(lived)):
        print(f"noticed after all, take it out of survivors.toml: {name}")
    share = len(lived) / len(found)
    print(
        f"{len(found)} mutants, {len(found) - len(lived)} noticed, {len(lived)} alive: {share:.1%}"
    )
    return int(share > MOST_ALIVE or not set(lived) <= set(accepted))


if __name__ == "__main__":
    sys.exit(main())
