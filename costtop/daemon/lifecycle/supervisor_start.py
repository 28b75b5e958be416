"""The supervisor behind `costtop start`: begun with the daemon, dismissed when that is stopped."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from costtop.daemon.lifecycle import supervisor
from costtop.paths import Paths

_PATIENCE = 5.0  # s
_OF_OTHERS = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}  # of a service that calls us
DAEMON = (sys.executable, "-P", "-m", "costtop", "daemon")


def begin(paths: Paths, options: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Starts a supervisor, which starts the daemon; in a session of its own, its words in the log.

    It keeps nothing open of whoever calls.
    """
    _file(paths).unlink(missing_ok=True)  # of one that waits to start a daemon again
    alone = (sys.executable, "-I", "-S", supervisor.__file__)
    return subprocess.Popen(
        [*alone, str(paths.lock.parent), *DAEMON, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env={name: value for name, value in os.environ.items() if name not in _OF_OTHERS},
    )


def dismiss(paths: Paths) -> None:
    """Lets the supervisor end, wherever it is, and waits for it. It signals nobody."""
    try:
        held = os.open(_file(paths), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        _file(paths).unlink(missing_ok=True)
        due = time.monotonic() + _PATIENCE
        while not _is_free(held) and time.monotonic() < due:
            time.sleep(0.02)
    finally:
        os.close(held)


def _is_free(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _file(paths: Paths) -> Path:
    return paths.lock.with_name(supervisor.FILE)
