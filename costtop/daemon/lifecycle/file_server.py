"""Whether a folder is on a file server, where a database and its locks are not safe. Linux only."""

import os
from pathlib import Path

_MOUNTS = "/proc/self/mountinfo"
# SQLite's WAL needs memory that all its users share: hosts share none (RELIABILITY.md D14).
_SERVED = frozenset(
    "nfs nfs4 cifs smb3 smbfs afs ceph lustre beegfs glusterfs fuse.glusterfs fuse.sshfs"
    " fuse.rclone fuse.s3fs".split()
)


def told(folder: Path) -> str:
    """One line with what to do; "" where it is on a disk of this machine, or nobody tells."""
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
