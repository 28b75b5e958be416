"""The inspector that this system has, and the ancestors of a process as it sees them.

Linux is read from /proc (`linux`), everything else through psutil (`psutil_`).
"""

import os
import sys

from costtop.processes.inspect import linux
from costtop.processes.inspect.process import Inspector, ancestors


def system_inspector() -> Inspector:
    """The inspector of this system."""
    if sys.platform == "linux" and os.path.exists("/proc/self/stat"):
        return linux
    from costtop.processes.inspect import psutil_

    return psutil_


def lineage(
    pid: int | None = None, inspector: Inspector | None = None
) -> tuple[tuple[int, int], ...]:
    """(pid, start) of the ancestors of `pid` (default: the caller), nearest first, without pid 1.

    What a hook or a status line reports, and what the daemon reads of a socket's peer.
    """
    found = ancestors(os.getpid() if pid is None else pid, inspector or system_inspector())
    return tuple((one.pid, one.start) for one in found if one.pid > 1)
