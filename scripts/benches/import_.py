"""`scripts/bench import`: a first import and a second look, against the floor and against a peer.

The floor is what any reader must do: `LC_ALL=C grep -cF '"usage"'` over the same bytes. A peer is
whatever `COSTTOP_BENCH_PEER` holds, a shell command that reads the logs below $HOME (it gets
CLAUDE_CONFIG_DIR and CODEX_HOME too). `--home` names a home with logs; without, one is made up.
"""

import argparse
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from . import transcripts
from .paired import Contender, compare, table

_SCAN = (sys.executable, "-m", "costtop", "scan")


def contenders(home: Path, state: Path) -> list[Contender]:
    """The floor first: ratios are to it; then a peer, if there is one, then costtop."""
    base = dict(os.environ, HOME=str(home), CLAUDE_CONFIG_DIR=str(home / ".claude"),
                CODEX_HOME=str(home / ".codex"))  # fmt: skip
    logs = [str(path) for name in (".claude", ".codex") if (path := home / name).is_dir()]
    grep = ("grep", "-rhcF", '"usage"', "--include=*.jsonl", *logs)
    found = [Contender("grep -cF", grep, dict(base, LC_ALL="C"))]
    if peer := os.environ.get("COSTTOP_BENCH_PEER"):
        found.append(Contender("peer", ("sh", "-c", peer), base))
    ours = dict(base, COSTTOP_HOME=str(state))
    forget = partial(shutil.rmtree, state, ignore_errors=True)
    found.append(Contender("costtop scan, first", _SCAN, ours, forget))
    found.append(Contender("costtop scan, nothing new", _SCAN, ours))
    return found


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench import", description=__doc__)
    parser.add_argument("--home", type=Path, help="a home with logs (default: made up)")
    parser.add_argument("--megabytes", type=int, default=100, help="size of the made-up logs")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="costtop-bench-") as folder:
        home = options.home or Path(folder) / "home"
        if not options.home:
            transcripts.write(home, options.megabytes)
        rivals = contenders(home, Path(folder) / "state")
        spent = compare(rivals, options.turns)
        print(table(rivals, spent))
        if rivals[1].name == "peer":
            _, peer, first, again = spent
            print(f"first / peer: wall {first.wall / peer.wall:.2f} cpu {first.cpu / peer.cpu:.2f}"
                  f" memory {first.memory / peer.memory:.2f} (largest process)"
                  f"   nothing new / peer: wall {again.wall / peer.wall:.3f}")  # fmt: skip
