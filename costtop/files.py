"""The user's own files and folders: private modes, replacing a file whole, and who asks."""

import os
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from costtop.errors import ConfigError, CosttopError, Unusable

_FRESH = 60.0  # s
_KEY = 32  # bytes; half of it, as text, is the least that is taken
_LONGEST_SECRET = 8192  # bytes of a URL or token


class NoSecret(CosttopError):
    """There is no secret where it is said to be, or others may read it."""


def private_directory(path: Path) -> Path:
    """Makes `path` with mode 0700 and checks that it is ours; raises Unusable where it is not."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise Unusable(f"cannot make the directory {path}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Unusable(
            f"{path} is not a directory of this user; remove it or set COSTTOP_HOME elsewhere"
        )
    if found.st_mode & stat.S_ISVTX:  # /tmp, asked for by root: closing it would stop the machine
        raise Unusable(f"{path} is shared by everybody; set COSTTOP_HOME to a folder below it")
    if found.st_mode & 0o077:
        try:
            path.chmod(0o700)
        except OSError as error:
            raise Unusable(f"{path} is open to others and stays so: {error.strerror}") from None
    return path


def private_file(path: Path, flags: int) -> int:
    """Opens `path` with `flags`, mode 0600, never through a link; returns a descriptor."""
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def secret(path: str, *, own: bool = False) -> str:
    """The first line of a file that others may not read, and that is this user's own if wanted.

    Raises NoSecret, which names the file and what to do, and nothing of what stands in it.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise NoSecret(f"{path}: {error.strerror}") from None
    with os.fdopen(file, "rb") as opened:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise NoSecret(f"{path} is not a regular file")
        if found.st_mode & 0o077:
            raise NoSecret(f"{path} is open to others; chmod 600 {path}")
        if own and found.st_uid != os.getuid():
            raise NoSecret(f"{path} is another user's; chown {user_name()} {path}")
        text = opened.read(_LONGEST_SECRET).decode("utf-8", "replace").strip()
    if not text:
        raise NoSecret(f"{path} is empty")
    return text.splitlines()[0].strip()


def kept_key(path: Path, what: str) -> bytes:
    """A key of 32 bytes as hex: made at its first use, for this user alone; raises ConfigError.

    Without one a list of likely names would tell who is behind a hash.
    """
    try:
        if not path.exists() or not path.stat().st_size:
            private_directory(path.parent)
            replace(path, f"{os.urandom(_KEY).hex()}\n".encode(), synced=True)
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            text = file.read(2 * _KEY).strip()
    except OSError as error:
        raise ConfigError(f"cannot use {what} {path}: {error.strerror}") from None
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(f"{what} {path} is open to others: chmod 600 {path}")
    if len(text) < _KEY:
        raise ConfigError(
            f"{what} {path} is too short: put back the one that was there, or"
            " remove it for another, which gives everybody another hash"
        )
    return text


def replace(path: Path, content: bytes, mode: int = 0o600, *, synced: bool = False) -> None:
    """Replaces a file whole: whoever reads meets the old one or the new one. Raises OSError.

    The fresh file lies beside it under a name of this process, never through a link. What nobody
    could make again is `synced`: else a power cut may leave the name with nothing behind it.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with os.fdopen(private_file(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def clear_unfinished(folders: Iterable[Path], own: Collection[str]) -> None:
    """Deletes what a process left in folders that died in `replace`.

    A file that is nobody's but the caller's `own` goes at once, others a minute later: a command
    may be writing them at this moment.
    """
    import re
    import time

    new = re.compile(r"\.(?P<file>.+)\.\d+\.new|(?P<old>status\.json)\.\d+")
    for folder in folders:
        for path in _inside(folder):
            found = new.fullmatch(path.name)
            if found is None or path.is_dir():
                continue
            its_own = (found["file"] or found["old"]) in own
            if its_own or time.time() - path.lstat().st_mtime > _FRESH:
                path.unlink(missing_ok=True)


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def user_name() -> str:
    """Who runs this, for journals: the login name, or the uid where no name is known.

    A container may run under a uid without an entry in the list of users.
    """
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())
