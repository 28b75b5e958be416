"""Finds the benchmark by its name and runs it. It measures nothing itself."""

import importlib
import pkgutil
import sys
from pathlib import Path

_PARTS = {"generator", "workload", "scoring", "baselines", "fleet", "terminal"}


def names() -> list[str]:
    """Benchmarks that can be run: the modules here that have a `main`."""
    found = {each.name for each in pkgutil.iter_modules([str(Path(__file__).parent)])}
    return sorted(found - _PARTS - {"__main__"})


def main() -> int:
    """Run `bench NAME ARGUMENTS…`; without a known name, list them (exit 2)."""
    name, *arguments = sys.argv[1:] or [""]
    if name not in names():
        print(f"usage: scripts/bench {'|'.join(names())} [arguments]", file=sys.stderr)
        return 2
    importlib.import_module(f"benches.{name}").main(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
