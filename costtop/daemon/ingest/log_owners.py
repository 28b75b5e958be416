"""Whose a log or a channel is, and what `[identity]` calls them. Its key alone it keeps for good.

An agent's log is its file's owner's. A file of root's, or of a user without a name, was mostly
written by a container into somebody's home: then the nearest folder above that has a named owner
says whose it is. Where none does it is whoever runs this.
"""

import os
import pwd
import time
from _blake2 import blake2b  # hashlib loads OpenSSL
from collections.abc import Callable
from functools import lru_cache

from costtop.config import Config
from costtop.files import kept_key, user_name
from costtop.nouns.log_owner import GIVEN_HOST, GIVEN_USER, PROGRAMS, LogOwner
from costtop.paths import Paths
from costtop.tail.place import is_file
from costtop.text import clean

_OTLP = "otlp"
_A_WHILE = 10.0  # s until it is asked anew whose folders are


class LogOwners:
    """The owners of this instance's logs, and their names."""

    def __init__(
        self, config: Config, paths: Paths, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Raises ConfigError where names are to be hidden and the key is not to be used."""
        self._login, self._host = clean(user_name()), host_name()
        self._identity, self._entries = config.identity, {one.name: one for one in config.source}
        self._spool = os.fsencode(paths.spool) + b"/"
        self._hears_agents = config.receive.otlp is not None and _is_near(config)
        self._key = (
            kept_key(paths.identity_key, "the key of [identity]") if config.identity.hash else b""
        )
        self._folders: dict[bytes, str] = {}  # whose logs below them are that tell no name
        self._clock, self._kept_until = clock, clock()

    def owner_of(self, label: str, path: bytes) -> LogOwner | None:
        """Whose a log or channel is, by its source's label; None where nothing tells."""
        entry = self._entries.get(label)
        if not is_file(path):
            if label == _OTLP:
                return LogOwner(self._login, self._host) if self._hears_agents else None
            return LogOwner("", self._host, programs=True)
        if path.startswith(self._spool):
            return LogOwner("", self._host, programs=True)
        form = entry.format if entry else label
        given = (GIVEN_USER if entry and entry.user else 0) | (
            GIVEN_HOST if entry and entry.host else 0
        )
        user, host = (clean(entry.user), clean(entry.host)) if entry else ("", "")
        if form.partition(".")[0] in PROGRAMS:
            return LogOwner(user, host, given, programs=True) if given else None
        return LogOwner(user or self._login_of(path), host or self._host, given, given > 0)

    def naming(self, owner: LogOwner) -> tuple[str, str]:
        """(user, host) as they are shown."""
        user, host, given = owner[:3]
        if user and not given & GIVEN_USER:
            user = self._user(user)
        if host and not given & GIVEN_HOST:
            host = clean(self._identity.host) or self._hidden("host", host)
        return user, host

    def _user(self, login: str) -> str:
        named = self._identity.users.get(login)
        if named is None and login == self._login:
            named = self._identity.user
        return clean(named or "") or self._hidden("user", login)

    def _hidden(self, kind: str, name: str) -> str:
        if not self._key:
            return name
        made = blake2b(name.encode(), digest_size=5, key=self._key, person=kind.encode())
        return f"{kind}-{made.hexdigest()}"

    def _login_of(self, path: bytes) -> str:
        return self._login_at(path) or self._login_above(os.path.dirname(path))

    def _login_at(self, path: bytes) -> str:
        """The login of who owns this file or folder; "" where that says nothing."""
        try:
            uid = os.stat(path).st_uid
        except OSError:
            return ""
        return (self._login if uid == os.getuid() else _name(uid)) if uid else ""

    def _login_above(self, folder: bytes) -> str:
        """Whose a log in the folder is that tells no name: a backlog asks it of each of its files.

        What the folders on the way up say is kept for a while.
        """
        now = self._clock()
        if now >= self._kept_until:
            self._folders, self._kept_until = {}, now + _A_WHILE
        known, unknown, login = self._folders, list[bytes](), ""
        while folder not in known:
            unknown.append(folder)
            login, above = self._login_at(folder), os.path.dirname(folder)
            if login or above == folder:
                break
            folder = above
        else:
            login = known[folder]
        known.update(dict.fromkeys(unknown, login or self._login))
        return login or self._login


def host_name() -> str:
    """The short name of this machine."""
    return clean(os.uname().nodename.partition(".")[0]) or "localhost"


@lru_cache(256)
def _name(uid: int) -> str:
    try:
        return clean(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return ""


def _is_near(config: Config) -> bool:
    """Whether only this machine reaches the receiver of OTLP."""
    from costtop.daemon.ingest.otlp_calls import is_loopback

    return config.receive.otlp is not None and is_loopback(config.receive.otlp.host)
