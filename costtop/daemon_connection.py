"""Connects to the daemon of one instance, and to no other program: the kernel says who answers.

What a lock file says is text of whoever wrote it, and a dead daemon's socket may be another home's
by now. So a connection counts only where its peer is the user of the lock file and its pid.
"""

import errno
import os
import socket
import struct
import sys
from pathlib import Path

from costtop.named_tuples import NamedTuple
from costtop.paths import Paths, told

_MAC = (0, 1, 2)  # SOL_LOCAL, LOCAL_PEERCRED, LOCAL_PEERPID, which Python has no names for


class Peer(NamedTuple):
    """The process at the other end of a Unix socket, by the kernel's word."""

    pid: int  # 0 where it lies outside this container, or the system does not tell
    uid: int  # -1 where the system does not tell


def dialled(where: Paths | Path, timeout: float) -> socket.socket:
    """A connection to the daemon; a bare path is a socket that the caller knows by itself.

    Raises OSError where nobody answers there, or somebody else does.
    """
    if isinstance(where, Path):
        return _connected(where, timeout, 0, os.getuid())
    said = told(where.lock)
    if not said.pid:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "none has been started")
    return _connected(said.socket or where.socket, timeout, said.pid, said.owner)


def _connected(path: Path, timeout: float, pid: int, uid: int) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        peer.settimeout(timeout)
        peer.connect(os.fspath(path))
        found = peer_of(peer)
        if found.uid not in (uid, -1):
            raise PermissionError(errno.EPERM, "another user's program listens there")
        if pid and found.pid and found.pid != pid and not _is_also(found.pid, pid):
            raise ConnectionRefusedError(errno.ECONNREFUSED, "another home's daemon listens there")
    except BaseException:
        peer.close()
        raise
    return peer


def _is_also(seen: int, pid: int) -> bool:
    """Whether a process has another pid where it runs: a daemon in a container, from outside."""
    try:
        with open(f"/proc/{seen}/status", "rb") as file:
            rows = [row.split() for row in file if row.startswith(b"NSpid:")]
    except OSError:
        return False
    return bool(rows) and str(pid).encode() in rows[0][2:]


def peer_of(connected: socket.socket) -> Peer:
    """Who is at the other end; Peer(0, -1) where this system does not tell."""
    try:
        if sys.platform == "darwin":
            level, credentials, number = _MAC
            raw = connected.getsockopt(level, credentials, 76)  # struct xucred
            return Peer(connected.getsockopt(level, number), struct.unpack_from("2I", raw)[1])
        raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    except (OSError, AttributeError, struct.error):
        return Peer(0, -1)
    pid, uid, _ = struct.unpack("3i", raw)
    return Peer(pid, uid)
