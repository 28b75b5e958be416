"""Ports of the loopback for programs that are started later.

A port that the kernel gave and got back may be a client's of another test by the time its program
listens. These lie below all that it gives by itself, and each worker has some of its own.
"""

import os
import random
import socket
from contextlib import suppress

_FIRST, _EACH, _WORKERS = 20_000, 1_000, 12
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_begin = _FIRST + _worker % _WORKERS * _EACH
# Another run beside this one begins elsewhere.
_last = random.SystemRandom().randrange(_EACH)


def free_port() -> int:
    """One that nobody listens on, and another each time."""
    global _last
    for _ in range(_EACH):
        _last = (_last + 1) % _EACH
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", _begin + _last))
            return _begin + _last
    raise AssertionError(f"no port is free from {_begin} on")
