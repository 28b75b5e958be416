"""`costtop init`: looks, proposes, asks, shows the summary, and only then writes; and its undo."""

import argparse
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from costtop import paths
from costtop.cli.parser import Parser
from costtop.cli.tables import put
from costtop.errors import ConfigError, Refused
from costtop.hooks.dialects import OF_HOME
from costtop.paths import Paths

if TYPE_CHECKING:
    from costtop.cli.upkeep.setup.config_text import Inserted
    from costtop.cli.upkeep.setup.setup_writes import Answers
    from costtop.config import Config

_NOTHING = "nothing is to be written"


def add(parser: Parser, name: str) -> None:
    """Adds `init`."""
    parser.says(
        "Sets costtop up: finds agents, proposes a budget and alert settings from the last 30"
        " days, asks where messages go, offers hooks and the service. It writes nothing before"
        " you have seen all of it; --undo takes back exactly that.",
        "costtop init",
        "costtop init --dry-run",
        "costtop init --yes --channel ntfy://my-topic --hooks claude-code --service",
        "costtop init --undo",
    )
    parser.add_argument("-y", "--yes", action="store_true", help="ask nothing, take what it says")
    parser.add_argument("-n", "--dry-run", action="store_true", help="write nothing, say what")
    parser.add_argument("--undo", action="store_true", help="take back what init wrote")
    about = "where messages go: an Apprise address, desktop:, log:FILE"
    parser.add_argument("--channel", metavar="URL", help=about)
    about = f"wire costtop into an agent: all, {', '.join(OF_HOME)}"
    choices = ("all", *OF_HOME)
    parser.add_argument("--hooks", action="append", metavar="AGENT", choices=choices, help=about)
    parser.add_argument("--service", action="store_true", help="start the daemon at each login")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Walks through it; 1 where the summary is not confirmed or a step did not succeed."""
    from costtop.cli.upkeep.setup import read_ahead, undo, walk
    from costtop.cli.upkeep.setup.questions import BrokenOff, Questions

    unasked = options.yes or (options.dry_run and not sys.stdin.isatty())
    found, asker = paths.find(), Questions(usual=unasked)
    if options.undo:
        return undo.run(found, asker, dry_run=options.dry_run)
    config = _ready(found, dry_run=options.dry_run)
    try:
        one = walk.Walk(found, config, asker)
        read = one.agents()
        with read_ahead.history(found, read=read) as history:
            wanted = one.wanted(history, options)
            made = _made(found, wanted)
            put("")
            for line in walk.summary(found, wanted, made):
                put(line)
            if wanted.is_nothing or options.dry_run:
                put(_NOTHING if wanted.is_nothing else "--dry-run: nothing was written")
                return 0
            if not asker.agreed("Write it?", usual=True):
                put("nothing was written")
                return 1
            if history.db is not None:
                history.db.close()  # a first reading is moved
            return _written(found, wanted, made)
    except KeyboardInterrupt:
        raise BrokenOff("left; nothing was written") from None


def _ready(found: Paths, *, dry_run: bool) -> "Config":
    """The configuration as it is; raises CosttopError where nothing could be added to it."""
    from costtop import config as configuration

    config = configuration.load(found)
    if config.read_only:
        raise Refused(f"read_only is set in {found.config}, so nothing is set up")
    target = Path(os.path.realpath(found.config))
    there = next(one for one in (target, *target.parents) if one.exists())
    closed = not os.access(there, os.W_OK) or not there.stat().st_mode & stat.S_IWUSR
    if closed and not dry_run:
        shown = "what would be put in: costtop init --dry-run"
        raise ConfigError(f"{there} is read-only; {shown}")
    return config


def _made(found: Paths, wanted: "Answers") -> "Inserted | None":
    """The text of config.toml to be; None where it stays. Raises ConfigError."""
    from costtop.cli.upkeep.setup import config_text
    from costtop.config import source

    if not wanted.settings and wanted.channel.endpoint is None:
        return None
    try:
        return config_text.inserted(
            source(found.config)[0], wanted.settings, wanted.channel.endpoint
        )
    except config_text.NoRoom as error:
        raise ConfigError(f"{found.config}: {error}") from None


def _written(found: Paths, wanted: "Answers", made: "Inserted | None") -> int:
    """Does it; Ctrl-C from here on leaves what was done, with its receipts."""
    from costtop.cli.upkeep.setup.setup_writes import Deeds

    deeds = Deeds(found, wanted, made)
    try:
        deeds.all()
    except KeyboardInterrupt:
        put("left in the middle; take back what was written: costtop init --undo")
        return 130
    put("")
    put("Now: costtop. It opens the screen and starts the daemon, which is what tells you.")
    put("Take all this back: costtop init --undo")
    return 1 if deeds.failed else 0
