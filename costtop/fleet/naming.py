"""What names are called in a fleet: as they are where `send` says so, else a keyed hash.

Paths never leave: of a folder only its own name does. Text never exists here. An id of a session
leaves as it is where a machine made it, for operators address sessions by it; one in a program's
own words is hashed like a name.
"""

import hmac
import re
from collections.abc import Callable, Collection, Iterable
from hashlib import sha256
from pathlib import Path

from costtop.files import kept_key, user_name
from costtop.paths import Paths
from costtop.settings.fleet_settings import Fleet, Named

_LONGEST = 200  # characters of a name or an id, as the server takes them
_DIGITS, _DIGITS_OF_IDS = 12, 16  # of a hash
_REMEMBERED = 20_000
_HOME = re.compile(r"(?:[A-Za-z]:)?[/\\](?:home|Users)[/\\][^/\\]+[/\\]?")  # somebody's folder
_PATH = re.compile(r"(?:file:|~|[A-Za-z]:)?[/\\]|~$|\.\.?[/\\]")  # begins one
_INSIDE = re.compile(r"(?:^|[\s=:;,'\"()<>|])(?:~|[A-Za-z]:)?[/\\][^\s/\\]")
_SOURCE = re.compile(r"[a-z0-9][a-z0-9._+-]{0,39}")
# What a machine made, behind a word that is an agent's: "ses_01J…", "rollout-2026-11-28T…-0199…".
_MADE = re.compile(
    r"(?:(?:ses|session|agent|rollout|thread|chat|conv|conversation|run|task|tab|resp|msg|T)[-_.])?"
    r"(?:"
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[^_.:-]*[0-9])[0-9A-Za-z]{16,}"
    r"|(?=[a-f]*[0-9])[0-9a-f]{6,15}"
    r"|[0-9][0-9TZ_.:-]{5,}"
    r"|[-_.]"
    r")+"
)


def hash_key(fleet: Fleet, paths: Paths) -> bytes:
    """The key of the hashes: one file for a team, or one of this home, made at its first use.

    Raises ConfigError where it is not to be used.
    """
    named = fleet.hash_key_file
    place = Path(named).expanduser() if named else paths.fleet_key
    return kept_key(place, "the key of hashes of [fleet]")


class Naming:
    """Names as they leave; remembers those of this process."""

    def __init__(self, send: Collection[Named], key: bytes) -> None:
        self._send, self._key = frozenset(send), key
        self._login, self._home = user_name().lower(), str(Path.home())
        self._known: dict[tuple[str, str], str] = {}

    def name(self, kind: Named, text: str) -> str:
        """A model, feature, project or user; "" stays."""
        return self._remembered(kind, text, self._name)

    def session(self, text: str) -> str:
        """The id of a session or an agent; "" stays."""
        return self._remembered("session", text, self._id)

    def source(self, text: str) -> str:
        """The label of a log's format, which is costtop's own; what a program says is hashed."""
        return self._remembered("source", text, self._source)

    def meant(self, ids: Iterable[str], asked: str) -> str | None:
        """Which of these ids of sessions leaves as `asked`; None where none does."""
        return next((one for one in ids if self.session(one) == asked), None)

    def _remembered(self, kind: str, text: str, make: Callable[[str, str], str]) -> str:
        if not text:
            return ""
        known = self._known.get((kind, text))
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[kind, text] = make(kind, text)
        return known

    def _name(self, kind: str, text: str) -> str:
        if kind not in self._send:
            return self._hash(kind, text, _DIGITS)
        plain = self._folder(text) if _PATH.match(text) else text
        if not plain or _INSIDE.search(plain):
            return self._hash(kind, text, _DIGITS)
        return plain[:_LONGEST]

    def _folder(self, path: str) -> str:
        """A folder's or file's own name; "" where that is somebody's, or the whole disk's."""
        parts = [part for part in re.split(r"[/\\]", path.removeprefix("file:")) if part]
        if not parts or parts[-1] in ("~", ".", "..") or parts[-1].endswith(":"):
            return ""
        own = parts[-1].lower() == self._login or path.rstrip("/\\") == self._home
        return "" if own or _HOME.fullmatch(path.removeprefix("file://")) else parts[-1]

    def _id(self, kind: str, text: str) -> str:
        made = len(text) <= _LONGEST and _MADE.fullmatch(text)
        return text if made else self._hash(kind, text, _DIGITS_OF_IDS)

    def _source(self, kind: str, text: str) -> str:
        return text if _SOURCE.fullmatch(text) else self._hash(kind, text, _DIGITS)

    def _hash(self, kind: str, text: str, digits: int) -> str:
        """The same for the same text and key: "user#3f9c2a71b0de"."""
        made = hmac.digest(self._key, f"{kind}\0{text}".encode("utf-8", "replace"), sha256).hex()
        return f"{kind}#{made[:digits]}"
