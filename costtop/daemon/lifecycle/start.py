"""Starts the daemon in the background, as tmux does its server.

The child runs with `-P` so that nothing is imported from the current directory, in a session of its
own, with its output in the log.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from costtop.daemon.lifecycle import instance
from costtop.errors import CosttopError
from costtop.files import private_directory, private_file
from costtop.paths import Paths

_PATIENCE = 20.0  # s; a cold start on a slow disk
_TAIL = 2000  # bytes of the log searched for its last line


def start(paths: Paths, options: Sequence[str] = ()) -> tuple[int, bool]:
    """(pid, True) of the daemon just started, or (pid, False) of one that runs already."""
    if not instance.is_free(paths.lock):
        return instance.holder(paths.lock) or 0, False
    private_directory(paths.log.parent)
    log = private_file(paths.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "costtop", "daemon", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(log)
    _wait(paths, child)
    return child.pid, True


def _wait(paths: Paths, child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if child.poll() is not None:
            if not instance.is_free(paths.lock):
                return  # another start was quicker; its daemon serves as well
            raise CosttopError(f"the daemon did not start: {_last_words(paths)}")
        if paths.socket.exists() and instance.holder(paths.lock) == child.pid:
            return
        time.sleep(0.02)
    raise CosttopError(f"the daemon is not up after {_PATIENCE:.0f} s; see {paths.log}")


def _last_words(paths: Paths) -> str:
    with open(paths.log, "rb") as file:
        file.seek(max(0, os.path.getsize(paths.log) - _TAIL))
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("costtop: ") if lines else f"see {paths.log}"
