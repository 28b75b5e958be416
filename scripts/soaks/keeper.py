"""The daemon of the soak: started, killed, started again; and its sending children, killed, too.

Signals go through pidfds, to processes that this one started or that the kernel shows below them.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

from costtop.paths import Paths

COSTTOP = [sys.executable, "-P", "-m", "costtop"]
_BUSY = (b"reads already", b"is running already")  # a command that reads holds the lock just now


def children(pid: int) -> list[int]:
    """Of all of a process's threads; [] when it is gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(one) for one in (task / "children").read_text().split()]
    return found


class Keeper:
    """One daemon at a time. For many threads."""

    def __init__(self, paths: Paths, log: Path, environ: dict[str, str]) -> None:
        self._paths, self._log, self._environ = paths, log, environ
        self._daemon: subprocess.Popen[bytes] | None = None
        self.lock = threading.RLock()
        self.kills = self.sender_kills = 0
        self.slowest = 0.0  # s from a start until it works
        self.ended: list[str] = []  # daemons that nobody ended

    @property
    def pid(self) -> int:
        """0 while there is none."""
        daemon = self._daemon
        return daemon.pid if daemon is not None and daemon.poll() is None else 0

    def start(self) -> None:
        """Starts it, and waits until it says that it works."""
        with self.lock:
            began = time.monotonic()
            self._spawn()
            while not self._works():
                if self._daemon is not None and self._daemon.poll() is not None:
                    if not self._was_busy():
                        self.ended.append(f"exit {self._daemon.returncode} at its start")
                    time.sleep(0.2)
                    self._spawn()
                if time.monotonic() - began > 90:
                    self.ended.append("it did not come up within 90 s")
                    return
                time.sleep(0.02)
            self.slowest = max(self.slowest, time.monotonic() - began)

    def begin(self) -> None:
        """Starts it, and does not wait."""
        with self.lock:
            self._spawn()

    def end(self) -> None:
        """kill -9, wherever it is."""
        with self.lock:
            if self._daemon is not None:
                if self.pid:
                    self._daemon.kill()
                elif not self._was_busy():
                    self.ended.append(f"exit {self._daemon.returncode}")
                self._daemon.wait()
                self.kills += 1

    def _spawn(self) -> None:
        self._from = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._daemon = subprocess.Popen(
                [*COSTTOP, "daemon"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self._environ, cwd="/",
            )  # fmt: skip

    def _works(self) -> bool:
        try:
            return self._paths.lock.read_text().startswith(f"{self.pid}\n/") and bool(self.pid)
        except OSError:
            return False

    def _was_busy(self) -> bool:
        with self._log.open("rb") as log:
            log.seek(self._from)
            said = log.read()
        return any(words in said for words in _BUSY)

    def look(self) -> None:
        """Starts it again where it ended by itself, and notes that it did."""
        with self.lock:
            if self._daemon is not None and (code := self._daemon.poll()) is not None:
                self.ended.append(f"exit {code}")
                self.start()

    def kill(self, pause: float) -> None:
        """kill -9, and after a pause another one."""
        with self.lock:
            if self._daemon is not None and self.pid:
                self._daemon.kill()
                self._daemon.wait()
                self.kills += 1
            time.sleep(pause)
            self.start()

    def kill_sender(self, rng: Random, seconds: float) -> bool:
        """kill -9 of a process that hands a message over, at some moment of its life."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for pid in children(self.pid):
                if self._ended_sender(pid, rng.uniform(0, 0.5)):
                    self.sender_kills += 1
                    return True
            time.sleep(0.01)
        return False

    def _ended_sender(self, pid: int, after: float) -> bool:
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            return False
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"notify/child.py" not in command or pid not in children(self.pid):
                return False
            time.sleep(after)
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        except OSError:
            return False  # it had ended by then
        finally:
            os.close(handle)
        return True

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        with self.lock:
            if self._daemon is None:
                return 0
            self._daemon.terminate()
            try:
                return self._daemon.wait(60)
            except subprocess.TimeoutExpired:
                self._daemon.kill()
                return self._daemon.wait()
