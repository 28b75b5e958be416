"""Tries costtop with the real agents: what of it holds with which version. Part of a release check.

Agents are installed with npm; afterwards nothing leaves the loopback, and every key is a dummy.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from laboratory import packages, tables
from laboratory.agent_programs import AGENTS, QUICK, RealAgent, named
from laboratory.brakes import ACTIONS, Cell, brake
from laboratory.trials import CHECKS, tried


def main(arguments: Sequence[str]) -> int:
    """Tries what is asked for; 0 where all of it holds, 1 where not, 69 where npm is not there."""
    options = _options(arguments)
    agents = [named(name) for name in options.agents or [one.name for one in AGENTS]]
    if options.quick and not options.agents:
        agents = [named(name) for name in QUICK]
    try:
        versions = {x.name: packages.install(x, options.folder, options.anew) for x in agents}
    except packages.NoNpm as error:
        print(f"real_agents: {error}", file=sys.stderr)
        return 69
    scratch = Path(tempfile.mkdtemp(prefix="costtop-lab-"))
    try:
        report = _report(agents, versions, options, scratch)
    finally:
        if options.keep:
            print(f"homes, logs and bills: {scratch}", file=sys.stderr)
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    print(tables.of(report))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if tables.holds(report) else 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/real_agents", description="Tries costtop with the real agents."
    )
    names = [one.name for one in AGENTS]
    parser.add_argument("agents", nargs="*", metavar="AGENT", help=f"{', '.join(names)} (all)")
    parser.add_argument(
        "--quick", action="store_true", help=f"{', '.join(QUICK)}: checks, and a gate and a kill"
    )
    parser.add_argument("--only", choices=("checks", "brakes"), help="one of the two tables")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes all that was seen")
    parser.add_argument("--anew", action="store_true", help="installs the newest versions")
    parser.add_argument("--keep", action="store_true", help="keeps homes, logs and bills")
    parser.add_argument("--at-once", type=int, default=3, metavar="N", help="agents at a time (3)")
    parser.add_argument(
        "--folder", type=Path, default=packages.default_folder(os.environ),
        help="where agents are installed",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    unknown = set(options.agents) - set(names)
    if unknown:
        parser.error(f"unknown agent {', '.join(sorted(unknown))}; one of {', '.join(names)}")
    options.folder = options.folder.absolute()
    return options


def _report(
    agents: Sequence[RealAgent],
    versions: dict[str, str],
    options: argparse.Namespace,
    scratch: Path,
) -> dict[str, Any]:
    """Everything that was seen, as JSON has it."""
    with ThreadPoolExecutor(options.at_once) as pool:
        each = pool.map(lambda agent: _one(agent, options, scratch / agent.name), agents)
        found = dict(zip((agent.name for agent in agents), each, strict=True))
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "agents": {name: {"version": versions[name], **seen} for name, seen in found.items()},
    }


def _one(agent: RealAgent, options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    if options.only != "brakes":
        checks = tried(agent, options.folder, scratch / "checks")
        seen["checks"] = {name: checks[name]._asdict() for name in CHECKS}
        print(f"{agent.name}: checked", file=sys.stderr)
    if options.only != "checks":
        seen["brakes"] = [
            {**cell._asdict(), **_braked(agent, cell, options.folder, scratch / str(number))}
            for number, cell in enumerate(_cells(agent, options.quick))
        ]
    return seen


def _braked(agent: RealAgent, cell: Cell, agents: Path, folder: Path) -> dict[str, Any]:
    seen = brake(agent, cell, agents, folder)
    hooks = "its hook" if cell.hooked else "no hook"
    words = f"{cell.action}, {hooks}: {seen.ratio:.2f} of the cap, {seen.end}"
    print(f"{agent.name}: {words}", file=sys.stderr)
    return {**seen._asdict(), "holds": seen.holds}


def _cells(agent: RealAgent, quick: bool) -> list[Cell]:
    """What budgets are tried: with the hook where there is one, without, and small ones."""
    if quick:
        return [Cell("gate", bool(agent.hooks)), Cell("pause", False)]
    hooked = [Cell(action, True) for action in ACTIONS if agent.hooks]
    bare = [Cell(action, False) for action in ACTIONS]
    small = [Cell("gate", bool(agent.hooks), 3), Cell("pause", False, 2)]
    return [*hooked, *bare, *small, Cell("gate", False, 10, "kill")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
