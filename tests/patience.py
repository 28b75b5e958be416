"""How long tests wait for what other processes do: much longer than it takes, beside any load.

A wait proves that something comes, or in which order; how soon it comes is for scripts/bench.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 30.0  # s


def until(true: Callable[[], T], seconds: float = PATIENCE, what: object = "") -> T:
    """The first true answer; one that never comes fails the test."""
    end = time.monotonic() + seconds
    while not (answer := true()):
        assert time.monotonic() < end, f"waited in vain{what and f': {what}'}"
        time.sleep(0.01)
    return answer
