"""What was sent to costtop, call by call, so that what it counted can be compared."""

import threading
from collections import defaultdict
from typing import NamedTuple

MODEL = "soak-1"
# Nano-dollars a token, as the price list of the soak has them.
INPUT, CACHED, OUTPUT = 3_000, 300, 15_000
PRICES = f"""
[[price]]
model = "{MODEL}"
per_million = {{ input = 3, cache_read = 0.3, output = 15 }}
"""


class Used(NamedTuple):
    """Tokens of one call; `input` is all of it, what came from the cache included."""

    input: int
    cached: int
    output: int

    @property
    def fresh(self) -> int:
        return self.input - self.cached

    @property
    def cost(self) -> int:
        """Nano-dollars."""
        return self.fresh * INPUT + self.cached * CACHED + self.output * OUTPUT


class Sum(NamedTuple):
    """Of one session. Cost in nano-dollars."""

    calls: int = 0
    input: int = 0
    output: int = 0
    cost: int = 0

    def __str__(self) -> str:
        return f"{self.calls} calls, {self.input} + {self.output} tokens, {self.cost} nano-dollars"


class Sent:
    """Sums by session, as `source/session`. For many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[str, Sum] = defaultdict(Sum)

    def add(self, session: str, used: Used, calls: int = 1) -> None:
        """So many calls that each used this."""
        more = (calls, calls * used.input, calls * used.output, calls * used.cost)
        with self._lock:
            self._sums[session] = Sum(
                *(a + b for a, b in zip(self._sums[session], more, strict=True))
            )

    def sums(self) -> dict[str, Sum]:
        with self._lock:
            return dict(self._sums)

    @property
    def calls(self) -> int:
        return sum(one.calls for one in self.sums().values())
