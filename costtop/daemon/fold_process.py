"""Starts processes that fold logs, and says when they pay. What they are asked stands elsewhere.

Such a process is a bare interpreter with two pipes: it imports what folding needs and nothing else,
runs isolated (`-I -S`, the parent's search path without the current folder), and ends when its
input ends, so none outlives the daemon. multiprocessing would start each of them with the
daemon's own modules, and a fourth process beside them.
"""

import fcntl
import json
import os
import subprocess
import sys
from contextlib import suppress
from typing import IO

from costtop.native.library import PURE

MOST = min(3, os.cpu_count() or 1)  # processes; mostly one is quicker than the store
_LARGE = 48 << 20  # bytes from which they pay
TURN = 8 << 20  # bytes of a file that one reads at a turn
_PIPE, _LEAST_PIPE = 1 << 20, 16 << 10  # bytes: what is wished for, and what any system's holds
# Without typing_extensions msgspec takes the same from the standard library, 8 ms sooner.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "sys.modules['typing_extensions'] = None;"
    "from costtop.daemon.ingest.fold_worker import serve; serve(int(sys.argv[2]))"
)
# A worker reads and drops a piece of 1 MiB a thousand times: given back to the system and asked for
# anew, each costs more than its reading. Only glibc knows these; what a worker holds is as much.
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(4 << 20), "MALLOC_TRIM_THRESHOLD_": str(32 << 20)}


def pays(size: int) -> bool:
    """Whether processes pay for so many bytes."""
    return size >= _LARGE and MOST > 1


def started(*, pure: bool = False, turn: int = TURN) -> "subprocess.Popen[bytes]":
    """One that folds about `turn` bytes of a file at a time; `pure`: without the compiled part."""
    command = [sys.executable, "-I", "-S", "-c", _START, json.dumps(search_path()), str(turn)]
    env = os.environ | _MEMORY | ({PURE: "1"} if pure else {})
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
    for pipe in filter(None, (process.stdin, process.stdout)):
        _widen(pipe)
    return process


def search_path() -> list[str]:
    """The search path without the current folder, unless costtop itself lies there."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    entries = [os.path.abspath(entry) for entry in sys.path]
    try:
        here = os.getcwd()
    except OSError:
        here = ""
    path = [entry for entry in entries if entry == root or entry != here]
    return path if root in path else [*path, root]  # an editable install may hook imports instead


def _widen(pipe: IO[bytes]) -> None:
    """Whoever writes a turn to it need not wait for its reader, where the system has such pipes."""
    if sys.platform == "linux":
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def room(pipe: IO[bytes]) -> int:
    """Bytes that an empty pipe takes at once."""
    return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) if sys.platform == "linux" else _LEAST_PIPE
