"""A real pseudo-terminal with a real screen in it: what it writes, byte by byte."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path


class Terminal:
    """A child process on a pty of its own; to be used as a context manager."""

    def __init__(
        self, script: str, *arguments: str, size: tuple[int, int] = (120, 40),
        environ: Mapping[str, str] | None = None, reads: bool = False,
    ) -> None:  # fmt: skip
        """`reads` takes what it writes in a thread, for one that nobody looks at."""
        self.screen, child = pty.openpty()
        self.resize(*size)
        settings = termios.tcgetattr(child)
        self.modes = settings
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor",
               "LANG": "C.UTF-8", "TEXTUAL_ANIMATIONS": "none", **(environ or {})}  # fmt: skip
        env = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")}
        self._child = child
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *arguments], stdin=child, stdout=child, stderr=child,
            env=env, start_new_session=True, close_fds=True,
        )  # fmt: skip
        self.written = b""
        if reads:
            threading.Thread(target=self.read, args=(3600.0,), daemon=True).start()

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.screen)
        os.close(self._child)

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def send(self, keys: bytes) -> None:
        os.write(self.screen, keys)

    def read(self, seconds: float) -> bytes:
        """What is written within `seconds`."""
        got, deadline = b"", time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self.screen], [], [], left)
            if ready:
                try:
                    got += os.read(self.screen, 65536)
                except OSError:
                    break
        self.written += got
        return got

    def until(self, holds: Callable[[], bool], seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, self.written[-3000:]
            self.read(0.05)

    def rests(self, seconds: float = 0.3) -> None:
        """Waits until for `seconds` nothing is written while every thread of the child sleeps.

        Silence alone says nothing on a busy machine: the child may be waiting for its processor.
        After an Esc it waits a tenth of a second for what may follow: a key then is Alt's.
        """
        rested, deadline = 0.0, time.monotonic() + 120.0
        while rested < seconds:
            assert time.monotonic() < deadline, self.written[-3000:]
            rested = rested + 0.05 if not self.read(0.05) and self._sleeps() else 0.0

    def _sleeps(self) -> bool:
        """True where the system tells of no states at all."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/stat")
        try:
            return all(stat.read_text().rpartition(")")[2].split()[0] == "S" for stat in threads)
        except OSError:  # a thread that ends meanwhile
            return False

    def says(self, words: bytes) -> None:
        self.until(lambda: words in self.written)

    def end(self, number: int = signal.SIGTERM, seconds: float = 120.0) -> int:
        """Sends a signal to the child that this test started, and returns its exit code."""
        self.process.send_signal(number)
        return self.ended(seconds)

    def ended(self, seconds: float = 120.0) -> int:
        self.until(lambda: self.process.poll() is not None, seconds)
        self.read(0.1)
        return self.process.returncode

    @property
    def is_clean(self) -> bool:
        """The terminal is as it was: main screen, cursor shown, no mouse, modes restored."""
        tail = self.written
        pairs = ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h"),
                 (b"\x1b[?1000h", b"\x1b[?1000l"))  # fmt: skip
        restored = all(tail.rfind(off) > tail.rfind(on) for on, off in pairs)
        return restored and termios.tcgetattr(self._child) == self.modes


STAGED = """
import sys
from tests.tui.stage import Stage
from tests.tui import values
from costtop.cli.open_screen import run_screen
from costtop.tui.app import CosttopApp
from costtop.tui.preferences import Preferences
log = None
{body}
sys.exit(run_screen(CosttopApp(stage.backend, Preferences(delay={delay}), log_file=log)))
"""


def staged(body: str = "stage = Stage()", delay: float = 0.2) -> str:
    """A script that runs the screen on a stage that `body` sets up."""
    return STAGED.format(body=body, delay=delay)
