"""A running sum that notices a lasting shift of a turn's tokens, and what the shift has cost.

Page's one-sided CUSUM on the logarithm, against the usual middle and spread of finished peers; one
turn counts at most four deviations, so that a single large file is no shift. How much is asked for
depends on what waiting has cost: the dearer the shift is already, beside a usual session, the less.
"""

import math

from costtop.detect.rules.excess import projected
from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.usual_cost import CostBand
from costtop.named_tuples import NamedTuple

SLACK = 1.0  # deviations a turn that are forgiven: less, and merely wordy sessions add up
_CLIP = 4.0
_LEAST_SPREAD = 0.3
_LEAST_LIMIT = 0.4  # of the limit: so much is asked for however dear the shift is
_START = 10.0  # of the sum, while there are too few peaks to calibrate
_ALONE = 4.0  # deviations of a turn that may tell by itself
_LARGER = 1.5  # times as large as peers' turns ever are, likewise


class Stake(NamedTuple):
    """How soon a steep shift is believed, by what it has cost."""

    rise: float  # deviations a turn beyond the slack: less is not steep, and waits for its sum
    limit: float  # of the limit, where it has cost as much as a whole usual session
    fall: float  # of the limit that is asked for less at each e-fold of the cost
    least: int  # turns
    alone: float  # of a usual session, that a single turn beyond all that peers have has cost


class Cusum(NamedTuple):
    """The sum since it last was zero, and what was beyond the usual in that time."""

    sum: float = 0.0
    turns: int = 0
    tokens: int = 0  # beyond the usual, so far
    dollars: int = 0  # pico-dollars that these have cost


CALM = Cusum()
"""Nothing beyond the usual: a turn that leaves it so has nothing to be asked about."""


def advance(state: Cusum, tokens: int, least: int, band: CostBand) -> Cusum:
    """The state after one more turn of so many tokens; dollars are the caller's."""
    mid, spread, _ = band
    z = math.log(max(least, tokens)) - mid
    z /= max(_LEAST_SPREAD, spread)
    total = state.sum + min(_CLIP, max(-_CLIP, z)) - SLACK
    if total <= 0:
        return CALM
    beyond = max(0, tokens - int(math.exp(mid)))
    return tuple.__new__(Cusum, (total, state.turns + 1, state.tokens + beyond, state.dollars))


def claim(
    at: Moment,
    memory: Memory[Cusum],
    band: CostBand,
    tokens: int,
    *,
    name: str,
    steep: float,
    stake: Stake,
    rate: float,
) -> Claim | None:
    """What the memory's sum says: beyond its calibrated peak, steep enough, and worth its dollars.

    `rate` is what one more turn would cost in pico-dollars; the words are the caller's. Its limit
    is lower where the dollars of the shift speak for it; a turn of so many `tokens` as peers never
    have needs none, where it has cost a good part of a usual session.
    """
    state = memory.now
    if state.sum > memory.peak:
        memory.peak = state.sum
    usual, excess = at.peers.long_median(), state.dollars // 1000
    limit = at.peers.limit(f"{name}_peak", _START)
    if excess > stake.alone * usual > 0 and _is_alone(at, band, tokens, name):
        limit = 0.0
    elif state.turns < stake.least or state.sum <= max(_LEAST_LIMIT * limit, steep * state.turns):
        return None
    else:
        limit *= _believed(state, excess, usual, stake)
    if state.sum <= limit:
        return None
    total = projected(at, excess, rate / 1000)
    if total is None:
        return None
    return Claim(
        statistic=state.sum,
        limit=limit,
        excess=excess,
        projected=total,
        words=str,  # the caller says it
        learnt=band.peers,
        since=at.session.turns - state.turns + 1,
        evidence=(("extra_tokens", state.tokens),),
    )


def _is_alone(at: Moment, band: CostBand, tokens: int, name: str) -> bool:
    """Whether a turn is far beyond the usual, and beyond the largest that peers have."""
    if math.log(max(tokens, 1)) - band.mid <= _ALONE * max(band.spread, _LEAST_SPREAD):
        return False
    largest = at.peers.largest(name)
    return largest is not None and tokens > _LARGER * math.exp(largest)


def _believed(state: Cusum, excess: int, usual: int, stake: Stake) -> float:
    """The share of the limit that is enough, by what the shift has cost of a usual session."""
    if excess <= 0 or usual <= 0 or state.sum <= stake.rise * state.turns:
        return 1.0
    return min(1.0, max(_LEAST_LIMIT, stake.limit - stake.fall * math.log(excess / usual)))
