"""`costtop run [tags] [--max-cost $] -- CMD…`: parsing alone; `daemon.run.wrap` does it."""

import argparse

from costtop import paths
from costtop.cli.parser import Parser
from costtop.cli.spans import amount
from costtop.errors import UsageError

_ABOUT = """Runs a command in its own process group, with tags in its environment and on every call
of the sessions it starts, and ends it when they have cost --max-cost. Which sessions are its own:
with a daemon, those whose process is the command or below it (and, where no process is known, those
that began in its folder meanwhile); without a daemon, those that began in its folder while it ran.
Exit code: the command's own, or 11 at the cap."""


def add(parser: Parser, name: str) -> None:
    """Adds `run`."""
    parser.says(
        _ABOUT,
        "costtop run --feature checkout --max-cost 5 -- claude -p 'fix the tests'",
        "costtop run --task fix-42 -- codex exec 'look at the logs'",
    )
    parser.add_argument("--feature", default="", help="the feature that its calls belong to")
    parser.add_argument("--task", default="", help="the task that it works on")
    parser.add_argument("--user", default="", help="for whom (default: what the log says)")
    parser.add_argument("--max-cost", metavar="DOLLARS", help="end it at this cost: 5, 2.50")
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD…", help="what to run")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs it."""
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise UsageError("give the command after --: costtop run --max-cost 5 -- claude -p …")
    cap = None if options.max_cost is None else amount(options.max_cost)
    from costtop.daemon.run import wrap

    tags = (options.feature, options.task, options.user)
    return wrap.run(paths.find(), wrap.RunOptions(tuple(command), *tags, cap, options.quiet))
