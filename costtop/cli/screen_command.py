"""`costtop` without a command: the live screen, or plain frames of it. It loads either alone."""

import os
import sys
from typing import TYPE_CHECKING

from costtop.errors import UsageError

if TYPE_CHECKING:
    import argparse


def run(options: "argparse.Namespace") -> int:
    """Opens the screen, or prints frames where there is no terminal to open it on."""
    if options.no_color:
        os.environ["NO_COLOR"] = "1"
    if options.replay and not is_terminal():
        raise UsageError("--replay plays on the screen: it needs a terminal")
    if options.replay and options.fleet:
        raise UsageError("--replay plays what this machine has stored: leave --fleet out")
    if options.once or options.json or options.jsonl or options.frames or not is_terminal():
        from costtop.cli.reports import live

        return live.once(options)
    if options.fleet:
        from costtop.cli import open_fleet

        return open_fleet.run(options)
    from costtop.cli import open_screen

    return open_screen.run(options)


def is_terminal() -> bool:
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return os.environ.get("TERM", "dumb") != "dumb" and all(s.isatty() for s in streams)
