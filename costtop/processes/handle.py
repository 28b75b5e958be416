"""One process, held so that a signal can only ever reach it.

On Linux the hold is a pidfd, opened first and verified after (RELIABILITY.md R12): a pidfd never
names another process, whatever becomes of the number. Where the system has none (macOS, old
kernels, seccomp) the start time is compared right before each signal, and a process younger than a
second is refused, for its number could have been reused within the clock's resolution (K11).
"""

import contextlib
import errno
import os
import select
import signal
import sys

from costtop.errors import Refused
from costtop.processes.inspect.process import Inspector, Process

YOUNGEST = 1.0  # seconds; a start time seen after this long proves which process it is
_UNAVAILABLE = {errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EOPNOTSUPP}


class Handle:
    """A process and its pidfd (`fd` is None where the system has none)."""

    def __init__(self, process: Process, fd: int | None, inspector: Inspector) -> None:
        self.process = process
        self.fd = fd
        self._inspector = inspector
        self._closed = False

    @property
    def pid(self) -> int:
        """Its number, for people."""
        return self.process.pid

    @property
    def identity(self) -> tuple[int, int]:
        """(pid, start): unmistakable within one boot."""
        return self.process.identity

    def gone(self) -> bool:
        """Whether it has exited; a zombie has."""
        if self.fd is not None:
            return exited(self.fd)
        now = self._inspector.glance(self.pid)
        return now is None or now.start != self.process.start or now.state in "ZX"

    def now(self) -> Process | None:
        """What it looks like now, as a zombie too; None when it is gone or its number reused."""
        found = self._inspector.glance(self.pid)
        return found if found is not None and found.start == self.process.start else None

    def successor(self) -> Process | None:
        """The other process that has its number now, if there is one."""
        found = self._inspector.glance(self.pid)
        if found is None:
            return None
        # In the same clock tick the start does not tell; a pidfd does.
        same = found.start == self.process.start
        return None if same and not (self.gone() and found.state not in "ZX") else found

    def send(self, number: signal.Signals) -> bool:
        """Send it. False: it was gone already. Raises Refused where it is not allowed."""
        if self._closed:  # without its pidfd the number proves nothing
            raise Refused(f"process {self.pid} is no longer held")
        try:
            if self.fd is None:
                return self._send_by_start(number)
            if exited(self.fd):
                return False
            signal.pidfd_send_signal(self.fd, number)
        except ProcessLookupError:
            return False
        except PermissionError:
            raise Refused(f"process {self.pid}: the system does not allow {number.name}") from None
        return True

    def copy(self) -> "Handle":
        """The same process held once more, for an action with its own life span."""
        return Handle(self.process, None if self.fd is None else os.dup(self.fd), self._inspector)

    def close(self) -> None:
        """Let go; harmless twice. Nothing is sent through it afterwards."""
        self._closed = True
        if self.fd is not None:
            with contextlib.suppress(OSError):
                os.close(self.fd)
            self.fd = None

    def _send_by_start(self, number: signal.Signals) -> bool:
        if self._inspector.age(self.process.start) < YOUNGEST:
            raise Refused(f"process {self.pid} is younger than a second: try again")
        if self.gone():
            return False
        os.kill(self.pid, number)
        return True


def hold(
    pid: int, start: int | None, inspector: Inspector, *, pidfds: bool = True
) -> Handle | None:
    """Hold the process `pid` that began at `start` (None: whoever has the number now).

    None when it is gone, a zombie, or another process has the number. `pidfds=False` is the
    fallback, as on a system that has none. Raises OSError when no file handle is left.
    """
    try:
        fd = open_pidfd(pid) if pidfds else None
    except ProcessLookupError:
        return None
    found = adopt(pid, start, fd, inspector)
    if found is None and fd is not None:
        os.close(fd)
    return found


def adopt(pid: int, start: int | None, fd: int | None, inspector: Inspector) -> Handle | None:
    """Verify an open pidfd: the look at `pid` counts, because it still lived after it."""
    found = inspector.glance(pid)
    if found is None or found.state in "ZX" or (start is not None and found.start != start):
        return None
    return None if fd is not None and exited(fd) else Handle(found, fd, inspector)


def open_pidfd(pid: int) -> int | None:
    """A pidfd, or None where the system has none. Raises ProcessLookupError: nobody is `pid`."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except OSError as error:
        if error.errno in _UNAVAILABLE:
            return None
        if error.errno in {errno.EINVAL, errno.ENOENT}:  # the number of a thread
            raise ProcessLookupError(pid) from error
        raise


def exited(fd: int) -> bool:
    """Whether the process of a pidfd has exited (it is readable then)."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))
