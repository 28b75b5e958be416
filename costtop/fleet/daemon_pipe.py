"""The child's end of the pipe to its daemon: lines of JSON, in and out. When it ends, so do we.

A thread reads, so that a daemon that is gone ends this process in the middle of any statement.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Any


class Inbox:
    """What the daemon has said; one a process."""

    def __init__(self) -> None:
        self._said: SimpleQueue[dict[str, Any]] = SimpleQueue()
        threading.Thread(target=self._read, name="pipe", daemon=True).start()

    def take(self, seconds: float) -> list[dict[str, Any]]:
        """Everything said until now; waits for a first word no longer than that."""
        said = []
        try:
            said.append(self._said.get(timeout=max(seconds, 0.001)))
            while True:
                said.append(self._said.get_nowait())
        except Empty:
            return said

    def _read(self) -> None:
        try:
            for line in sys.stdin.buffer:
                self._said.put(json.loads(line))
        finally:
            os._exit(0)


def say(message: Mapping[str, Any]) -> None:
    """One line to the daemon; ends this process where it does not listen any more."""
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except OSError:
        os._exit(0)
