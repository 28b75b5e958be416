"""The command line: finds the command's module, parses, calls it, prints its error. Nothing more.

Only the module of the command that was asked for is imported, so that quick ones stay quick.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Iterable
from typing import NoReturn, Protocol

from costtop import __version__
from costtop.cli import options
from costtop.errors import CosttopError


class Module(Protocol):
    """What a module of commands offers."""

    def add(self, commands: "argparse._SubParsersAction[Parser]", name: str) -> None:
        """Adds the parser of the command `name`; its default `run` is called with the namespace."""


MODULES = {
    "daemon": "upkeep.daemon",
    "start": "upkeep.daemon",
    "stop": "upkeep.daemon",
    "status": "upkeep.daemon",
    "scan": "upkeep.scan",
    "report": "reports.report",
    "review": "reports.review",
    "explain": "reports.explain",
    "doctor": "reports.doctor",
    "reprice": "upkeep.reprice",
    "export": "reports.export",
    "backup": "upkeep.backup",
    "budget": "control.budget",
    "record": "control.record",
    "mark": "control.act",
    "unmark": "control.act",
    "pause": "control.act",
    "resume": "control.act",
    "kill": "control.act",
    "override": "control.act",
    "run": "control.run",
    "hooks": "control.hooks",
    "gate": "control.hooks",
    "statusline": "control.hooks",
    "alerts": "control.alerts",
    "demo": "upkeep.demo",
}
"""Which module of `costtop.cli` has which command, in the order of the help."""


class Parser(argparse.ArgumentParser):
    """argparse that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit 2, with the way to the help."""
        self.exit(2, f"{self.prog}: {message}; see: {self.prog} --help\n")


def main(arguments: list[str]) -> int:
    """Runs one command; returns its exit code."""
    try:
        return _run(arguments)
    except CosttopError as error:
        print(f"costtop: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone; Python must not complain about it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: list[str]) -> int:
    given = _parser(_wanted(arguments)).parse_args(arguments)
    run = getattr(given, "run", None)
    if run is None:
        from costtop.cli.reports import live

        run = live.run
    return int(run(given))


def _wanted(arguments: list[str]) -> Iterable[str]:
    """The commands whose modules are needed: the one asked for; all of them for help or a slip."""
    asked = next((word for word in arguments if not word.startswith("-")), None)
    if asked in MODULES:
        return (asked,)
    screen = all(word.startswith("-") for word in arguments[:1])  # its options, and their values
    return () if screen and not {"-h", "--help"}.intersection(arguments) else MODULES


def _parser(wanted: Iterable[str]) -> Parser:
    parser = Parser(
        prog="costtop",
        description="htop for what AI agents spend. Without a command: the live screen.",
    )
    parser.add_argument("--version", action="version", version=f"costtop {__version__}")
    options.add_options(parser)
    # Without `prog` argparse formats a usage to find it, and loads shutil, bz2 and lzma for that.
    commands = parser.add_subparsers(prog="costtop", metavar="COMMAND", parser_class=Parser)
    for name in wanted:
        module: Module = importlib.import_module(f"costtop.cli.{MODULES[name]}")
        module.add(commands, name)
    return parser
