"""Whether costtop's own files are safe: closed to others, else told; not on a file server."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from costtop.config import Config
from costtop.named_tuples import NamedTuple
from costtop.notify.address import OWN
from costtop.paths import Paths
from costtop.settings import fleet_settings

_MOUNTS = "/proc/self/mountinfo"
# SQLite's WAL needs memory that all its users share: hosts share none (RELIABILITY.md D14).
_SERVED = frozenset(
    "nfs nfs4 cifs smb3 smbfs afs ceph lustre beegfs glusterfs fuse.glusterfs fuse.sshfs"
    " fuse.rclone fuse.s3fs".split()
)
_OPEN = 0o066  # others read or write


class OpenPlace(NamedTuple):
    """A place that is not safe: the code that `doctor` knows it by, a line, and what to type."""

    code: str
    trouble: str
    remedy: str = ""


def told(paths: Paths, config: Config | None, *, repair: bool) -> list[OpenPlace]:
    """What is open to others, with what to do; `repair` closes what is costtop's own.

    Only a regular file of this user in costtop's own folder is closed, never through a link: what
    else is open may be meant so.
    """
    folders = sorted({paths.config.parent, paths.database.parent})
    found = [place for folder in folders for place in _way_in(folder)]
    if served := on_file_server(paths.database.parent):
        found.append(OpenPlace("home-remote", served))
    secret = set(_secret(paths, config))
    ours = (paths.config, paths.budgets, paths.screen)
    left = [one for one in (*ours, *sorted(secret - {*ours})) if _is_open(one)]
    if repair:
        left = [one for one in left if not _close(one, paths)]
    return found + [_read_by_others(one) for one in left if one in secret]


def _read_by_others(file: Path) -> OpenPlace:
    remedy = f"chmod 600 {file}"
    return OpenPlace("file-open", f"{file} can be read by others: {remedy}", remedy)


def _secret(paths: Paths, config: Config | None) -> Iterator[Path]:
    """The files that hold URLs of channels or tokens; whether they exist does not matter."""
    yield paths.otlp_token
    if config is None:  # broken: what it holds is not known
        yield paths.config
        return
    if any(one.url and not one.url.startswith(OWN) for one in config.notify):
        yield paths.config
    otlp = config.receive.otlp
    fleet = (config.fleet,) if config.fleet else ()
    named = (
        *(one.url_file for one in config.notify),
        *((otlp.token_file,) if otlp else ()),
        *(place for one in fleet for place in fleet_settings.secret_files(one)),
    )
    yield from (Path(one).expanduser() for one in named if one)


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _OPEN)
    except OSError:
        return False


def _close(path: Path, paths: Paths) -> bool:
    """Takes the others' rights away; False where it is not for us to do."""
    if path.parent not in {paths.config.parent, paths.database.parent}:
        return False
    try:
        held = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        found = os.fstat(held)
        ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid() and found.st_nlink == 1
        if ours:
            os.fchmod(held, stat.S_IMODE(found.st_mode) & 0o700)
        return ours
    except OSError:
        return False
    finally:
        os.close(held)


def _way_in(folder: Path) -> list[OpenPlace]:
    """The first folder above ours that another user could put another in the place of."""
    for above in folder.absolute().parents:
        try:
            found = above.stat()
        except OSError:
            continue
        if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            remedy = f"chmod o-w {above}"
            said = f"{above} is writable by everybody, who may replace {folder}: {remedy}"
            return [OpenPlace("folder-open", said, remedy)]
    return []


def on_file_server(folder: Path) -> str:
    """Whether a database is safe there: one line with what to do, for Linux alone tells.

    "" where it is on a disk of this machine, or nobody says.
    """
    try:
        mounts = Path(_MOUNTS).read_bytes()
    except OSError:
        return ""
    kind = kind_of(os.path.realpath(folder), mounts.decode("utf-8", "surrogateescape"))
    if kind not in _SERVED:
        return ""
    return (
        f"{folder} is on a file server ({kind}), where the database may be damaged and locks may"
        " not hold: set COSTTOP_HOME to a folder on a disk of this machine"
    )


def kind_of(path: str, mounts: str) -> str:
    """The file system that holds a path, by the text of /proc/<pid>/mountinfo (proc(5))."""
    longest, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        words = before.split(" ")
        point = _plain(words[4]) if len(words) > 4 else ""
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if point and inside and len(point) >= len(longest):
            longest, kind = point, after.partition(" ")[0]
    return kind


def _plain(point: str) -> str:
    """A mount point as it is: the kernel writes blanks and the like as octal numbers."""
    for octal, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(octal, sign)
    return point
