"""Endpoints of messages on the loopback: one that always answers, one that fails in every way."""

import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

MODES = ("ok", "ok", "error", "slow", "hang", "drip", "cut")


class Inbox:
    """An HTTP server that counts what it took by the messages' own keys."""

    def __init__(self) -> None:
        self.took: Counter[str] = Counter()
        self.mode = "ok"
        self.failed = 0  # posts that it did not answer as a message needs it
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                key = self.headers.get("Idempotency-Key", "")
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if inbox.answers(self):
                    inbox.took[key] += 1

            def log_message(self, *_: Any) -> None:
                """Says nothing: what matters is counted."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"json://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def answers(self, peer: BaseHTTPRequestHandler) -> bool:
        """Whether the message was taken; the answer is sent after it has been counted as such."""
        mode = self.mode
        if mode in ("ok", "slow"):
            time.sleep(0.7 if mode == "slow" else 0)
            _say(peer, 200)
            return True
        self.failed += 1
        if mode == "error":
            _say(peer, 500)
        elif mode == "hang":
            time.sleep(12)
        elif mode == "drip":
            _drip(peer)
        peer.close_connection = True
        return False

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _say(peer: BaseHTTPRequestHandler, status: int) -> None:
    try:
        peer.send_response(status)
        peer.send_header("Content-Length", "0")
        peer.end_headers()
    except OSError:
        return  # whoever asked was ended meanwhile


def _drip(peer: BaseHTTPRequestHandler) -> None:
    try:
        for _ in range(24):
            peer.wfile.write(b"X")
            time.sleep(0.5)
    except OSError:
        return


def change(inbox: Inbox, rng: Random) -> str:
    """Another way to behave; returns which."""
    inbox.mode = rng.choice(MODES)
    return inbox.mode
