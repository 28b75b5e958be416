"""`costtop uninstall`: takes out of this machine what costtop has put in, and says what it was."""

import argparse
import os
import sys
from pathlib import Path

from costtop import paths
from costtop.cli.parser import Parser
from costtop.cli.tables import put
from costtop.cli.upkeep import own_files
from costtop.errors import CosttopError, UsageError
from costtop.hooks.dialects import AGENTS
from costtop.paths import Paths

_PROGRAM = "the program itself is its installer's: uv tool uninstall costtop, or pip uninstall"


def add(parser: Parser, name: str) -> None:
    """Adds `uninstall`."""
    parser.says(
        "Stops the daemon, removes its service, takes hooks and status lines from agents' settings,"
        " and deletes what costtop has stored. The configuration stays unless --config is given.",
        "costtop uninstall --dry-run",
        "costtop uninstall --config --yes",
    )
    parser.add_argument("--config", action="store_true", help="the configuration too")
    parser.add_argument("-y", "--yes", action="store_true", help="ask nothing")
    parser.add_argument("-n", "--dry-run", action="store_true", help="say what would be done")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Does it from the outside in: what calls costtop first, what it has stored last."""
    found = paths.find()
    wired, files = _wired(found), own_files.state_files(found)
    files += own_files.config_files(found) if options.config else []
    if options.dry_run:
        for line in [f"would take the hooks out of {agent}" for agent in wired]:
            put(line)
        for path in files:
            put(f"would delete {path}")
        return 0
    if not options.yes and not _agreed(found, options):
        return 1
    _stop(found)
    for agent in wired:
        _unwire(agent, found)
    gone = _delete(found, with_config=options.config)
    put(f"deleted {gone} files; {_PROGRAM}")
    for path in _left(found):
        put(f"left as it was: {path}")
    return 0


def _wired(found: Paths) -> list[str]:
    """Agents in whose settings costtop stands."""
    from costtop.hooks.install import installer

    named = []
    for agent in AGENTS:
        try:
            if installer.status(agent, found.hook_receipts).commands:
                named.append(agent)
        except CosttopError as error:
            print(f"costtop: {error}", file=sys.stderr)
    return named


def _agreed(found: Paths, options: argparse.Namespace) -> bool:
    what = f"everything that costtop has stored in {found.database.parent}"
    if options.config:
        what += f" and your configuration in {found.config.parent}"
    if not sys.stdin.isatty():
        raise UsageError(f"{what} would be deleted; say so with --yes")
    return input(f"Delete {what}? [y/N] ").strip().lower() in {"y", "yes"}


def _stop(found: Paths) -> None:
    from costtop.daemon.lifecycle import login_service, stopping

    put(stopping.stop(found))  # what runs inside an agent is refused here, before anything goes
    if login_service.status(found).installed:
        for line in login_service.remove(found):
            put(line.partition(";")[0])


def _unwire(agent: str, found: Paths) -> None:
    from costtop.hooks.install import installer

    for line in installer.remove(agent, found.hook_receipts):
        put(line)


def _delete(found: Paths, *, with_config: bool) -> int:
    """Deletes files, then the folders that are empty; how many files there were."""
    files = own_files.state_files(found)
    files += own_files.config_files(found) if with_config else []
    for path in files:
        _take_away(path)
    for folder in own_files.run_folders(found):
        for path in folder.glob("costtop.sock*"):
            _take_away(path)
        _take_away(folder)
    for folder in {found.database.parent, found.config.parent}:
        _take_away(folder)
    return sum(not path.exists() for path in files)


def _take_away(path: Path) -> None:
    """A file, or a folder that nobody needs any more."""
    try:
        if path.is_dir() and not path.is_symlink():
            if not os.listdir(path):
                path.rmdir()
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        print(f"costtop: {path}: {error.strerror}", file=sys.stderr)


def _left(found: Paths) -> list[Path]:
    """What stays in costtop's folders."""
    folders = dict.fromkeys((found.database.parent, found.config.parent))
    return [path for one in folders if one.is_dir() for path in sorted(one.iterdir())]
