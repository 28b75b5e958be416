"""`scripts/bench import`: first import and second look beside floors and peers of the same run.

The floor is what any reader must do: `LC_ALL=C grep -cF '"usage"'` over the same bytes; `cat` says
what the bytes alone cost. Peers are those on PATH (ccusage, codeburn, tokscale, claude-monitor) and
what COSTTOP_BENCH_PEER holds. `--home` names a home with logs; without, one is made up, with
`--real` in the shape of real logs.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from . import peers, transcripts
from .paired import Contender, compare, table, tree

_SCAN = (sys.executable, "-m", "costtop", "scan")


def contenders(home: Path, state: Path) -> list[Contender]:
    """The floor first: ratios are to it; then peers, if there are any, then costtop."""
    base = dict(os.environ, HOME=str(home), CLAUDE_CONFIG_DIR=str(home / ".claude"),
                CODEX_HOME=str(home / ".codex"))  # fmt: skip
    logs = [str(path) for name in (".claude", ".codex") if (path := home / name).is_dir()]
    grep = ("grep", "-rhcF", '"usage"', "--include=*.jsonl", *logs)
    cat = ("find", *logs, "-name", "*.jsonl", "-exec", "cat", "{}", "+")
    found = [Contender("grep -cF", grep, dict(base, LC_ALL="C")), Contender("cat", cat, base)]
    found += peers.found(home)
    ours = dict(base, COSTTOP_HOME=str(state))
    forget = partial(shutil.rmtree, state, ignore_errors=True)
    found.append(Contender("costtop scan, first", _SCAN, ours, forget))
    found.append(Contender("costtop scan, nothing new", _SCAN, ours))
    return found


def main(arguments: list[str]) -> None:
    """Measure and print; with `--json` for programs."""
    parser = argparse.ArgumentParser(prog="bench import", description=__doc__)
    parser.add_argument("--home", type=Path, help="a home with logs (default: made up)")
    parser.add_argument("--megabytes", type=int, default=100, help="size of the made-up logs")
    parser.add_argument("--real", action="store_true", help="made up in the shape of real logs")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="costtop-bench-") as folder:
        home = options.home or Path(folder) / "home"
        if not options.home:
            transcripts.write(home, options.megabytes, real=options.real)
        rivals = contenders(home, Path(folder) / "state")
        spent = compare(rivals, options.turns)
    if options.json:
        print(json.dumps({"rows": tree(rivals, spent), "without": peers.lacking(rivals)}))
        return
    print(table(rivals, spent))
    _, _, *others, first, again = spent
    for peer, cost in zip(rivals[2:-2], others, strict=True):
        ratios = (a / b for a, b in zip((*first, again.wall), (*cost, cost.wall), strict=True))
        words = ("wall", "cpu", "memory", "nothing new, wall")
        said = ", ".join(f"{word} {x:.2f}" for word, x in zip(words, ratios, strict=True))
        print(f"first / {peer.name}: {said}")
    if lacking := peers.lacking(rivals):
        print(f"not on PATH, or not working, so not beside it: {', '.join(lacking)}")
