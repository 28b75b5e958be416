"""Who is at the other end of a Unix socket, as the kernel says it. It reads no messages."""

import os
import socket
import struct
import sys
from typing import NamedTuple

from costtop.processes.inspect.inspector import Eyes, eyes

_SO_PEERPIDFD = 77  # Linux >= 6.5
_LOCAL_PEERPID = 0x002  # macOS, level SOL_LOCAL
_SOL_LOCAL = 0


class Peer(NamedTuple):
    """The process that connected. `fd` is a pidfd for `Holder.report`, which then closes it."""

    pid: int
    start: int
    uid: int
    fd: int | None = None


def peer_of(connection: socket.socket, see: Eyes | None = None) -> Peer | None:
    """The peer of a connected stream socket; None when it has gone or the system does not tell."""
    see = see or eyes()
    try:
        pid, uid = _credentials(connection)
        fd = _pidfd(connection)
    except OSError:
        return None
    now = see.glance(pid)
    if now is None:
        if fd is not None:
            os.close(fd)
        return None
    owner = uid if uid >= 0 else (*see.owners(pid), -1)[0]
    return Peer(pid, now.start, owner, fd)


def _credentials(connection: socket.socket) -> tuple[int, int]:
    if hasattr(socket, "SO_PEERCRED"):
        size = struct.calcsize("3i")
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        pid, uid, _ = struct.unpack("3i", raw)
        return pid, uid
    return connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID), -1


def _pidfd(connection: socket.socket) -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return connection.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError:  # an older kernel
        return None
