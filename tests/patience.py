"""How long tests wait for what other processes do: much longer than it takes, beside any load.

A wait proves that something comes, or in which order; how soon it comes is for scripts/bench.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 120.0  # s; the longest period of the product is a minute


def until(true: Callable[[], T], seconds: float = PATIENCE, what: object = "") -> T:
    """The first true answer; one that never comes fails the test."""
    end = (began := time.monotonic()) + seconds
    while not (answer := true()):
        now = time.monotonic()
        assert now < end, f"waited in vain{what and f': {what}'}"
        time.sleep(min(max(0.01, 2 * (now - began)), 0.25))  # a dear look leaves others the machine
        began = time.monotonic()
    return answer


def gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has asked how.

    A test of `costtop run` may have made its worker adopt orphans, which no test waits for.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
