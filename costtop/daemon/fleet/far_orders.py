"""Commands of a fleet's operators as its server tells them, checked.

The server is another machine: what it sends is taken for text that anybody may have written.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from costtop.control.protocol import (
    BeginSilence,
    FarVerb,
    MarkKind,
    MarkSession,
    Pause,
    Rung,
    StopSession,
    UnmarkSession,
)
from costtop.store.far_commands import FarCommand
from costtop.text import clean

_LONGEST = 1000  # characters of an answer
_MORE = "carries other sessions too: "  # whose names are nobody's affair elsewhere
_PATH = re.compile(r"(?<![\w/.…-])(?:file:|~|\.{1,2}|[A-Za-z]:)?[/\\]+\w[^\s,;)'\"]*")
_KEY = re.compile(r"(?<![\w/.…-])([a-z][a-z0-9._+-]{0,39})/([^\s/,;)'\":]+)(?![/\w])")


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a verb needs besides. What is not known here makes it no command: none is half done."""

    kind: MarkKind | None = None
    note: str | None = None
    span: int | None = None  # ms
    grows: int | None = None  # per cent
    ever: bool = False
    rung: Rung = "KILL"
    hold: bool | None = None  # None: by its hook where that spares its terminal


class FarOrder(msgspec.Struct, frozen=True):
    """A command as the server tells it; `until` is the last moment to begin it, of `running_ms`."""

    id: uuid.UUID
    session: str
    verb: FarVerb
    by: str
    asked_on: str
    until: int
    given: Given

    def command(self, now: int) -> FarCommand:
        """As it is kept."""
        named = clean(self.session, 200)
        return FarCommand(str(self.id), named, self.verb, _by(self.by, self.asked_on), now)


class NoOrder(Exception):
    """What the server sent is no command; `refused` is what to keep and answer, if it has an id."""

    def __init__(self, words: str, refused: FarCommand | None) -> None:
        super().__init__(f"the fleet's server sent what is no command: {words}")
        self.refused = refused


def order_of(told: Mapping[str, Any], now: int) -> FarOrder:
    """The command in what the server tells; raises NoOrder."""
    try:
        return msgspec.convert(dict(told), FarOrder)
    except (msgspec.ValidationError, RecursionError) as error:
        raise NoOrder(clean(str(error), 200), _refused(told, now)) from None


def note_of(asked: FarOrder, key: str, by: str) -> "Note":
    """What is kept in the store for a verb that signals nothing."""
    given = asked.given
    match asked.verb:
        case "mark":
            return MarkSession(key, given.kind, given.note, by)
        case "unmark":
            return UnmarkSession(key, by)
        case "silence":
            return BeginSilence(
                key,
                span=given.span,
                grows=given.grows,
                note=given.note or "",
                by=by,
                ever=given.ever,
            )
        case "stop":
            return StopSession(key, given.note or "", by)
        case _:
            return Pause(key, by, None, hold=True)


def leaving(words: str, called: Callable[[str], str]) -> str:
    """An answer as it may leave this machine: no path, and sessions by what the fleet calls them.

    `called` says so of a session's id.
    """
    words = words.partition(_MORE)[0] + _MORE.rstrip(": ") if _MORE in words else words
    words = _KEY.sub(lambda found: f"{found[1]}/{called(found[2])}", clean(words, 2 * _LONGEST))
    return clean(_PATH.sub("…", words), _LONGEST)


Note = MarkSession | UnmarkSession | BeginSilence | StopSession | Pause


def _refused(told: Mapping[str, Any], now: int) -> FarCommand | None:
    """What is kept and answered of a command that is none; None where it has no id."""
    said = {name: str(told.get(name, "")) for name in ("id", "session", "verb", "by", "asked_on")}
    try:
        name = str(uuid.UUID(said["id"]))
    except ValueError:
        return None
    return FarCommand(
        id=name,
        session=clean(said["session"], 200),
        verb=clean(said["verb"], 40),
        by=_by(said["by"], said["asked_on"]),
        at=now,
        state="refused",
        answer="not understood there: costtop may be older on that machine",
    )


def _by(by: str, asked_on: str) -> str:
    """Who asked, for the journal: "oscar@fleet from desk"."""
    return clean(f"{by}@fleet" + (f" from {asked_on}" if asked_on else ""), 200)
