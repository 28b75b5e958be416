"""Whether calls have moved to dearer models: a price index at constant tokens, and its p-value.

It does not look at what was done. Sessions are shuffled, never calls: calls of one session share a
model, and a test on calls calls nearly every day unusual (DETECTION 3.7).
"""

import random
from collections.abc import Mapping, Sequence

from costtop.named_tuples import NamedTuple

Session = Mapping[str, int]
"""Calls by model of one session."""
_STEADY = 0.10  # turns a task and new tokens a turn may move that much


class Mix(NamedTuple):
    """The price of today's mix of models over that of before, at the same tokens."""

    price_index: float  # 1.05: the mix alone makes everything 5 % dearer
    p: float  # one-sided, by shuffled sessions
    drivers: tuple[tuple[str, float], ...]  # model, change of its share, largest first


def mix(
    before: Sequence[Session],
    after: Sequence[Session],
    prices: Mapping[str, float],
    seed: int = 0,
    shuffles: int = 999,
) -> Mix | None:
    """The index of `after` against `before`; None when either has no priced call.

    `prices` is what the same basket of tokens costs on each model; models without one are left out.
    """
    old = [_weigh(session, prices) for session in before]
    new = [_weigh(session, prices) for session in after]
    index = _index(old, new)
    if index is None:
        return None
    pool = old + new
    rng = random.Random(seed)  # noqa: S311 - a reproducible shuffle, no secret
    as_large = 1
    for _ in range(shuffles):
        rng.shuffle(pool)
        shuffled = _index(pool[: len(old)], pool[len(old) :])
        as_large += shuffled is not None and shuffled >= index
    return Mix(index, as_large / (shuffles + 1), _moved(before, after))


def steady(before: float, after: float) -> bool:
    """Whether the workload is as it was: else the mix moved with the work, and no one is to blame.

    Give it turns a task, and new tokens a turn.
    """
    return before > 0 and abs(after / before - 1) <= _STEADY


def _weigh(session: Session, prices: Mapping[str, float]) -> tuple[float, int]:
    """(calls weighed by price, calls)."""
    priced = [(calls, prices[model]) for model, calls in session.items() if model in prices]
    return sum(calls * price for calls, price in priced), sum(calls for calls, _ in priced)


def _index(old: Sequence[tuple[float, int]], new: Sequence[tuple[float, int]]) -> float | None:
    old_price, old_calls = (sum(column) for column in zip(*old, strict=True)) if old else (0, 0)
    new_price, new_calls = (sum(column) for column in zip(*new, strict=True)) if new else (0, 0)
    if not old_price or not new_calls:
        return None
    return (new_price / new_calls) / (old_price / old_calls)


def _moved(before: Sequence[Session], after: Sequence[Session]) -> tuple[tuple[str, float], ...]:
    old, new = _shares(before), _shares(after)
    changes = [(model, new.get(model, 0.0) - old.get(model, 0.0)) for model in {*old, *new}]
    return tuple(sorted(changes, key=lambda change: (-abs(change[1]), change[0])))


def _shares(sessions: Sequence[Session]) -> dict[str, float]:
    calls: dict[str, int] = {}
    for session in sessions:
        for model, count in session.items():
            calls[model] = calls.get(model, 0) + count
    whole = sum(calls.values())
    return {model: count / whole for model, count in calls.items()} if whole else {}
