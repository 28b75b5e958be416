"""`scripts/bench latency`: how soon a line appended to a log is a message, and is in a frame.

A real daemon in a home of its own reads costtop's own log and posts to a server on the loopback.
The aim is two seconds to the message at p95, and one to the frame.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_TIERS = list(range(5, 65, 5))  # percent of $30: a message each $1.50
_CONFIG = """
[[source]]
name = "own"
paths = ["{log}"]
[[notify]]
label = "chat"
url = "json://127.0.0.1:{port}/"
max_per_hour = 1000
rules = ["budget_tier"]
[[budget]]
name = "daily"
amount = "$30"
tiers = {tiers}
"""
_COSTTOP = [sys.executable, "-P", "-m", "costtop"]


class _Inbox(BaseHTTPRequestHandler):
    """Counts what is posted to it."""

    got = 0

    def do_POST(self) -> None:
        """One message."""
        self.rfile.read(int(self.headers["Content-Length"]))
        _Inbox.got += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the figures are what is printed."""


def _spend(log: Path, number: int) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"ts": at, "id": f"r{number}", "session": "s", "model": "claude-sonnet-4-5"}
    with log.open("a") as file:
        file.write(json.dumps({**line, "input_tokens": 0, "output_tokens": 100_667}) + "\n")


def _took(true: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < 60, "waited in vain"
        time.sleep(0.005)
    return time.monotonic() - began


def _calls() -> int:
    ran = subprocess.run([*_COSTTOP, "--once", "--json"], capture_output=True, check=False)
    rows = json.loads(ran.stdout)["sessions"] if ran.stdout.startswith(b"{") else []
    return sum(row["calls"] for row in rows)


def _figures(log: Path) -> tuple[list[float], list[float]]:
    messages, frames = [], []
    for number in range(1, len(_TIERS) + 1):
        _spend(log, number)
        messages.append(_took(lambda n=number: _Inbox.got >= n))  # type: ignore[misc]
    for number in range(len(_TIERS) + 1, 2 * len(_TIERS) + 1):
        _spend(log, number)
        frames.append(_took(lambda n=number: _calls() == n))  # type: ignore[misc]
    return messages, frames


def main(arguments: Sequence[str]) -> None:
    """Prints both figures."""
    argparse.ArgumentParser(prog="scripts/bench latency").parse_args(arguments)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Inbox)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="latency-") as folder:
        home = Path(folder)
        os.environ.update(HOME=folder, COSTTOP_HOME=f"{folder}/costtop")
        log = home / "calls.jsonl"
        log.touch()
        own = home / "costtop"
        own.mkdir(mode=0o700)
        config = _CONFIG.format(log=log, port=server.server_port, tiers=_TIERS)
        (own / "config.toml").write_text(config)
        daemon = subprocess.Popen([*_COSTTOP, "daemon"], stderr=subprocess.DEVNULL)
        try:
            _took((own / "costtop.sock").exists)
            time.sleep(2)  # it has learnt that there is no history
            found = _figures(log)
        finally:
            daemon.terminate()
            daemon.wait()
    for what, took in zip(("line to message", "line to frame"), found, strict=True):
        took.sort()
        p50, p95 = (took[int(part * len(took))] for part in (0.5, 0.95))
        print(f"{what}: p50 {p50:.2f} s, p95 {p95:.2f} s of {len(took)}")
