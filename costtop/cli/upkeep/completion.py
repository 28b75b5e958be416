"""`costtop completion SHELL`: what a shell needs to complete commands, from their own parser.

Scripts are written by shtab; what only this home knows (sessions, budgets, alerts, endpoints) they
ask for at each Tab by `costtop completion --words KIND`. A completion that fails says nothing.
"""

import argparse
import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from costtop.cli.parser import Parser
from costtop.cli.tables import put
from costtop.errors import UsageError
from costtop.queries.spending import sum_keys

_ASKED = "completion --words"
SHELLS = ("bash", "zsh", "fish")
_BY_METAVAR = {
    "SESSION": "sessions",
    "SESSION|CALL": "sessions",
    "DAY|SESSION": "sessions",
    "BUDGET|SESSION": "held",
    "ALERT": "alerts",
    "LABEL": "channels",
}
_BY_DEST = {"session": "sessions", "budget": "budgets", "feature": "features", "model": "models"}
_ONE_OF = {
    "by": sum_keys.KEYS,
    "period": ("day", "week", "month", "hours:5"),
    "action": ("notify", "gate", "pause", "stop", "kill"),
    "escalate": ("none", "pause", "kill"),
}
_WHERE = """\
bash: costtop completion bash > ~/.local/share/bash-completion/completions/costtop
zsh:  costtop completion zsh > ~/.zfunc/_costtop   (with fpath+=~/.zfunc before compinit)
fish: costtop completion fish > ~/.config/fish/completions/costtop.fish"""


def add(parser: Parser, name: str) -> None:
    """Adds `completion`."""
    parser.says(
        "Prints completions of commands, options, sessions, budgets and alerts for a shell.",
        *(line.partition(": ")[2].strip() for line in _WHERE.splitlines()),
    )
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, nargs="?", help="|".join(SHELLS))
    parser.add_argument("--words", metavar="KIND", help=argparse.SUPPRESS)
    parser.add_argument("--described", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints a script; or, asked by one, words of a kind."""
    if options.words:
        _put_words(options.words, described=options.described)
        return 0
    if options.shell is None:
        raise UsageError(f"for which shell?\n{_WHERE}")
    put(script(options.whole_parser(), options.shell))
    return 0


def script(parser: Parser, shell: str) -> str:
    """The completions of a parser with all commands for one of `SHELLS`."""
    import shtab

    for command, action in _arguments(parser):
        _mark(command, action, shtab)
    return str(shtab.complete(parser, shell))


def _arguments(parser: Parser) -> Iterator[tuple[str, Any]]:
    """Each argument of a parser and of its verbs, after its command."""
    yield from ((parser.prog, one) for one in parser.arguments())
    for below in parser.below().values():
        yield from _arguments(below)


def _mark(command: str, action: Any, shtab: Any) -> None:
    """Says where the words for one argument come from."""
    if isinstance(action.choices, tuple | list):  # None among them means: it may be left out
        action.choices = [one for one in action.choices if one is not None]
    if action.nargs == 0 or action.choices:
        return
    if action.dest in _ONE_OF:
        action.choices = _ONE_OF[action.dest]
    elif action.metavar == "FILE":
        action.complete = shtab.FILE
    elif kind := _kind(command, action):
        asked = f"costtop {_ASKED} {kind} 2>/dev/null"
        action.complete = shtab.cmd(asked) | {"fish": f"({asked} --described)"}


def _kind(command: str, action: argparse.Action) -> str:
    """Of what kind the words for an argument are; "" where a shell cannot know them."""
    if action.dest == "name" and " budget " in command:
        return "budgets"
    if isinstance(action.metavar, str) and action.metavar in _BY_METAVAR:
        return _BY_METAVAR[action.metavar]
    return _BY_DEST.get(action.dest, "")


def _put_words(kind: str, *, described: bool) -> None:
    """A word a line, for fish with what it is; none where anything is amiss."""
    with contextlib.suppress(Exception):  # whoever presses Tab wants no error in the prompt
        for word, about in _words(kind):
            put(f"{word}\t{about}" if described and about else word)


def _words(kind: str) -> Iterable[tuple[str, str]]:
    """Words of a kind: of the configuration's from there, for it may be younger than the store."""
    from costtop import config, paths
    from costtop.queries import completions
    from costtop.store.db import open_reader

    found = paths.find()
    if kind == "channels":
        return [(one.label, "") for one in config.load(found).notify]
    named = [(one.name, one.period) for one in config.load(found).budget]
    if kind == "budgets":
        return named
    with contextlib.closing(open_reader(found.database)) as db:
        if kind == "held":
            return named + completions.sessions(db)
        return completions.KINDS[kind](db)
