"""The parser of commands: what is wrong in one line, and what was meant; help with examples.

Every command passes by here, also those that a hook calls at each turn: nothing heavy is imported.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, cast

from costtop.cli.did_you_mean import meant

_GROUPS = {"reports": "See", "control": "Act", "upkeep": "Keep"}
_HELP = """\
htop for what AI agents spend: the live screen. More: costtop COMMAND --help
usage: costtop [-d SECONDS] [--ascii] [--no-mouse] [--no-color] [--replay DAY]
       costtop --once [-n N] [--json|--jsonl] [--sort KEY] [--limit N] [--all]
"""


class _Formatter(argparse.HelpFormatter):
    """Wraps descriptions and leaves examples as they are."""

    def __init__(self, prog: str) -> None:
        # argparse makes one for each option that it is told of; unasked, each measures the window,
        # with a module that loads all kinds of archives.
        super().__init__(prog, width=_width())

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith("examples:") else super()._fill_text(text, width, indent)


class Verbs(argparse._SubParsersAction):  # type: ignore[type-arg]  # noqa: SLF001
    """The verbs of a parser; its help lists each with the first sentence that is said of it."""

    def add_parser(self, name: str, **how: Any) -> "Parser":
        """The parser of one verb."""
        parser: Parser = super().add_parser(name, **{"help": "", **how})
        parser.listed = self._choices_actions[-1]
        return parser


class Parser(argparse.ArgumentParser):
    """argparse that says what is wrong in one line, and what may have been meant."""

    names: Iterable[str] = ()  # of all verbs, where the parser was given only the one asked for
    listed: argparse.Action | None = None  # where the help of the parser above lists this one

    def __init__(self, **how: Any) -> None:
        super().__init__(**{"formatter_class": _Formatter, **how})

    def says(self, about: str, *examples: str) -> None:
        """What the help says of it, and lines to type."""
        self.description = about
        if self.listed is not None and not self.listed.help:
            self.listed.help = about.partition(". ")[0].rstrip(".").replace("%", "%%")
        self.epilog = "\n".join(("examples:", *(f"  {one}" for one in examples)))

    def verbs(self, metavar: str, *, required: bool = False) -> Verbs:
        """Room for verbs. Without `prog` argparse would format a usage to find it: slow."""
        how: dict[str, Any] = {"prog": self.prog, "metavar": metavar, "required": required}
        how |= {"action": Verbs, "parser_class": Parser, "title": "verbs"}
        return cast("Verbs", self.add_subparsers(**how))

    def arguments(self) -> list[argparse.Action]:
        """What it reads, options and places, without its verbs and what no help shows."""
        shown = (one for one in self._actions if one.help != argparse.SUPPRESS)
        return [one for one in shown if one.nargs != argparse.PARSER]

    def below(self) -> "dict[str, Parser]":
        """The parsers of its verbs, by name."""
        verbs = (one.choices for one in self._actions if one.nargs == argparse.PARSER)
        return {name: parser for each in verbs for name, parser in dict(each or {}).items()}

    def error(self, message: str) -> NoReturn:
        """Exit 2, with the way to the help."""
        from costtop.text import clean

        self.exit(2, f"{self.prog}: {clean(message, 1_000)}; see: {self.prog} --help\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        """As argparse does; but a help that cannot be written is an error, not silence."""
        if file is sys.stdout:
            file.write(message)
            file.flush()
        else:
            super()._print_message(message, file)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse does, but what is not known is an error, said by the parser it was for."""
        if self._subparsers is not None:
            self._refuse(self._leading(args or ()))
        found, rest = super().parse_known_args(args, namespace)
        self._refuse(rest)
        return found, []

    def _refuse(self, words: Iterable[str]) -> None:
        """Refuses the first word that is no option of this parser."""
        for word in words:
            option = word.partition("=")[0]
            if option.startswith("-") and len(option) > 1:
                known = self._option_string_actions
                self.error(f"no option {option}{meant(option, known)}")
            self.error(f"{word!r} is one word too many")

    def _leading(self, words: Sequence[str]) -> list[str]:
        """Unknown options before the verb: argparse would take their values for the verb."""
        known, at = self._option_string_actions, 0
        while at < len(words) and words[at].startswith("-") and words[at] not in ("-", "--"):
            option, equals, _ = words[at].partition("=")
            if option.startswith("--"):
                found = next((key for key in known if key.startswith(option)), None)
                attached = bool(equals)
            else:
                found = option[:2] if option[:2] in known else None
                attached = len(option) > 2
            if found is None:
                return [words[at]]
            at += 1 if attached or known[found].nargs == 0 else 2
        return []

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """A choice that is none: the choices, few as they are, and which may have been meant."""
        if action.choices is None or value in action.choices:
            return
        choices = [str(choice) for choice in action.choices if choice is not None]
        if action.nargs == argparse.PARSER:
            self.error(f"no command {value!r}{meant(str(value), self.names or choices)}")
        named = f"one of {', '.join(choices)}"
        raise argparse.ArgumentError(action, f"{value!r} is not {named}{meant(value, choices)}")


class MainParser(Parser):
    """The first parser, whose help has all commands in groups and fits a window of 80x24."""

    commands: Mapping[str, tuple[str, str]] = {}  # by name: module, and what is said of it

    def format_help(self) -> str:
        lines = [_HELP.rstrip()]
        for folder, title in _GROUPS.items():
            mine = [
                (n, about) for n, (at, about) in self.commands.items() if _group(n, at) == folder
            ]
            cells = [f"{name:<11}{about}" for name, about in mine]
            half = -(-len(cells) // 2)
            named = [title, *[""] * half]
            beside = [*cells[half:], ""]
            lines += [f"{named[n]:<5}{cells[n]:<38}{beside[n]}".rstrip() for n in range(half)]
        return "\n".join(lines) + "\n"


def _group(name: str, module: str) -> str:
    """The group that a command stands in: its module's folder, but the demo is to be seen."""
    return {"demo": "reports", "fleet": "upkeep"}.get(name, module.partition(".")[0])


def _width() -> int:
    """Columns of the window, as `shutil` knows them."""
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(1).columns
        except OSError:
            columns = 0
    return (columns or 80) - 2
