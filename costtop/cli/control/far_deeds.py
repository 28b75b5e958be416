"""Deeds on sessions of other machines, named HOST:SESSION: asked for, waited for, told.

The local daemon asks, so that who sits inside an agent is refused as for a session here; what is
done the other machine's daemon decides.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from costtop import durations
from costtop.cli.tables import put, put_json
from costtop.control import client, protocol
from costtop.errors import CosttopError, NothingFound, NothingStored, UsageError
from costtop.files import user_name
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths
from costtop.queries.sessions import lookup
from costtop.store.db import open_reader
from costtop.text import clean

if TYPE_CHECKING:
    import argparse

    from costtop.cli.parser import Parser

PATIENCE = 300.0  # s: the daemon gives up before
Given = Mapping[str, str | int | bool]


class FarSession(NamedTuple):
    """A session on another machine; `team` is "" where the host's name says enough."""

    host: str
    team: str
    session: str  # its key there, or its short id

    @property
    def named(self) -> str:
        """As people type it."""
        return clean(f"{self.host}{self.team and '@'}{self.team}:{self.session}", 300)


def parted(found: Paths, typed: Sequence[str]) -> list[FarSession]:
    """The sessions of other machines among what was typed; all of it or none.

    A session of this machine goes before, whatever its name looks like.
    """
    far = [one for one in map(address, typed) if one is not None]
    if not far or any(_is_here(found, one) for one in typed if address(one) is not None):
        return []
    if len(far) < len(typed):
        raise UsageError("sessions of this machine and of others: give one command for each")
    return far


def add_json(parser: "Parser") -> None:
    """Adds `--json` to a command that does something to sessions."""
    parser.add_argument("--json", action="store_true", help="what was done, as JSON")


def address(typed: str) -> FarSession | None:
    """What "HOST:SESSION" names, also "HOST@TEAM:…" and "SOURCE/HOST:…"; None for all else."""
    host, between, session = typed.partition(":")
    source, slash, rest = host.rpartition("/")
    if slash:  # as the screen of a fleet calls it
        host, session = rest, f"{source}/{session}"
    host, _, team = host.removeprefix("@").partition("@")
    return FarSession(host, team, session) if between and host and session.strip("@/") else None


def _is_here(found: Paths, typed: str) -> bool:
    try:
        with closing(open_reader(found.database)) as db:
            lookup.session(db, typed)
    except (NothingFound, NothingStored):
        return False
    except CosttopError:  # it begins several
        return True
    return True


def ask_each(
    found: Paths, options: "argparse.Namespace", far: Sequence[FarSession], verb: protocol.FarVerb
) -> int:
    """Asks for a deed on each, tells the answers; 1 where one was not done."""
    given = _given(options, verb)
    as_json = bool(getattr(options, "json", False))
    if not as_json and not _agreed(options, far, verb):
        return 1
    told: list[dict[str, Any]] = []
    code = 0
    for one in far:
        if not as_json:
            put(f"{one.named}: asked for: {verb}; waits for that machine's answer")
            sys.stdout.flush()
        state, words, error = _asked(found, one, verb, given)
        about = {"host": one.host, "team": one.team or None, "session": one.session}
        about["short"] = None  # as that machine knows it
        told.append({**about, "verb": verb, "state": state, "answer": words})
        code = code or error
        if as_json:
            continue
        if state == "done":
            put(f"{one.named}: {words}")
        else:
            print(f"costtop: {one.named}: {said(one.host, state, words)}", file=sys.stderr)
    if as_json:
        put_json({"schema": 1, "answers": told})
    return code


def said(host: str, state: str, words: str) -> str:
    """An answer that is no deed, for people."""
    if state == "refused":
        return f"refused by {clean(host, 200)}: {words}"
    if state == "expired":
        unheard = "it did not answer in time, and begins nothing any more"
        return f"expired: {words or unheard}"
    return words


def _asked(
    found: Paths, one: FarSession, verb: protocol.FarVerb, given: Given
) -> tuple[str, str, int]:
    """(state, words, exit code) of one; a state of its own where the server could not be asked."""
    order = protocol.AskFar(one.host, one.session, verb, team=one.team, given=given, by=user_name())
    try:
        answer = client.ask(found, order, PATIENCE)
    except client.NoDaemon:
        raise
    except CosttopError as error:
        return "failed", str(error), error.exit_code
    state = str(answer["state"])
    return state, str(answer["answer"]), 0 if state == "done" else 1


def _given(options: "argparse.Namespace", verb: str) -> Given:
    """What the verb needs besides; raises UsageError for what only a session here can have."""
    if getattr(options, "dry_run", False):
        raise UsageError("--dry-run: only the machine itself can say what it would do")
    if getattr(options, "pid", None) is not None:
        raise UsageError("--pid names a process of this machine")
    found: dict[str, str | int | bool | None] = {}
    match verb:
        case "mark":
            found = {"kind": options.kind, "note": options.note}
        case "silence":
            ever = options.span == "ever"
            span = None if ever or options.span is None else durations.parse(options.span)
            found = {"span": span, "grows": options.until_grows, "ever": ever or None}
            found["note"] = options.note or None
        case "stop":
            found = {"note": options.note or None}
        case "kill":
            found = {"rung": options.rung}
        case "pause":
            found = {"hold": True if options.hold else False if options.now else None}
    return {name: value for name, value in found.items() if value is not None}


def _agreed(options: "argparse.Namespace", far: Sequence[FarSession], verb: str) -> bool:
    """Asks a person before a kill, as for a session here."""
    if verb != "kill" or options.yes or not sys.stdin.isatty():
        return True
    named = ", ".join(one.named for one in far)
    return input(f"End {named}? [y/N] ").strip().lower() in {"y", "yes"}
