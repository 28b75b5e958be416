"""The pages that are made: of commands, of settings and, in part, of the screen.

`python -m tests.docs --write docs/commands.md docs/configuration.md` makes them anew; what stands
above the first mark and below the last one is written by hand and is kept.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from costtop.cli.main import MODULES, whole_parser
from costtop.cli.parser import Parser
from tests.docs.blocks import ROOT
from tests.docs.screen_reference import screen

_BEGIN, _END = "<!-- made from {} -->", "<!-- made until here -->"
_GROUPS = {"reports": "See", "control": "Act", "upkeep": "Keep", "fleet": "Keep"}


def made(page: Path) -> str | None:
    """The page as it should be; None for one that is written by hand."""
    known = {
        "commands.md": ("the parser", _commands),
        "configuration.md": (_EXAMPLE, _settings),
        "screen.md": ("the bindings and the legend", screen),
    }
    if page.name not in known:
        return None
    of, make = known[page.name]
    mark = _BEGIN.format(of)
    above, _, rest = page.read_text().partition(mark)
    below = rest.partition(_END)[2]
    text = "\n".join(line.rstrip() for line in make())
    return f"{above}{mark}\n\n{text}\n{_END}{below}"


def _commands() -> Iterator[str]:
    parser = whole_parser()
    yield from ("## costtop", "", "Without a command it opens the live screen.", "")
    yield from _arguments(parser)
    group = ""
    for name, below in parser.below().items():
        told = _GROUPS[MODULES[name][0].partition(".")[0]]
        if told != group:
            group = told
            yield from (f"## {group}", "")
        yield from _command(below, f"costtop {name}", "###")


def _command(parser: Parser, named: str, level: str) -> Iterator[str]:
    yield from (f"{level} {named}", "", _plain(parser.description or ""), "")
    yield from _arguments(parser)
    lines = (parser.epilog or "").splitlines()[1:]
    if lines:
        yield from ("Such as: " + " · ".join(f"`{line.strip()}`" for line in lines), "")
    for name, below in parser.below().items():
        yield from _command(below, f"{named} {name}", f"{level}#")


def _arguments(parser: Parser) -> Iterator[str]:
    rows = [one for one in parser.arguments() if "--help" not in one.option_strings]
    if rows:
        yield from ("| | |", "|---|---|")
        yield from (f"| {_typed(one)} | {_plain(_said(one))} |" for one in rows)
        yield ""


def _typed(action: argparse.Action) -> str:
    value = str(action.metavar or "|".join(map(str, action.choices or ())) or action.dest.upper())
    value = value.replace("|", "\\|")
    if not action.option_strings:
        return f"`{value}`"
    value = "" if action.nargs == 0 else f" {value}"
    return ", ".join(f"`{one}{value}`" for one in action.option_strings)


def _said(action: argparse.Action) -> str:
    about = (action.help or "").replace("%%", "%")
    if action.choices and action.metavar is not None:
        about = f"{about} ({', '.join(map(str, action.choices))})".lstrip()
    return about


def _plain(text: str) -> str:
    """Words that Markdown shows as they stand."""
    return re.sub(r"([|*<])", r"\\\1", text)


_EXAMPLE = "config.example.toml"


def _settings() -> Iterator[str]:
    """A heading for each part of the example, and the part as it stands."""
    text = (ROOT / _EXAMPLE).read_text()
    first, *parts = re.split(r"^# --- (.+?) -+\n", text, flags=re.MULTILINE)
    first = re.sub(r"\A(?:#.*\n)+\n", "", first)  # what the file says of itself
    for title, part in zip(["In general", *parts[::2]], [first, *parts[1::2]], strict=True):
        yield from (f"## {title}", "", "```toml", *part.strip().splitlines(), "```", "")
