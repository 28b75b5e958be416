"""A real shell at a real terminal, with what a user would type. It ends what it started."""

import os
import pty
import signal
import threading
from contextlib import suppress
from pathlib import Path


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, *command: str) -> None:
        self.pid, self._terminal = pty.fork()
        if not self.pid:
            os.execvp(command[0], command)
        self.said = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                part = os.read(self._terminal, 65536)
            except OSError:
                return
            if not part:
                return
            self.said += part

    def type(self, line: str) -> None:
        os.write(self._terminal, line.encode() + b"\n")

    def press(self, key: bytes) -> None:
        """A key that ends no line, such as Ctrl-C."""
        os.write(self._terminal, key)

    def left(self) -> int:
        """The exit code of the first command, once it has ended by itself."""
        _, status = os.waitpid(self.pid, 0)
        self._reader.join()
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(status)

    def foreground(self) -> int:
        """The process group that the terminal listens to."""
        return os.tcgetpgrp(self._terminal)

    def end(self) -> None:
        for below in _below(self.pid):
            with suppress(ProcessLookupError):
                os.kill(below, signal.SIGKILL)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)


def _below(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [each for child in map(int, found) for each in (*_below(child), child)]
