"""What a report is asked for: its keys and filters, as options."""

import sqlite3
from typing import TYPE_CHECKING

from costtop.cli.did_you_mean import meant, refused
from costtop.errors import NothingFound, UsageError
from costtop.queries.spending import spend_filters, sum_keys
from costtop.queries.spending.spend_filters import FIELDS, Filter, Filters
from costtop.queries.spending.sum_keys import KEYS, TAG

if TYPE_CHECKING:
    import argparse

    from costtop.cli.parser import Parser

_ABOUT = {
    "feature": "what the money was for",
    "model": "such as 'opus*' or gpt-5.4",
    "agent": "claude, codex, gemini, …",
    "user": "for whom",
    "project": "the folder of the work",
    "branch": "of the repository",
    "ticket": "in the name of the branch",
    "pr": "the pull request, such as '*#12'",
    "commit": "such as 'shop@1a2b3c*'",
    "source": "the log format",
    "session": "its short id or id",
    "task": "by its name",
    "type": "the kind of subagent",
    "host": "the machine",
    "team": "the tag team; in a fleet the machine's",
    "label": "of a [[source]] of the config",
    "tool": "its part of the calls that asked for it",
    "server": "the MCP server of a tool",
}


def add_keys(parser: "Parser") -> None:
    """Adds `--by` and `--top`."""
    keys = f"one of {', '.join(KEYS)}, tag:NAME, or several with commas (default: day)"
    parser.add_argument("--by", type=_keys, default="day", metavar="KEY", help=keys)
    parser.add_argument(
        "--top", type=_top, metavar="N", help="the dearest N rows; the rest is one row, other"
    )


def add_filters(parser: "Parser") -> None:
    """Adds an option for each field; one given twice is either."""
    about = "names or globs (quote them for the shell); (none) is what has no name"
    group = parser.add_argument_group("filters", about)
    for field in FIELDS:
        group.add_argument(f"--{field}", action="append", metavar="GLOB", help=_ABOUT[field])
    group.add_argument("--tag", action="append", metavar="NAME=GLOB", help="such as team=web")


def filters(db: sqlite3.Connection, options: "argparse.Namespace") -> Filters:
    """The filters that were asked for; raises UsageError, NothingFound for no such session."""
    asked: dict[str, list[str]] = {}
    for field in FIELDS:
        for glob in getattr(options, field) or ():
            asked.setdefault(field, []).append(_session(db, glob) if field == "session" else glob)
    for text in options.tag or ():
        name, equals, glob = text.partition("=")
        if not (name and equals):
            raise UsageError(f"--tag {text}: write it as NAME=GLOB, such as team=web")
        asked.setdefault(TAG + name, []).append(glob)
    return tuple(Filter(field, tuple(globs)) for field, globs in asked.items())


def check(db: sqlite3.Connection, asked: Filters) -> None:
    """Raises NothingFound for a filter that fits nothing ever spent, naming what there is."""
    found = spend_filters.never(db, asked)
    if found is None:
        return
    names = spend_filters.stored(db, found.field)
    slip = meant(found.globs[0], names)
    there = f"the dearest are {', '.join(names)}" if names else "nothing was spent yet"
    what = found.field.removeprefix(TAG)
    raise NothingFound(f"no {what} fits {' or '.join(found.globs)!r}; {there}{slip}")


def tree(asked: Filters) -> dict[str, object]:
    """The filters as JSON carries them; nothing without one."""
    return {"filters": {one.field: list(one.globs) for one in asked}} if asked else {}


def _session(db: sqlite3.Connection, typed: str) -> str:
    if any(char in typed for char in "*?["):
        return typed
    from costtop.queries.sessions import lookup

    return lookup.session(db, typed)


def _keys(text: str) -> str:
    """`text` itself where its keys, parted by commas, are some, each once."""
    keys = [key.strip() for key in text.split(",")]
    for key in keys:
        if not sum_keys.is_key(key):
            raise refused(f"{key!r} is not one of {', '.join(KEYS)}, tag:NAME{meant(key, KEYS)}")
    if len(set(keys)) < len(keys):
        raise refused(f"{text!r} names a key twice")
    return ",".join(keys)


def _top(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise refused(f"{text!r} is no number of rows; such as: --top 10")
    return int(text)
