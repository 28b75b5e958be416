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
from costtop.dial import dialled
from costtop.errors import CosttopError, Unusable
from costtop.files import private_directory, private_file
from costtop.paths import Paths

_PATIENCE = 20.0  # s; a cold start on a slow disk
_QUICK = 1.0  # s
_TAIL = 8000  # bytes of the log searched for its last line


def start(paths: Paths, options: Sequence[str] = ()) -> tuple[int, bool]:
    """(pid, True) of the daemon just started, or (pid, False) of one that runs already."""
    if not instance.is_free(paths.lock):
        return instance.holder(paths.lock) or 0, False
    private_directory(paths.log.parent)
    log = private_file(paths.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    begun = os.fstat(log).st_size
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
    _wait(paths, child, begun)
    return child.pid, True


def _wait(paths: Paths, child: "subprocess.Popen[bytes]", begun: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if child.poll() is not None:
            if not instance.is_free(paths.lock):
                return  # another start was quicker; its daemon serves as well
            raise _failed(
                child.returncode, f"the daemon did not start: {_last_words(paths, begun)}"
            )
        if _is_up(paths, child.pid):
            return
        time.sleep(0.02)
    raise CosttopError(f"the daemon is not up after {_PATIENCE:.0f} s; see {paths.log}")


def _is_up(paths: Paths, pid: int) -> bool:
    if instance.holder(paths.lock) != pid:
        return False
    try:
        dialled(paths, _QUICK).close()
    except OSError:
        return False
    return True


def _failed(code: int, said: str) -> CosttopError:
    """Its own exit code stays: a script tells a broken configuration from a busy machine."""
    return Unusable(said) if code == Unusable.exit_code else CosttopError(said)


def _last_words(paths: Paths, begun: int) -> str:
    """What the child wrote to the log, which had `begun` bytes when it was started."""
    with open(paths.log, "rb") as file:
        file.seek(max(begun, os.path.getsize(paths.log) - _TAIL))
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    # A thread that ends after its event loop may write behind what the daemon itself had to say.
    said = [line for line in lines if line.startswith("costtop: ")] or lines
    return said[-1].removeprefix("costtop: ") if said else f"see {paths.log}"
