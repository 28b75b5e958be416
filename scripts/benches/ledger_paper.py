"""`scripts/bench ledger_paper`: what a fleet of any size costs its server, on paper.

From what was measured (docs/fleet-growth.md) and how hosts gather rows: 40 % of them are at work,
the peak is four times the mean, and each ships when its window is over and it has a row.
"""

import math
from bisect import bisect
from collections.abc import Sequence
from typing import NamedTuple

# Rows of a batch, and ms of server CPU: `scripts/bench ledger`, a million calls in the table.
_BATCH = ((1, 0.8), (20, 2.0), (100, 5.0), (500, 12.5), (2000, 50.0))
_FULL = 1.2  # times as much with ten million calls in the table
_BYTES = 277 + 109 + 25 + 17  # of a call: itself, its key, its share of sessions and spend
_MINUTES = 29  # bytes of a call for eight days
_ARCHIVED = 67  # bytes of a call in ClickHouse, as the design measured
_ACTIVE, _PEAK, _DAY = 0.4, 4, 86_400
_BEAT = 1.1  # ms of a heartbeat, whatever the number of hosts


class Fleet(NamedTuple):
    """One line: how much comes, from how many, gathered for how long."""

    calls: float  # a day
    hosts: int
    window: float  # s
    folded: int = 1  # calls to a row that is shipped: 17 where sessions are


FLEETS = (
    Fleet(2e6, 200, 1),
    Fleet(1e7, 2_000, 1),
    Fleet(1e7, 2_000, 4),
    Fleet(1e8, 10_000, 20),
    Fleet(1e9, 100_000, 60),
    Fleet(1e9, 100_000, 60, 17),
)


def batch_ms(rows: float) -> float:
    """Server CPU of a batch of so many rows: between two measured ones on their straight line."""
    at = max(1, min(bisect([n for n, _ in _BATCH], rows), len(_BATCH) - 1))
    (low, first), (high, last) = _BATCH[at - 1], _BATCH[at]
    return _FULL * (first + (last - first) * (rows - low) / (high - low))


def line(fleet: Fleet) -> tuple[float, float, float, float, float, float]:
    """(rows/s at the peak, batches/s, rows a batch, cores at the peak, GB a day, TB of 90 days)."""
    peak = fleet.calls / fleet.folded / _DAY * _PEAK
    active = fleet.hosts * _ACTIVE
    batches = active / fleet.window * -math.expm1(-peak / active * fleet.window)
    rows = max(1.0, peak / batches)
    beats = fleet.hosts / (15 if fleet.hosts <= 2000 else 60)
    cores = (batches * batch_ms(rows) + beats * _BEAT) / 1000
    daily = fleet.calls / fleet.folded * _BYTES / 1e9
    held = daily * 90 / 1000 + fleet.calls / fleet.folded * _MINUTES * 8 / 1e12
    return peak, batches, rows, cores, daily, held


def table() -> str:
    """All lines in Markdown."""
    head = ("calls a day", "machines", "window", "rows/s, peak", "batches/s", "rows a batch")
    head += ("cores, peak", "GB a day", "TB in 90 days")
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for fleet in FLEETS:
        peak, batches, rows, cores, daily, held = line(fleet)
        said = f"{fleet.calls:,.0f}" + (" as sessions" if fleet.folded > 1 else "")
        lines.append(
            f"| {said} | {fleet.hosts:,} | {fleet.window:g} s | {peak:,.0f} | {batches:,.0f} |"
            f" {rows:.1f} | {cores:.2f} | {daily:,.1f} | {held:.2f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """Prints the table."""
    print(table())
    print(f"archive in ClickHouse of 10^9 calls a day: {_ARCHIVED} GB a day")
