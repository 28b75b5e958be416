"""`costtop record`: hands one call, or a task's or session's event, to the daemon, or spools it.

The line is judged by the daemon, which has the contract; without one only its JSON is checked.
"""

import json
import sys
from typing import TYPE_CHECKING, Any

from costtop import paths
from costtop.cli.tables import put
from costtop.client import spool
from costtop.client.line_fields import stamped
from costtop.control import client
from costtop.control.client import NoAnswer, NoDaemon
from costtop.errors import CosttopError, UsageError
from costtop.text import clean

if TYPE_CHECKING:
    import argparse

    from costtop.cli.parser import Parser

_TEXT = {
    "session": "which run of the program it belongs to; needed",
    "model": "as its provider names it; needed",
    "id": "what names this call, so that it counts once; else a hash of the line",
    "ts": "when, as 2026-11-23T10:00:00Z; else now",
    "provider": "who bills it: anthropic, openai, google, …",
    "user": "for whom",
    "feature": "what the money is for",
    "task": "what it was asked to do",
    "parent": "the session that this one is part of",
    "agent": "the subagent that made it; else the session itself",
    "project": "what was worked on",
    "cwd": "the folder of the work",
    "branch": "what was checked out there",
    "host": "the machine",
    "request": "the provider's own id of the request",
    "cost-usd": "what was charged, in dollars, beside what costtop computes",
    "service-tier": "such as batch, flex, priority",
    "speed": "such as fast",
    "geo": "where it was inferred, such as us",
    "event": "no call, but: task, or session",
    "status": "of a call: ok, error; of a task: completed, failed, aborted; of a session: ended",
}
_NUMBERS = {
    "input-tokens": "all of them, cached ones too; needed",
    "output-tokens": "all of them, reasoning too; needed",
    "cache-read-tokens": "of the input, from the cache",
    "cache-write-tokens": "of the input, into the cache",
    "cache-write-1h-tokens": "of those, into the cache of an hour",
    "reasoning-tokens": "of the output",
    "audio-input-tokens": "of the input",
    "audio-output-tokens": "of the output",
    "image-input-tokens": "of the input",
    "image-output-tokens": "of the output",
    "web-searches": "how many the provider made for it",
    "pid": "the process of the session",
    "attempt": "which try it was, from 1",
}
_PATIENCE = 2.0  # s for the daemon to commit it
_CALL = ("model", "input_tokens", "output_tokens")


def add(parser: "Parser", name: str) -> None:
    """Adds `record`."""
    parser.says(
        "Hands one call of a program to the daemon, or keeps it for the daemon if none runs. A"
        " whole log is read where a [[source]] of the configuration names it: costtop config edit.",
        "costtop record --session s1 --model gpt-5.1 --input-tokens 900 --output-tokens 80",
        "costtop record --session s1 --event task --task fix-42 --status completed",
        "… | costtop record --json -",
    )
    parser.add_argument("--json", metavar="LINE", help='a whole line; "-" reads it from stdin')
    for flag, about in _TEXT.items():
        parser.add_argument(f"--{flag}", metavar="TEXT", help=about)
    for flag, about in _NUMBERS.items():
        parser.add_argument(f"--{flag}", metavar="N", type=int, help=about)
    tag = "a tag of your own, as team=web"
    parser.add_argument(
        "--tag", metavar="NAME=VALUE", action="append", default=[], dest="tags", help=tag
    )
    parser.set_defaults(run=run)


def run(options: "argparse.Namespace") -> int:
    """Records; raises UsageError for a line that is wrong, CosttopError for a refusal."""
    line = stamped(_given(options))
    found = paths.find()
    try:
        answer = _answer(client.send(found, line, _PATIENCE))
    except NoDaemon:
        _keep(found, line, "the daemon, which is not running; start it: costtop start")
    except NoAnswer:
        _keep(found, line, f"the daemon, which did not take it within {_PATIENCE:.0f} s")
    else:
        if answer.get("code") == UsageError.exit_code:
            raise UsageError(f"not recorded: {answer.get('error', 'refused')}")
        if answer.get("ok"):
            put("recorded")
        else:
            _keep(found, line, f"later, for the daemon said: {clean(str(answer.get('error')))}")
    return 0


def _answer(said: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(said)
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) else {"error": "what is not understood"}


def _keep(found: paths.Paths, line: bytes, until: str) -> None:
    """What is not known to be committed is kept; committed as well, it counts once by its id."""
    try:
        spool.append(found.spool, [line])
    except OSError as error:
        raise CosttopError(f"cannot write to {found.spool}: {error.strerror}") from None
    put(f"kept for {until}")


def _given(options: "argparse.Namespace") -> dict[str, Any]:
    """The fields of the line or of the flags, with what every line must have."""
    fields = _flags(options) if options.json is None else _line(options)
    needed = ("session",) if fields.get("event") else ("session", *_CALL)
    missing = [name for name in needed if fields.get(name) in (None, "")]
    if missing:
        raise UsageError(f"record: {', '.join(missing)} missing")
    return fields


def _line(options: "argparse.Namespace") -> dict[str, Any]:
    if _flags(options):
        raise UsageError("record: give --json or flags, not both")
    text = sys.stdin.read() if options.json == "-" else options.json
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"record: --json is not valid JSON: {error}") from None
    if not isinstance(fields, dict):
        raise UsageError("record: --json is not a JSON object")
    return fields


def _flags(options: "argparse.Namespace") -> dict[str, Any]:
    names = [flag.replace("-", "_") for flag in (*_TEXT, *_NUMBERS)]
    given = {name: getattr(options, name) for name in names}
    fields = {name: value for name, value in given.items() if value is not None}
    if options.tags:
        fields["tags"] = dict(_pair(tag) for tag in options.tags)
    return fields


def _pair(tag: str) -> tuple[str, str]:
    name, equals, value = tag.partition("=")
    if not (name and equals):
        raise UsageError(f'record: tag "{tag}"; write it as NAME=VALUE')
    return name, value
