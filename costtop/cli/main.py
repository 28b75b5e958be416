"""The command line: finds the command's module, parses, calls it, prints its error.

Only the module of the command that was asked for is imported, so that quick ones stay quick.
"""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from costtop import __version__
from costtop.cli import quick_arguments
from costtop.cli.did_you_mean import refused
from costtop.errors import CosttopError

if TYPE_CHECKING:
    from costtop.cli.parser import Parser


MODULES = {
    "report": ("reports.report", "spend by feature, day, …"),
    "review": ("reports.review", "whether work gets dearer"),
    "why": ("reports.why", "why a day cost that much"),
    "explain": ("reports.explain", "where a number comes from"),
    "check": ("reports.check", "budgets, as an exit code"),
    "export": ("reports.export", "rows for other programs"),
    "doctor": ("reports.doctor", "what is read, what is not"),
    "demo": ("upkeep.demo", "the screen, made up"),
    "alerts": ("control.alerts", "what fired, told, silenced"),
    "budget": ("control.budget", "limits, how far spent"),
    "config": ("control.config_file", "settings, and from where"),
    "run": ("control.run", "an agent, tagged, capped"),
    "mark": ("control.act", "watched, runaway or fine"),
    "unmark": ("control.act", "take marks back"),
    "pause": ("control.act", "processes, until resume"),
    "resume": ("control.act", "let paused ones go on"),
    "kill": ("control.act", "end sessions, step by step"),
    "override": ("control.act", "let pass what is held back"),
    "record": ("control.record", "a call of your own program"),
    "hooks": ("control.hooks", "wire costtop into an agent"),
    "gate": ("control.hooks", "answer an agent's hook"),
    "statusline": ("control.hooks", "an agent's status line"),
    "line": ("control.hooks", "for tmux, waybar, prompts"),
    "init": ("upkeep.setup.init", "set up, step by step"),
    "fleet": ("fleet.group", "many machines, one ledger"),
    "start": ("upkeep.daemon", "the daemon, in background"),
    "stop": ("upkeep.daemon", "the daemon, or a session"),
    "status": ("upkeep.daemon", "how the daemon is"),
    "daemon": ("upkeep.daemon", "the daemon, in foreground"),
    "service": ("upkeep.at_login", "the daemon, at each login"),
    "scan": ("upkeep.scan", "read what is new, once"),
    "reprice": ("upkeep.reprice", "price stored calls anew"),
    "backup": ("upkeep.backup", "copy the database"),
    "restore": ("upkeep.backup", "put a copy back"),
    "forget": ("upkeep.forget", "delete what is stored"),
    "compact": ("upkeep.compact", "make the database smaller"),
    "uninstall": ("upkeep.uninstall", "undo all: take costtop out"),
    "completion": ("upkeep.completion", "Tab in bash, zsh or fish"),
    "man": ("upkeep.man_page", "the manual page"),
}
"""Which module of `costtop.cli` has which command, and what the help says of it, in its order."""

_LONGEST = 4_000  # characters of an error
SORTS = ("cost", "rate", "last")


def main(arguments: list[str]) -> int:
    """Runs one command; returns its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for as long as we run
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except CosttopError as error:
        _complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _no_more_output()
        return 0
    except OSError as error:  # standard output is the one file without a name
        if error.filename is None:
            _no_more_output()
        _complain(f"{error.filename or 'cannot write'}: {error.strerror or error}")
        return 1
    except Exception as error:
        found = _damage(error)
        if found is None:
            raise
        _complain(str(found))
        return found.exit_code


def _damage(error: Exception) -> CosttopError | None:
    """What to say instead of a traceback where the database is what failed; None for a bug.

    A bad page may make any code fail; then all pages are looked at.
    """
    if "sqlite3" not in sys.modules:
        return None
    from costtop import paths
    from costtop.store.recovery import damage, pages

    database = paths.find().database
    why = str(error) if damage.is_damage(error) else ""
    if not why and database.exists():
        with contextlib.suppress(Exception):  # it cannot be read: the first error says more
            why = pages.check(database)
    return damage.found(database, why) if why else None


def _complain(line: str) -> None:
    from costtop.text import clean  # what it quotes may come from anywhere

    with contextlib.suppress(OSError):  # the exit code says it too
        print(f"costtop: {clean(line, _LONGEST)}", file=sys.stderr)


def _no_more_output() -> None:
    """The reader (head, less) has gone; Python must not complain about it at exit either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: list[str]) -> int:
    given = usual(arguments) or _parser(_wanted(arguments)).parse_args(arguments)
    run = getattr(given, "run", None)
    if run is None:
        from costtop.cli import screen_command

        run = screen_command.run
    given.typed = arguments  # what a report says of how it was made
    given.whole_parser = whole_parser  # what completions and the manual page are made from
    return int(run(given))


def usual(arguments: list[str]) -> Any:
    """What the plain words of a command say, as the parser would; None where it is to read them."""
    named = arguments[0] if arguments and arguments[0] in MODULES else ""
    try:
        first = quick_arguments.QuickArguments()
        _add_options(first)
        if not named:
            return quick_arguments.options((first, arguments))
        second = quick_arguments.QuickArguments()
        _module(named).add(second, named)
        return quick_arguments.options((first, ()), (second, arguments[1:]))
    except quick_arguments.NotQuick:
        return None


def _module(name: str) -> Any:
    """The module of a command: its `add` fills a parser, whose default `run` gets what is read."""
    return importlib.import_module(f"costtop.cli.{MODULES[name][0]}")


def _wanted(arguments: list[str]) -> Iterable[str]:
    """The command whose module is needed; none for the screen and for a slip."""
    asked = next((word for word in arguments if not word.startswith("-")), None)
    return (asked,) if asked in MODULES else ()


def whole_parser() -> "Parser":
    """The parser with every command: for what is made from it, such as completions."""
    return _parser(MODULES)


def _parser(wanted: Iterable[str]) -> "Parser":
    from costtop.cli.parser import MainParser

    parser = MainParser(prog="costtop")
    parser.names = parser.commands = MODULES
    parser.add_argument("--version", action="version", version=f"costtop {__version__}")
    _add_options(parser)
    commands = parser.verbs("COMMAND")
    for name in wanted:
        _module(name).add(commands.add_parser(name, help=MODULES[name][1]), name)
    return parser


def _add_options(parser: "Parser | quick_arguments.QuickArguments") -> None:
    """The options of the live screen and of `--once`; what they do stands in `screen_command`."""
    parser.add_argument("--once", "-b", action="store_true", help="print one frame and end")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="that frame as JSON")
    form.add_argument("--jsonl", action="store_true", help="frames as JSON, a line each")
    parser.add_argument("--frames", "-n", type=_frames, metavar="N", help="print N frames and end")
    parser.add_argument("--sort", choices=SORTS, default="cost", help="what the list is ranked by")
    parser.add_argument("--limit", type=_limit, metavar="N", help="at most N sessions")
    parser.add_argument("--all", action="store_true", help="ended sessions of all time too")
    parser.add_argument("--fleet", action="store_true", help="all machines of [fleet]")
    parser.add_argument("--no-color", action="store_true", help="plain text, as with NO_COLOR")
    parser.add_argument("--ascii", "-U", action="store_true", help="no characters beyond ASCII")
    parser.add_argument("--no-mouse", "-M", action="store_true", help="leave the mouse alone")
    parser.add_argument(
        "--replay", metavar="DAY", help="play a stored day: yesterday, monday, 2026-11-22"
    )
    parser.add_argument(
        "--delay", "-d", type=_delay, metavar="S", help="seconds between two frames"
    )


def _frames(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 1 << 31):
        raise refused(f"{text!r} is no number of frames")
    return int(text)


def _delay(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0.1 <= seconds <= 86_400:
        raise refused(f"{text!r} is no number of seconds from 0.1 to 86400")
    return seconds


def _limit(text: str) -> int:
    if not text.isdecimal():
        raise refused(f"{text!r} is no number of sessions")
    return int(text)
