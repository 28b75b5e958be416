"""How much somebody spends on a day, where days off, kinds of days and changes of level are mixed.

A day is off or it has an amount; amounts of one kind of day (work day, weekend) spread by a factor
around a level, and the level may change from one day to the next for good. How long the present
level has held is not decided but weighed (Bayesian change points, Adams and MacKay 2007): where the
last days leave the old level, both stay possible, and what is drawn from them spreads accordingly.
It reads no calendar and forecasts nothing.
"""

import math
from collections.abc import Callable, Sequence

from costtop.analysis.quantiles import median
from costtop.named_tuples import NamedTuple

_READILY = 1 / 8  # P(the level changes) on a day with spend, for the interval: missing one costs
_UNEVEN, _MOST = 0.42, 1 / 3  # the same by the log-sd of days, where these hide a change; at most
_SELDOM = 1 / 100  # ... and for the middle, which should not follow every dear day
_LEAP = 1.0  # log-sd of a change
_OUTLIER = 2.5  # sds: one dear day is no new level by itself
_FINEST = 0.05  # log-sd: no spend is steadier than that
_AROUND = 3  # days to each side that a day's own level is taken from
_SMALL = 0.03  # of a usual day: less than that is a day off


class Run(NamedTuple):
    """One way to see the last days: the level has held for `days`."""

    weight: float
    level: float  # log of the factor to `centre`
    variance: float
    days: int


class Spending(NamedTuple):
    """What is known of a person's days; of two values the first is of work days, then weekends."""

    active: tuple[tuple[int, int], tuple[int, int]]  # (days with spend, days)
    centre: tuple[float, float]  # log nano-dollars
    off: tuple[int, ...]  # what days off cost: mostly nothing
    around: tuple[tuple[float, ...], tuple[float, ...]]  # log factors of days to the level then
    runs: tuple[Run, ...]  # how the last days may be seen
    lately: float  # factor of the present level to that of all these days, in the middle


def learn(days: Sequence[tuple[bool, int]], least: int) -> Spending | None:
    """From (weekend, nano-dollars) of each day, oldest first; None below `least` with spend."""
    spent = sorted(float(amount) for _, amount in days if amount > 0)
    if len(spent) < least:
        return None
    small = _SMALL * median(spent)
    on = [(int(weekend), math.log(amount)) for weekend, amount in days if amount > small]
    if len(on) < least:
        return None
    centre = _centres(on)
    factors = [(kind, amount - centre[kind]) for kind, amount in on]
    around = _around(factors)
    noise = _spread(around[0]) ** 2, _spread(around[1]) ** 2
    first, second = (
        (sum(k == kind for k, _ in on), sum(int(weekend) == kind for weekend, _ in days))
        for kind in (0, 1)
    )
    return Spending(
        active=(first, second),
        centre=centre,
        off=tuple(amount for _, amount in days if amount <= small),
        around=around,
        runs=_runs(factors, noise, _readily(noise)),
        lately=_lately(factors, noise),
    )


def _centres(on: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """A usual day of each kind; one that is hardly known is like all."""
    whole = median(sorted(amount for _, amount in on))
    own = [sorted(amount for k, amount in on if k == kind) for kind in (0, 1)]
    first, second = (median(each) if len(each) > 2 else whole for each in own)
    return first, second


def _around(factors: Sequence[tuple[int, float]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Each day against the days around it, by kind; a kind that is hardly known is like all."""
    found: tuple[list[float], list[float]] = ([], [])
    for nth, (kind, factor) in enumerate(factors):
        near = sorted(each for _, each in factors[max(0, nth - _AROUND) : nth + _AROUND + 1])
        wider = math.sqrt(len(near) / max(1, len(near) - 1))  # for it is among them itself
        found[kind].append((factor - median(near)) * wider)
    everything = found[0] + found[1]
    first, second = (tuple(each if len(each) > _AROUND else everything) for each in found)
    return first, second


def _spread(around: Sequence[float]) -> float:
    """The log-sd of days around their level; one odd day does not make it."""
    return max(_FINEST, median(sorted(map(abs, around))) / 0.6745)


def _readily(noise: tuple[float, float]) -> float:
    """P(the level changes) for the interval: few and uneven days could not tell that it has."""
    return min(_MOST, max(_READILY, _UNEVEN * math.sqrt(noise[0])))


def _runs(
    factors: Sequence[tuple[int, float]], noise: tuple[float, float], changes: float
) -> tuple[Run, ...]:
    """All ways to see the last days, the most recent change first; their weights sum to 1."""
    leap = _LEAP * _LEAP
    runs = [Run(1.0, 0.0, leap, 0)]
    for kind, factor in factors:
        before = math.fsum(run.weight * run.level for run in runs)
        changed = Run(changes, before, leap, 0)
        held = [Run(run.weight * (1 - changes), *run[1:]) for run in runs]
        told = [_told(run, factor, noise[kind]) for run in (changed, *held)]
        whole = math.fsum(run.weight for run in told)
        runs = [Run(run.weight / whole, *run[1:]) for run in told if run.weight > whole / 1e6]
    return tuple(runs)


def _lately(factors: Sequence[tuple[int, float]], noise: tuple[float, float]) -> float:
    level = math.fsum(run.weight * run.level for run in _runs(factors, noise, _SELDOM))
    return math.exp(level - math.fsum(each for _, each in factors) / len(factors))


def _told(run: Run, factor: float, noise: float) -> Run:
    """The run after one more day, its weight times how likely that day was."""
    variance = run.variance + noise
    scale = math.sqrt(variance)
    step = factor - run.level
    kept = min(1.0, _OUTLIER * scale / abs(step)) if step else 1.0
    z = step * kept / scale
    likely = math.exp(-z * z / 2) * kept / scale
    gain = run.variance / variance
    return Run(
        run.weight * likely, run.level + gain * step * kept, run.variance * (1 - gain), run.days + 1
    )


def draws(known: Spending, left: Sequence[bool], count: int, seed: int) -> list[float]:
    """What such days may cost together, nano-dollars, ascending; the same for the same seed.

    Each time another level that is possible, another share of days off, and other days.
    """
    import random  # heavy for `--once`, which may have no forecast to make

    rng = random.Random(seed)  # noqa: S311 - a reproducible simulation, no secret
    totals = []
    for run in rng.choices(known.runs, [run.weight for run in known.runs], k=count):
        level = rng.gauss(run.level, math.sqrt(run.variance))
        shares = [_share(known, kind, rng.gauss) for kind in (0, 1)]
        total = 0.0
        for weekend in left:
            if rng.random() < shares[weekend]:
                around = rng.choice(known.around[weekend])
                total += math.exp(known.centre[weekend] + level + around)
            elif known.off:
                total += rng.choice(known.off)
        totals.append(total)
    return sorted(totals)


def _share(known: Spending, kind: int, gauss: Callable[[float, float], float]) -> float:
    """P(a day of the kind has spend), as uncertain as its few days leave it."""
    active, days = known.active[kind]
    if not days:
        active, days = map(sum, zip(*known.active, strict=True))
    share = (active + 0.5) / (days + 1)
    return share + gauss(0.0, math.sqrt(share * (1 - share) / (days + 2)))
