"""The socket to the daemon: lines out, an acknowledgement back for each.

What was not acknowledged as committed is handed back, so that a daemon killed at any moment costs
nothing: every line carries an id, and one that was committed but not acknowledged counts once.
"""

import contextlib
import json
import socket
import time
from collections.abc import Sequence

from costtop.daemon_connection import dialled
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths

PATIENCE = 30.0  # s for one batch; a daemon that imports a backlog commits slowly
_PAUSE = 0.5  # s before a daemon that was not there is looked for again
_BAD_LINE = 2  # the code of an answer to a line that no daemon will ever take
_FINE = b'{"ok": true'


class Acknowledgement(NamedTuple):
    """What became of a batch: lines to keep, and why others will never be taken."""

    kept: list[bytes]
    refused: list[str]


class Link:
    """One connection, made when it is needed. Used by one thread."""

    def __init__(self) -> None:
        self._peer: socket.socket | None = None
        self._rest = b""
        self._not_before = 0.0
        self._was_let_go = False  # the other end closed a connection that had worked

    def deliver(
        self, where: Paths, lines: Sequence[bytes], patience: float = PATIENCE
    ) -> Acknowledgement:
        """Sends lines and waits for the answers; never raises."""
        used = self._peer is not None
        answers = self._attempt(where, lines, patience)
        if used and self._peer is None and self._was_let_go:
            # A daemon lets a silent peer go; what it had not answered is sent once more.
            self._not_before = 0.0
            answers += self._attempt(where, lines[len(answers) :], patience)
        return _sorted(lines, answers)

    def _attempt(self, where: Paths, lines: Sequence[bytes], patience: float) -> list[bytes]:
        answers: list[bytes] = []
        self._was_let_go = False
        try:
            peer = self._connected(where, patience)
            if peer is not None:
                peer.sendall(b"".join(lines))
                self._read(peer, answers, len(lines))
                self._was_let_go = len(answers) < len(lines)
        except OSError as error:
            self._was_let_go = not isinstance(error, TimeoutError)
            self._not_before = time.monotonic() + _PAUSE
        if len(answers) < len(lines):
            self.close()
        return answers

    def _connected(self, where: Paths, patience: float) -> socket.socket | None:
        if self._peer is None:
            if time.monotonic() < self._not_before:
                return None
            self._peer, self._rest = dialled(where, patience), b""
        return self._peer

    def _read(self, peer: socket.socket, answers: list[bytes], wanted: int) -> None:
        while len(answers) < wanted:
            data = peer.recv(65536)
            if not data:
                self._not_before = time.monotonic() + _PAUSE
                return
            *whole, self._rest = (self._rest + data).split(b"\n")
            answers += whole

    def close(self) -> None:
        """Ends the connection; the next delivery makes a new one."""
        peer, self._peer = self._peer, None
        if peer is not None:
            with contextlib.suppress(OSError):
                peer.close()


def _sorted(lines: Sequence[bytes], answers: Sequence[bytes]) -> Acknowledgement:
    """Every line without a good answer is kept, but for those that are wrong in themselves."""
    kept, refused = [], []
    for line, answer in zip(lines, answers, strict=False):
        if answer.startswith(_FINE):
            continue
        code, why = _reason(answer)
        if code == _BAD_LINE:
            refused.append(why)
        else:
            kept.append(line)
    return Acknowledgement(kept + list(lines[len(answers) :]), refused)


def _reason(answer: bytes) -> tuple[int, str]:
    try:
        tree = json.loads(answer)
        return int(tree.get("code", 1)), str(tree.get("error", ""))
    except (ValueError, AttributeError, TypeError):
        return 1, "an answer that is not understood"
