"""Runs the demo behind the screen: writes the past, starts the daemon and the agents, clears away.

It is a process of its own that ends, with everything it started, when its stdin is closed: however
the screen goes, by `q`, a signal or a crash, nothing is left. It touches one throw-away home.
"""

import contextlib
import heapq
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from costtop import files, paths, periods
from costtop.demo import cast, past_month
from costtop.demo.agent import command
from costtop.demo.beats import Beat, lines
from costtop.durations import now_ms
from costtop.errors import CosttopError
from costtop.store import daemon_status

MARKER = ".costtop-demo"
"""A file in every home of a demo; a folder without it is never deleted."""

CAST = ("runaway", *["claude"] * 5, *["codex"] * 2)
CONVERSATIONS = 3  # of the app fleet at once
_PATIENCE = 30.0  # s until the month is read; it takes two
_GRACE = 5.0  # s for a process to end before it is killed
_STEP = 0.1  # s


def main(arguments: list[str]) -> int:
    """`play SEED SPEED` with HOME and COSTTOP_HOME set; says "up" and "live" on stdout."""
    seed, speed = int(arguments[0]), float(arguments[1])
    home = Path(os.environ["HOME"])
    if not (home / MARKER).exists():
        print(f"costtop: {home} is no home of a demo", file=sys.stderr)
        return 1
    troupe = Troupe(home, seed, speed)
    try:
        troupe.prepare()
        troupe.await_daemon()
        _say("up")
        troupe.await_reading()
        _say("live")
        troupe.play()
    except CosttopError as error:
        print(f"costtop: {error}", file=sys.stderr)
        return 1
    finally:
        troupe.end()
        if not (home / MARKER).read_text():
            shutil.rmtree(home, ignore_errors=True)
    return 0


class Troupe:
    """The daemon, the agents and the app fleet of one demo."""

    def __init__(self, home: Path, seed: int, speed: float) -> None:
        self._home, self._speed = home, speed
        self._rng = Random(seed)  # noqa: S311 - a play, no secrets
        self._past_seed = seed
        self._tz = periods.zone(periods.system_zone())
        self._daemon: subprocess.Popen[bytes] | None = None
        self._agents: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._due: list[tuple[float, int, Beat, Iterator[Beat]]] = []  # of the app fleet

    def prepare(self) -> None:
        """Writes the past and the config, and starts the daemon."""
        now = now_ms()
        past = past_month.past(self._past_seed, str(self._home), now, self._tz)
        for name, data in past.files.items():
            path = self._home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        found = paths.find()
        files.private_directory(found.config.parent)
        found.config.write_text(past_month.config(past, str(self._home), self._tz.key))
        with found.log.open("ab") as log:
            self._daemon = subprocess.Popen(
                [sys.executable, "-P", "-m", "costtop", "daemon"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )

    def await_daemon(self) -> None:
        """Waits until the daemon is up, so that the screen does not start another one."""
        socket = paths.find().socket
        self._wait(socket.exists)

    def await_reading(self) -> None:
        """Waits until the daemon knows the past: what comes later is news to it."""
        found = paths.find()
        self._wait(
            lambda: not daemon_status.read(found.status).get("import", {}).get("active", True)
        )

    def _wait(self, true: Callable[[], bool]) -> None:
        """Until it is true; raises CosttopError when it will not be."""
        deadline = time.monotonic() + _PATIENCE
        while not true():
            assert self._daemon is not None
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                raise CosttopError(f"the daemon of the demo is not up; see {paths.find().log}")
            if _left(_STEP):
                raise SystemExit(0)

    def play(self) -> None:
        """Keeps the cast going until the screen has gone."""
        for kind in CAST:
            self._enter(kind)
        for _ in range(CONVERSATIONS):
            self._converse()
        while not _left(_STEP):
            self._write_due()
            self._replace_done()

    def _enter(self, kind: str) -> None:
        seed = str(self._rng.getrandbits(48))
        agent = subprocess.Popen(
            command(self._home, kind, seed, str(self._speed)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Its own group below a session's leader: the system wakes a paused one if that dies.
            process_group=0,
        )
        self._agents.append((kind, agent))

    def _replace_done(self) -> None:
        """A session that came to its end is followed by a new one; a killed one is not."""
        for entry in [one for one in self._agents if one[1].poll() is not None]:
            self._agents.remove(entry)
            if entry[1].returncode == 0:
                self._enter(entry[0])

    def _converse(self) -> None:
        file = past_month.app_log(now_ms(), self._tz)
        self._next(cast.conversation(self._rng.getrandbits(48), file), time.monotonic())

    def _next(self, talk: Iterator[Beat], after: float) -> None:
        beat = next(talk, None)
        if beat is None:
            self._converse()
        else:
            due = after + beat.pause / self._speed
            heapq.heappush(self._due, (due, self._rng.getrandbits(32), beat, talk))

    def _write_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            due, _, beat, talk = heapq.heappop(self._due)
            path = self._home / beat.file
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(lines(beat, now_ms()))
            self._next(talk, due)

    def end(self) -> None:
        """Ends every process that was started, paused ones too, and waits for them."""
        started = [agent for _, agent in self._agents]
        for agent in started:
            agent.terminate()
        if self._daemon is not None:
            self._daemon.terminate()
            started.append(self._daemon)
        deadline = time.monotonic() + _GRACE
        for process in started:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()  # SIGKILL reaches stopped processes too
                process.wait()


def _left(seconds: float) -> bool:
    """Waits at most so long; True when the screen has gone, which closes our stdin."""
    return bool(select.select([sys.stdin], [], [], seconds)[0])


def _say(word: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # the screen went already; `_left` will tell
        print(word, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
