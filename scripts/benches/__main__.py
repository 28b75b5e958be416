"""Finds the benchmark by its name and runs it. It measures nothing itself."""

import importlib
import sys
from pathlib import Path

_MODULES = {"import": "import_"}  # a name that Python keeps for itself


def names() -> list[str]:
    """Benchmarks that can be run: the modules here that have a `main`."""
    here = Path(__file__)
    texts = {each.stem: each.read_text() for each in here.parent.glob("*.py") if each != here}
    spoken = {module: name for name, module in _MODULES.items()}
    found = (name for name, text in texts.items() if "\ndef main(arguments" in text)
    return sorted(spoken.get(name, name) for name in found)


def main() -> int:
    """Run `bench NAME ARGUMENTS…`; without a known name, list them (exit 2)."""
    name, *arguments = sys.argv[1:] or [""]
    if name not in names():
        print(f"usage: scripts/bench {'|'.join(names())} [arguments]", file=sys.stderr)
        return 2
    importlib.import_module(f"benches.{_MODULES.get(name, name)}").main(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
