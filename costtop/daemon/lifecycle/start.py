"""Starts the daemon in the background, as tmux does its server, with a supervisor that keeps it.

It runs with `-P` so that nothing is imported from the current directory, in a session of its own,
with its output in the log.
"""

import fcntl
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from costtop import __version__
from costtop.control import client, protocol
from costtop.daemon.lifecycle import instance, login_service, stopping, supervisor_start
from costtop.daemon.lifecycle.lock_holders import named_holder
from costtop.daemon_connection import dialled
from costtop.errors import CosttopError, Unusable
from costtop.files import private_directory, private_file
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths, told

_PATIENCE = 20.0  # s; a cold start on a slow disk
_QUICK = 1.0  # s
_TAIL = 8000  # bytes of the log searched for its last line


class Started(NamedTuple):
    """The daemon that `start` found or made."""

    pid: int
    started: bool  # False where it ran already
    replaced: str = ""  # the version of the older one that was stopped for it

    @property
    def words(self) -> str:
        """What was done, in words."""
        if self.replaced:
            new = f"{__version__} (pid {self.pid})"
            return f"costtop daemon {self.replaced} was replaced by {new}"
        how = "started" if self.started else "is running already"
        return f"costtop daemon {how} (pid {self.pid})"


def start(paths: Paths, options: Sequence[str] = ()) -> Started:
    """Starts a daemon where none runs, or where an older costtop's does: after an update."""
    private_directory(paths.log.parent)
    with _turn(paths.log.parent):
        running = _running(paths)
        older = _older(paths) if running else ""
        if running and not older:
            return Started(running, False)
        if older:
            _make_room(paths, older)
        return Started(_started(paths, options), True, older)


def _make_room(paths: Paths, older: str) -> None:
    try:
        stopping.stop(paths)
    except CosttopError as error:
        raise CosttopError(f"the daemon is an older one ({older}) and stays: {error}") from None


def _older(paths: Paths) -> str:
    """The version of the daemon that runs, where it is older than this costtop; else ""."""
    try:
        found = str(client.ask(paths, protocol.Ping(), _QUICK).get("version", "0"))
    except CosttopError:
        return ""  # busy, or ending: no reason to stop it
    return found if _number(found) < _number(__version__) else ""


def _number(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One start after the other, so that all but the first find its daemon."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a file system that has no such locks: the daemons' own decides
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _running(paths: Paths) -> int:
    """The pid of the daemon that runs, 0 where none does; waits for a scan to end."""
    deadline = time.monotonic() + _PATIENCE
    while not instance.is_free(paths.lock):
        said = told(paths.lock)
        if said.socket:
            return said.pid
        if time.monotonic() > deadline:
            who = named_holder(paths.lock)
            raise CosttopError(f"{who} reads already; start the daemon when it has ended")
        time.sleep(0.02)
    return 0


def _started(paths: Paths, options: Sequence[str]) -> int:
    log = private_file(paths.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    begun = os.fstat(log).st_size
    os.close(log)
    served = not options and login_service.start()
    child = None if served else supervisor_start.begin(paths, options)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if _is_up(paths):
            return told(paths.lock).pid
        if child and child.poll() is not None and instance.is_free(paths.lock):
            raise _failed(
                child.returncode, f"the daemon did not start: {_last_words(paths, begun)}"
            )
        time.sleep(0.02)
    raise CosttopError(f"the daemon is not up after {_PATIENCE:.0f} s; see {paths.log}")


def _is_up(paths: Paths) -> bool:
    if not told(paths.lock).socket:
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
