"""A real daemon in the test's own home, and clients that speak to its socket by hand."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conformance import pipeline
from tests.patience import PATIENCE, until


class Instance:
    """One costtop home with at most one daemon, a child of the test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = home / "costtop.sock"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        self.home.mkdir(mode=0o700, exist_ok=True)
        with open(self.home / "daemon.log", "ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "costtop", "daemon"], stdout=log, stderr=log
            )
        until(self._answers)

    def _answers(self) -> bool:
        assert self._child is not None
        assert self._child.poll() is None, self.log()
        try:
            with connected(self.socket) as peer:
                return bool(ask(peer, {"do": "ping"})["pid"] == self._child.pid)
        except OSError:
            return False

    def claims(self) -> None:
        """Lets this test's own process pass for the daemon, for clients that look for one."""
        (self.home / "costtop.lock").write_text(f"{os.getpid()}\n{self.socket}\n")

    def kill(self) -> None:
        """kill -9 of this test's own daemon."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)
            self._child.wait(PATIENCE)

    def log(self) -> str:
        return (self.home / "daemon.log").read_text()

    def run(self, *arguments: str, **more: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-P", "-m", "costtop", *arguments],
            capture_output=True, text=True, check=False, timeout=2 * PATIENCE, **more,
        )  # fmt: skip

    def report(self, by: str = "total") -> dict[str, Any]:
        """`report --json` after everything in the spool was read."""
        pipeline.scan()  # of this process: it is asked again and again
        return pipeline.report(by)

    def calls(self) -> int:
        return int(self.report()["total"]["calls"])

    def worked(self) -> float:
        """Seconds of processor time that the daemon has had."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Resident bytes of the daemon."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def connected(path: Path, timeout: float = PATIENCE) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.settimeout(timeout)
    try:
        peer.connect(str(path))
    except BaseException:
        peer.close()
        raise
    return peer


def ask(peer: socket.socket, line: dict[str, Any] | bytes) -> dict[str, Any]:
    peer.sendall(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
    return dict(json.loads(answers(peer, 1)[0]))


def answers(peer: socket.socket, count: int) -> list[bytes]:
    data = b""
    while data.count(b"\n") < count:
        part = peer.recv(65536)
        if not part:
            break
        data += part
    return data.splitlines()


def line(session: str = "checkout-42", **fields: Any) -> dict[str, Any]:
    tokens = {"input_tokens": 1200, "output_tokens": 300}
    return {"session": session, "model": "claude-sonnet-4-5", **tokens, **fields}
