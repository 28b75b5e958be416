"""Has a fleet read by a child process, for whoever may not load the driver.

The child writes a store of costtop's own, which is then asked like any other.
"""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from costtop.errors import FleetError
from costtop.named_tuples import NamedTuple

Watch = Callable[[int, int], None]
_ENDS = 2.0  # s for the child to end by itself


class FleetPlace(NamedTuple):
    """Where a fleet is read, and what readers of the store go by."""

    url: str
    insecure: bool
    told: Mapping[str, str]  # values of `meta`


class ChildEnded(FleetError):
    """The child is no more; another one may do."""


def status_of(path: Path) -> Path:
    """Where the child says how the picture at `path` is: in the form in which a daemon says it."""
    return path.with_suffix(".status")


class FleetReader:
    """The child, for as long as the block lasts: it writes the store at `path`."""

    def __init__(self, place: FleetPlace, path: Path) -> None:
        self._place, self.path = place, path

    def __enter__(self) -> "FleetReader":
        if importlib.util.find_spec("psycopg") is None:
            raise FleetError("a fleet needs its driver: pip install 'costtop[fleet]'")
        self._child = subprocess.Popen(
            [sys.executable, "-m", "costtop.fleet.mirror.reader_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for whoever asks: the child ends with it
            text=True,
            encoding="utf-8",
        )
        self._tell({**self._place._asdict(), "path": str(self.path)})
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.close()
        try:
            self._child.wait(_ENDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()

    def ask(self, wanted: Mapping[str, Any], watch: Watch = lambda done, of: None) -> int:
        """Has something brought; the moment it is of, ms UTC. Raises FleetError in plain words."""
        self._tell(wanted)
        assert self._child.stdout
        for line in self._child.stdout:
            said = json.loads(line)
            if "error" in said:
                raise FleetError(said["error"])
            if "at" in said:
                return int(said["at"])
            watch(said["done"], said["of"])
        raise ChildEnded("the process that reads the fleet has ended; try again")

    def follow(self, seconds: float) -> None:
        """Has the picture of the fleet kept, pulled every so many seconds, until the block ends."""
        self._tell({"follow": seconds})

    def _tell(self, line: Mapping[str, Any]) -> None:
        assert self._child.stdin
        try:
            self._child.stdin.write(json.dumps(line) + "\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            pass  # what it said before it ended is read
