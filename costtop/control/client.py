"""Speaks to the daemon over its socket: one line out, one line back."""

import contextlib
import json
import socket
import time
from pathlib import Path
from typing import Any

from costtop.control.protocol import LINE_LIMIT, Command, encode
from costtop.daemon_connection import dialled
from costtop.errors import CosttopError, NothingFound, Unusable, UsageError
from costtop.paths import Paths, told

TIMEOUT = 30.0  # s; a kill ladder takes up to 15
_PAUSE = 0.05  # s before a daemon that is busy is asked again
_BUSY = b', "busy": true}\n'
_BY_CODE = {2: UsageError, 3: NothingFound, 78: Unusable}


class NoDaemon(CosttopError):
    """Nothing listens on the socket."""


class NoAnswer(CosttopError):
    """A daemon is there and says nothing: it is stopped, or overloaded."""


def ask(where: Paths | Path, command: Command, timeout: float = TIMEOUT) -> dict[str, Any]:
    """The answer of this instance's daemon; raises NoDaemon without, CosttopError for a refusal."""
    answer = json.loads(send(where, encode(command), timeout))
    if not isinstance(answer, dict):
        raise CosttopError("the daemon gave an answer that is not understood; restart it")
    if not answer.get("ok"):
        kind = _BY_CODE.get(answer.get("code", 1), CosttopError)
        raise kind(str(answer.get("error", "refused")))
    return answer


def send(where: Paths | Path, line: bytes, timeout: float = TIMEOUT) -> bytes:
    """One line of answer to one line; raises NoDaemon, or NoAnswer where none comes in time.

    A daemon whose places or queue are full for the moment is asked again.
    """
    end = time.monotonic() + timeout
    try:
        while True:
            with contextlib.suppress(BlockingIOError):  # too many knock at once
                answer = _sent(where, line, max(end - time.monotonic(), _PAUSE))
                if not answer.endswith(_BUSY) or time.monotonic() > end:
                    return answer
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(_PAUSE)
    except TimeoutError:
        raise NoAnswer(f"the daemon gave no answer within {timeout:.0f} s") from None
    except OSError as error:
        path = where if isinstance(where, Path) else told(where.lock).socket or where.socket
        raise NoDaemon(
            f"no daemon answers at {path} ({error.strerror}); start it: costtop start"
        ) from None


def _sent(where: Paths | Path, line: bytes, timeout: float) -> bytes:
    with dialled(where, timeout) as peer:
        peer.sendall(line)
        return _line(peer)


def _line(peer: socket.socket) -> bytes:
    parts = b""
    while not parts.endswith(b"\n"):
        part = peer.recv(65536)
        if not part:
            raise ConnectionResetError(104, "closed without an answer")
        parts += part
        if len(parts) > LINE_LIMIT:
            raise CosttopError("the daemon's answer is too long; restart it")
    return parts
