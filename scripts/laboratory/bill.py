"""The bill of the fake models: one JSON line for each request, to the token and the nano-dollar."""

import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from laboratory.wire.exchange import Tokens

# Nano-dollars a token: fresh input, cache read, cache written for 5 minutes and 1 hour, output.
_RATES = (
    (r"claude-sonnet", (3_000, 300, 3_750, 6_000, 15_000)),
    (r"claude-haiku", (1_000, 100, 1_250, 2_000, 5_000)),
    (r"claude-opus", (5_000, 500, 6_250, 10_000, 25_000)),
    (r"gpt-5-(mini|nano)", (250, 25, 250, 250, 2_000)),
    (r"gpt-5", (1_250, 125, 1_250, 1_250, 10_000)),
    (r"gemini-2\.5-flash-lite", (100, 10, 100, 100, 400)),
    (r"gemini-2\.5-flash", (300, 30, 300, 300, 2_500)),
    (r"gemini-3(\.\d)?-flash", (500, 50, 500, 500, 3_000)),
    (r"gemini-3(\.\d)?-pro", (2_000, 200, 2_000, 2_000, 12_000)),
    (r"gemini-2\.5-pro", (1_250, 125, 1_250, 1_250, 10_000)),
)


class Billed(NamedTuple):
    """One request that was billed."""

    id: str
    model: str
    tokens: Tokens
    cost: int  # nano-dollars
    side: bool  # asked without tools: a title, a summary
    begun: float  # s since the epoch
    done: float
    gone: bool  # the client went away before the end


def cost(model: str, tokens: Tokens) -> int:
    """Nano-dollars, by the public list price; raises LookupError for a model without one."""
    for pattern, rates in _RATES:
        if re.match(pattern, model):
            return sum(rate * count for rate, count in zip(rates, tokens[:5], strict=True))
    raise LookupError(f"the laboratory has no price for {model!r}")


def is_known(model: str) -> bool:
    """Whether a model has a price here."""
    return any(re.match(pattern, model) for pattern, _ in _RATES)


class Bill:
    """A file of JSON lines that only grows; requests come from many threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        path.touch()

    def write(self, line: Mapping[str, Any]) -> None:
        """One request, billed or failed."""
        with self._lock, self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """All requests so far."""
        return [json.loads(line) for line in self._path.read_text().splitlines()]

    def billed(self) -> list[Billed]:
        """Those that cost something, oldest first."""
        rows = [row for row in self.lines() if row.pop("status") == 200]
        return [Billed(**{**row, "tokens": Tokens(**row["tokens"])}) for row in rows]

    def total(self) -> int:
        """Nano-dollars so far."""
        return sum(one.cost for one in self.billed())
