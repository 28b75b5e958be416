"""The made-up company of the benchmark: what its agents do, in distributions. It simulates nothing.

Written from the published observations of real sessions (prompt sizes, growth and output a call,
gaps, error rates), with shapes of its own: turns are a mixture of negative-binomial chats and
Weibull tasks, growth depends on the tool, outputs are log-logistic, gaps are gamma with pauses.
"""

import random
from collections.abc import Callable
from typing import NamedTuple

from costtop.model import Rates


def _rates(read_in: float, cached: float, write: float, hour: float, out: float) -> Rates:
    micro = [round(x * 1_000_000) for x in (read_in, cached, write, hour, out)]
    return Rates(micro[0], micro[1], micro[2], micro[3], micro[4], 0, "bench")


# Dollars a million tokens: input, cached, write 5 m, write 1 h, output.
CARDS = {
    "small-3": _rates(1.0, 0.10, 1.25, 2.0, 5.0),
    "mid-4": _rates(3.0, 0.30, 3.75, 6.0, 15.0),
    "large-4": _rates(5.0, 0.50, 6.25, 10.0, 25.0),
    "grand-4": _rates(15.0, 1.50, 18.75, 30.0, 75.0),
    "g-mini": _rates(0.25, 0.025, 0.25, 0.25, 2.0),
    "g-5": _rates(1.25, 0.125, 1.25, 1.25, 10.0),
    "g-pro": _rates(6.0, 0.60, 6.0, 6.0, 45.0),
}


class Feature(NamedTuple):
    """One kind of work; tokens, dollars by `CARDS`, gaps in seconds."""

    name: str
    source: str
    share: float  # of all sessions
    cache: str  # "writes" (explicit, 5 minutes), "reads" (automatic, unreliable), "" (none)
    models: tuple[tuple[str, float], ...]
    dearer: str
    turns: Callable[[random.Random], int]
    prompt: tuple[float, float]  # gamma shape, mean
    output: tuple[float, float]  # log-logistic median, shape
    steadiness: float  # gamma shape of a session's own growth factor
    compacts_at: int
    subagents: float  # chance of an ordinary subagent at a turn
    loops: float  # chance a turn starts an innocent repetition
    tools: tuple[tuple[str, float, float], ...]  # name, weight, mean growth


def _chat(mean: float, lumps: float) -> Callable[[random.Random], int]:
    def draw(rng: random.Random) -> int:
        rate = rng.gammavariate(lumps, mean / lumps)
        count, limit, product = 0, 2.718281828 ** -min(rate, 600.0), rng.random()
        while product > limit:
            count += 1
            product *= rng.random()
        return 1 + count

    return draw


def _task(scale: float, shape: float, long: float, times: float) -> Callable[[random.Random], int]:
    def draw(rng: random.Random) -> int:
        turns = 3 + rng.weibullvariate(scale, shape)
        return min(900, int(turns * times if rng.random() < long else turns))

    return draw


_CODE = (("Read", 30, 1500.0), ("Bash", 28, 520.0), ("Edit", 22, 260.0), ("Grep", 14, 420.0),
         ("Write", 6, 330.0))  # fmt: skip
_REVIEW = (("shell", 60, 900.0), ("apply_patch", 12, 240.0), ("read_file", 28, 1700.0))
_TALK = (("lookup_order", 40, 380.0), ("search_help", 45, 640.0), ("reply", 15, 120.0))
_MINE = (("fetch_page", 55, 2100.0), ("parse_table", 30, 500.0), ("save_row", 15, 90.0))
_SEEK = (("web_search", 50, 1600.0), ("open_page", 35, 3000.0), ("note", 15, 150.0))

FEATURES = (
    Feature("backend", "claude-code", 0.24, "writes", (("mid-4", 0.85), ("large-4", 0.15)),
            "grand-4", _task(32, 1.25, 0.05, 2.6), (9.0, 24_000), (150, 2.3), 9, 167_000, 0.012,
            0.016, _CODE),
    Feature("frontend", "claude-code", 0.20, "writes", (("mid-4", 0.96), ("small-3", 0.04)),
            "grand-4", _task(20, 1.15, 0.05, 2.6), (9.0, 21_000), (190, 2.2), 8, 167_000, 0.010,
            0.016, _CODE),
    Feature("ci-review", "codex", 0.20, "reads", (("g-5", 1.0),), "g-pro",
            _chat(15, 4.0), (5.0, 17_000), (260, 2.4), 10, 230_000, 0.0, 0.022, _REVIEW),
    Feature("support", "shopbot", 0.14, "", (("mid-4", 1.0),), "grand-4", _chat(9, 3.0),
            (7.0, 3_800), (120, 2.8), 12, 60_000, 0.0, 0.006, _TALK),
    Feature("extraction", "shopbot", 0.12, "writes", (("small-3", 1.0),), "large-4",
            _chat(26, 3.2), (8.0, 8_000), (330, 2.8), 10, 150_000, 0.0, 0.012, _MINE),
    Feature("research", "codex", 0.10, "reads", (("g-5", 0.92), ("g-mini", 0.08)), "g-pro",
            _task(22, 1.3, 0.05, 2.2), (6.0, 9_000), (420, 2.1), 8, 230_000, 0.03, 0.008, _SEEK),
)  # fmt: skip

USERS = tuple(f"user{n:02d}" for n in range(12))
HOURS = (1, 1, 1, 0, 0, 1, 3, 7, 14, 19, 18, 13, 9, 14, 19, 18, 14, 9, 6, 5, 5, 4, 3, 2)
WEEKDAYS = (1.0, 1.1, 1.1, 1.05, 0.85, 0.22, 0.15)
