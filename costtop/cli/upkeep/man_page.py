"""`costtop man`: the manual page, made from the parser that reads the commands."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator

from costtop import __version__
from costtop.cli.parser import Parser
from costtop.cli.tables import put

_ABOUT = (
    "costtop shows what AI agents spend while they spend it: sessions ranked by cost, budgets,"
    " causes and alerts. A daemon in the background reads the logs that agents write anyway;"
    " nothing is sent anywhere. Without a command it opens the live screen."
)
_FILES = (
    ("~/.config/costtop/config.toml", "what the user has set; see: costtop config example"),
    ("~/.config/costtop/budgets.toml", "budgets that were set by command"),
    ("~/.local/state/costtop/", "the database, backups, the daemon's log"),
)
_ENVIRONMENT = (
    ("COSTTOP_HOME", "one folder for everything that costtop keeps"),
    ("NO_COLOR", "plain text where it is set"),
    ("COSTTOP_SOCKET", "the daemon's socket, for programs that hand over calls"),
)
_CODES = (
    ("0", "it was done"),
    ("1", "it was not, and standard error says why"),
    ("2", "the command line could not be read"),
    ("10, 11, 20, 30", "costtop check: a tier reached, over the budget, not known"),
)


def add(parser: Parser, name: str) -> None:
    """Adds `man`."""
    parser.says(
        "The manual page: on a terminal it is shown, into a file or a pipe it is written as roff.",
        "costtop man",
        "costtop man > ~/.local/share/man/man1/costtop.1",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Shows or prints it."""
    text = page(options.whole_parser())
    reader = shutil.which("man")
    if reader and sys.stdout.isatty():
        shown = subprocess.run([reader, "-l", "-"], input=text.encode(), check=False)
        if shown.returncode == 0:
            return 0
    put(text)
    return 0


def page(parser: Parser) -> str:
    """The page of a parser with all commands as roff, in the macros of man(7)."""
    lines = [
        f'.TH COSTTOP 1 "" "costtop {__version__}" "User Commands"',
        *_section("NAME", [_text("costtop - htop for what AI agents spend")]),
        *_section("SYNOPSIS", [".B costtop", "[OPTIONS] [COMMAND ARGUMENTS]"]),
        *_section("DESCRIPTION", [_text(_ABOUT)]),
        *_section("OPTIONS", _options(parser)),
        *_section("COMMANDS", _commands(parser, "costtop")),
        *_section("FILES", _pairs(_FILES)),
        *_section("ENVIRONMENT", _pairs(_ENVIRONMENT)),
        *_section("EXIT STATUS", _pairs(_CODES)),
    ]
    return "\n".join(lines)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f'.SH "{title}"'
    yield from lines


def _commands(parser: Parser, named: str) -> Iterator[str]:
    """Each command with what is said of it, its arguments, its verbs and its examples."""
    for name, below in parser.below().items():
        yield f'.SS "{_text(f"{named} {name}")}"'
        yield _text(below.description or "")
        yield from _options(below)
        yield from _examples(below.epilog or "")
        yield from _commands(below, f"{named} {name}")


def _options(parser: Parser) -> Iterator[str]:
    for action in parser.arguments():
        yield from (".TP", _typed(action), _text(_said(action)))


def _typed(action: argparse.Action) -> str:
    """An argument as it is typed."""
    value = _text(_value(action))
    if not action.option_strings:
        return rf"\fI{value}\fR"
    names = ", ".join(rf"\fB{_text(one)}\fR" for one in action.option_strings)
    return rf"{names} \fI{value}\fR" if action.nargs != 0 else names


def _value(action: argparse.Action) -> str:
    if action.metavar is not None:
        return str(action.metavar)
    if action.choices:
        return "|".join(str(one) for one in action.choices)
    return action.dest.upper()


def _said(action: argparse.Action) -> str:
    """What the help says of it, the choices with it where only a word stands for them."""
    about = (action.help or "").replace("%%", "%")
    if action.choices and action.metavar is not None:
        about = f"{about} ({', '.join(str(one) for one in action.choices)})".lstrip()
    return about or "See above."


def _examples(epilog: str) -> Iterator[str]:
    lines = [line.strip() for line in epilog.splitlines()[1:]]
    if lines:
        yield ".PP"
        yield "Examples:"
        yield ".EX"
        yield from (_text(f"    {line}") for line in lines)
        yield ".EE"


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, about in pairs:
        yield from (".TP", rf"\fB{_text(name)}\fR", _text(about))


def _text(text: str) -> str:
    """Text in which roff sees nothing to obey."""
    safe = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace('"', r"\(dq")
    safe = "".join(one if one.isascii() else f"\\[u{ord(one):04X}]" for one in safe)
    return rf"\&{safe}" if safe.startswith((".", "\\(aq", " ")) else safe
