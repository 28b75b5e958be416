"""`scripts/bench flood`: what calls over the socket cost the daemon, and how many go in a second.

Three loads on a daemon in a home of its own: one call after the other's answer, batches of a
thousand, and 20 writers with 20 lines a second each. Processor time is the daemon's alone, of all
its threads. Beside it stand other trees, whose turns alternate, and a bare asyncio server that
only answers.
"""

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from costtop.durations import iso, now_ms

_ROOT = Path(__file__).parents[2]
_CALLS, _BATCH, _WRITERS, _RATE = 110, 1000, 20, 20  # calls of a session; lines; peers; a second
_BARE = """
import asyncio, os, sys
class Peer(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(b'{"ok": true}\\n' * data.count(b"\\n"))
async def main():
    server = await asyncio.get_running_loop().create_unix_server(Peer, sys.argv[1])
    await server.serve_forever()
asyncio.run(main())
"""


class Took(NamedTuple):
    """What a load took: calls, seconds by the clock, seconds of processor time."""

    calls: int
    wall: float
    cpu: float


class _Lines:
    """Calls of made-up sessions, each with an id of its own."""

    def __init__(self, name: str) -> None:
        self._name, self._made = name, 0
        self._rng = random.Random(name)  # noqa: S311

    def take(self, count: int) -> bytes:
        return b"".join(self._one() for _ in range(count))

    def _one(self) -> bytes:
        number, self._made = self._made, self._made + 1
        session = f"{self._name}-{number // _CALLS}"
        said = {"ts": iso(now_ms()), "id": f"{self._name}-{number}", "session": session}
        said |= {"model": "claude-sonnet-4-5", "project": "shop", "task": f"{session}-1"}
        tokens = {"input_tokens": self._rng.randrange(900, 90_000), "output_tokens": 300}
        return json.dumps({**said, **tokens}).encode() + b"\n"


def _ask(peer: socket.socket, lines: bytes) -> None:
    peer.sendall(lines)
    left = lines.count(b"\n")
    while left:
        part = peer.recv(1 << 16)
        assert part, "the daemon hung up"
        assert b"false" not in part, part
        left -= part.count(b"\n")


@contextmanager
def _connected(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))
        yield peer


def alone(path: Path, count: int) -> int:
    """One call after the other's answer."""
    lines = _Lines(f"alone{time.monotonic_ns()}")
    with _connected(path) as peer:
        for _ in range(count):
            _ask(peer, lines.take(1))
    return count


def batches(path: Path, count: int) -> int:
    """A thousand calls at once, again after their answers."""
    made = _Lines(f"batch{time.monotonic_ns()}")
    with _connected(path) as peer:
        for one in [made.take(_BATCH) for _ in range(count)]:
            _ask(peer, one)
    return count * _BATCH


def writers(path: Path, seconds: float) -> int:
    """Writers of which each sends a line at its own beat, and waits for the answer."""
    done: list[int] = []
    threads = [
        threading.Thread(target=_write, args=(path, n, seconds, done)) for n in range(_WRITERS)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return sum(done)


def _write(path: Path, number: int, seconds: float, done: list[int]) -> None:
    lines = _Lines(f"writer{number}-{time.monotonic_ns()}")
    due = time.monotonic() + random.random() / _RATE  # noqa: S311
    with _connected(path) as peer:
        for _ in range(int(seconds * _RATE)):
            time.sleep(max(0.0, due - time.monotonic()))
            _ask(peer, lines.take(1))
            due += 1 / _RATE
    done.append(int(seconds * _RATE))


def rest(_: Path, seconds: float) -> int:
    """Nothing at all, beside which the others are read."""
    time.sleep(seconds)
    return 1


@contextmanager
def _running(command: Sequence[str], sock: Path, folder: str) -> Iterator[int]:
    surroundings = {**os.environ, "HOME": folder, "COSTTOP_HOME": f"{folder}/costtop"}
    surroundings.pop("PYTHONPATH", None)  # else another tree's daemon would be of this one
    child = subprocess.Popen(command, env=surroundings, stderr=subprocess.DEVNULL)
    try:
        while not sock.exists():
            time.sleep(0.02)
        time.sleep(3)  # it has learnt that there is no history
        yield child.pid
    finally:
        child.terminate()
        child.wait()


def cpu(pid: int) -> float:
    """Seconds of processor time of a process, with its threads."""
    return time.clock_gettime(~pid << 3 | 2)  # what clock_getcpuclockid answers


def _turn(command: Sequence[str], sock: Path, folder: str, scale: float) -> dict[str, Took]:
    loads: dict[str, Callable[[], int]] = {
        "at rest": lambda: rest(sock, 3 * scale),
        "alone": lambda: alone(sock, round(300 * scale)),
        "batches": lambda: batches(sock, round(10 * scale)),
        "writers": lambda: writers(sock, 6 * scale),
    }
    found = {}
    with _running(command, sock, folder) as pid:
        for name, load in loads.items():
            began, spent = time.monotonic(), cpu(pid)
            calls = load()
            found[name] = Took(calls, time.monotonic() - began, cpu(pid) - spent)
    return found


def turn(tree: Path | None, scale: float) -> dict[str, Took]:
    """Each load once, on the daemon of a tree; without one on the bare server."""
    with tempfile.TemporaryDirectory(prefix="flood-") as folder:
        if tree is None:
            sock = Path(folder) / "bare.sock"
            return _turn([sys.executable, "-c", _BARE, str(sock)], sock, folder, scale)
        python = tree / ".venv" / "bin" / "python"
        Path(folder, "costtop").mkdir(mode=0o700)
        sock = Path(folder) / "costtop" / "costtop.sock"
        return _turn([str(python), "-P", "-m", "costtop", "daemon"], sock, folder, scale)


def main(arguments: Sequence[str]) -> None:
    """Prints medians: µs of processor time a call, the least of all turns, calls a second."""
    parser = argparse.ArgumentParser(prog="scripts/bench flood", description=__doc__)
    parser.add_argument("--beside", type=Path, action="append", default=[], help="other checkouts")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of the loads")
    given = parser.parse_args(arguments)
    for tree in given.beside:
        if not (tree / ".venv/bin/python").exists():
            parser.error(f"--beside {tree}: no checkout in which scripts/run has been run")
    trees = [*given.beside, _ROOT, None]
    turns = [[turn(tree, given.scale) for tree in trees] for _ in range(given.turns)]
    print(f"{'':24} {'':8} {'us a call':>10} {'least':>8} {'calls/s':>8}")
    for number, tree in enumerate(trees):
        for load in ("at rest", "alone", "batches", "writers"):
            took = [each[number][load] for each in turns]
            costs = [one.cpu / one.calls * 1e6 for one in took]
            speed = statistics.median(one.calls / one.wall for one in took)
            name = "bare server" if tree is None else tree.name
            cost = f"{statistics.median(costs):10.0f} {min(costs):8.0f}"
            print(f"{name:24} {load:8} {cost} {speed:8.0f}")
