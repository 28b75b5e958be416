"""What happens to the daemon meanwhile: kills, a full disk, clock steps, endpoints that change."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from threading import Event

from . import inboxes
from .disks import Disk
from .inboxes import Inbox
from .keeper import Keeper

STEPS = (-7_200, -600, 240, 7_200, 90_000)  # s


class Mishaps:
    """Draws what happens next; all of it is over when `run` returns."""

    def __init__(
        self, keeper: Keeper, disk: Disk, clock: Path | None, fickle: Inbox, rng: Random
    ) -> None:
        self._keeper, self._disk, self._clock = keeper, disk, clock
        self._fickle, self._rng = fickle, rng
        self.counts: Counter[str] = Counter()
        self._stop = Event()

    def run(self, seconds: float, calm: float) -> None:
        """For so long; within the last `calm` seconds no daemon is killed: one grows old."""
        end = time.monotonic() + seconds
        mean = min(8.0, seconds / 14)
        for name, do in self._forever():
            if self._stop.wait(self._rng.uniform(0.5, 1.5) * mean) or time.monotonic() > end:
                break
            if name == "daemon killed" and time.monotonic() > end - calm:
                continue
            do()
            self.counts[name] += 1
        self._fickle.mode = "ok"

    def stop(self) -> None:
        self._stop.set()

    def _forever(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """Each kind in each round, in an order of its own, kills three times."""
        kinds: list[tuple[str, Callable[[], object]]] = [
            ("daemon killed", self._kill), ("daemon killed", self._kill),
            ("daemon killed", self._kill), ("senders sought", self._sender),
            ("senders sought", self._sender), ("disk full", self._full),
            ("endpoint changed", self._change), ("endpoint changed", self._change),
        ]  # fmt: skip
        kinds += [("clock stepped", self._step)] if self._clock else []
        while True:
            self._rng.shuffle(kinds)
            yield from kinds

    def _kill(self) -> None:
        self._keeper.kill(self._rng.choice((0.0, 0.0, self._rng.uniform(0, 3))))

    def _sender(self) -> None:
        self._keeper.kill_sender(self._rng, 4)

    def _full(self) -> None:
        pid = self._keeper.pid
        if not pid:
            return
        self._disk.fill(pid)
        try:
            self._stop.wait(self._rng.uniform(1, 8))
            if self._rng.random() < 0.3:
                self._keeper.kill(0)  # killed, and started again on a full disk
        finally:
            self._disk.free(self._keeper.pid)

    def _step(self) -> None:
        assert self._clock is not None
        self._clock.write_text(str(self._rng.choice(STEPS)))
        self._stop.wait(self._rng.uniform(2, 10))
        self._clock.unlink()

    def _change(self) -> None:
        self.counts[f"endpoint: {inboxes.change(self._fickle, self._rng)}"] += 1
