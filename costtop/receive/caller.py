"""Who is at the other end of a Unix socket, by the kernel's word."""

import errno
import os
import select
import socket
import sys

from costtop.daemon_connection import peer_of
from costtop.named_tuples import NamedTuple

_PEERPIDFD = 77  # SO_PEERPIDFD (Linux 6.5), which the socket module does not name


class Caller(NamedTuple):
    """The process at the other end, by the kernel's word.

    `pidfd` holds it from the connection on, where the system has such a thing: its number may be
    another's by now, while a child of it still has the connection. It is the socket's to close.
    """

    pid: int  # 0 where the system does not say
    uid: int
    pidfd: int | None = None
    gone: bool = False  # it had ended before its connection was taken
    outside: bool = False  # it runs outside this container: the kernel has no number for it here

    def lives(self) -> bool:
        """Whether it is still there; where no pidfd can be had it is believed to be."""
        if self.pidfd is None:
            return not self.gone
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return not poll.poll(0)


def caller_of(peer: socket.socket) -> Caller:
    """Pid and uid of the other end; pid 0 and uid -1 where the system does not tell."""
    pid, uid = peer_of(peer)
    return Caller(pid, uid, outside=pid == 0 and uid >= 0)


def held(peer: socket.socket, caller: Caller) -> Caller:
    """The caller with a pidfd: of the very process that connected, where Linux (6.5) gives it.

    Before that it is of who has the number now: a moment after, and mostly the same.
    """
    if sys.platform != "linux" or caller.pid <= 0:
        return caller
    try:
        return caller._replace(pidfd=peer.getsockopt(socket.SOL_SOCKET, _PEERPIDFD))
    except OSError as error:
        if error.errno not in {errno.ENOPROTOOPT, errno.EOPNOTSUPP}:
            return caller._replace(gone=True)
    try:
        return caller._replace(pidfd=os.pidfd_open(caller.pid))
    except ProcessLookupError:
        return caller._replace(gone=True)
    except OSError:
        return caller
