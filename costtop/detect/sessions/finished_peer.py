"""What is remembered of a finished session, and the ages at which sessions are compared.

It holds values only: a `Peer` is JSON-able (`list(peer)` and `restore`), so that the store can keep
one row per finished session and a restart need not read old calls again.
"""

from collections.abc import Sequence
from typing import Any

from costtop.named_tuples import NamedTuple


def _grid() -> tuple[int, ...]:
    ages, age = [1, 2, 3, 4, 5, 6], 6.4
    while age * 1.25 < 1000:
        age *= 1.25
        ages.append(round(age))
    return tuple(ages)


GRID = _grid()  # ages in calls of the root agent: 1 2 3 4 5 6 8 10 12 ... 867


class Peer(NamedTuple):
    """One finished session: its totals and the peaks of its statistics."""

    root: str  # "source/session"
    source: str
    feature: str
    estimated: bool
    at: int  # when it finished, ms UTC
    cost: int | None  # nano-dollars; None when some of its calls have no price
    turns: int  # calls of the root agent
    costs_at: tuple[float, ...]  # ln nano-dollars at the ages of GRID that it reached
    carried_at: tuple[int, ...]  # tokens carried so far at these ages
    age_peak: float  # peaks of the running statistics
    growth_peak: float
    output_peak: float
    growth_mid: float  # of ln tokens a turn: middle and upper spread
    growth_spread: float
    output_mid: float
    output_spread: float
    agents: int  # distinct subagents
    agent_cost: int
    retries: int  # turns that repeated earlier ones
    prompt: int  # tokens of the first prompt
    new_tokens: int  # the prompt's included
    output_tokens: int
    missed_tokens: int
    carried_tokens: int
    prices: tuple[int, int, int]  # mean pico-dollars of a token read from cache, paid, put out
    models: tuple[tuple[str, int], ...]  # turns by model
    censored: bool = False  # stopped by hand: it counts up to its last age, its total does not
    label: str = ""  # of the config's [[source]] entry
    at_once: int = 0  # the most subagents that began in one turn
    break_peak: float = 0.0  # the most breaks of the cached prompt in short succession
    match_peak: float = 0.0  # the most turns with the same token counts
    growth_top: float = 0.0  # ln tokens of its largest turn; 0.0 where it was not noted
    output_top: float = 0.0


PEAKS = ("age_peak", "growth_peak", "output_peak", "break_peak", "match_peak")
"""Which of a peer's values are peaks of a rule's statistic."""
COST = ("root", "source", "feature", "estimated", "at", "cost", "censored", "label")
"""Which of a peer's values `of_cost` takes."""


def of_cost(
    root: str,
    source: str,
    feature: str,
    *,
    estimated: bool,
    at: int,
    cost: int | None,
    censored: bool = False,
    label: str | None = "",
) -> Peer:
    """A session of which no more is told than its cost: enough to say what is usual."""
    return Peer(
        root=root,
        source=source,
        feature=feature,
        estimated=estimated,
        at=at,
        cost=cost,
        turns=0,
        costs_at=(),
        carried_at=(),
        age_peak=0,
        growth_peak=0,
        output_peak=0,
        growth_mid=0,
        growth_spread=0,
        output_mid=0,
        output_spread=0,
        agents=0,
        agent_cost=0,
        retries=0,
        prompt=0,
        new_tokens=0,
        output_tokens=0,
        missed_tokens=0,
        carried_tokens=0,
        prices=(0, 0, 0),
        models=(),
        censored=censored,
        label=label or "",
    )


def restore(values: Sequence[Any]) -> Peer:
    """The peer that `list(peer)` became after JSON."""
    peer = Peer(*values)
    return peer._replace(
        costs_at=tuple(peer.costs_at),
        carried_at=tuple(peer.carried_at),
        prices=(peer.prices[0], peer.prices[1], peer.prices[2]),
        models=tuple((model, count) for model, count in peer.models),
    )
