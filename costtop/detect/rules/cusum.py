"""A running sum that notices a lasting shift of a turn's tokens. It knows no dollars.

Page's one-sided CUSUM on the logarithm, against the usual middle and spread of finished peers; one
turn counts at most three deviations, so that a single large file is no shift.
"""

import math
from typing import NamedTuple

from costtop.detect.sessions.peers import Pace

SLACK = 1.0  # deviations a turn that are forgiven: less, and merely wordy sessions add up
_CLIP = 3.0
_LEAST_SPREAD = 0.3


class Cusum(NamedTuple):
    """The sum since it last was zero, and what was beyond the usual in that time."""

    sum: float = 0.0
    turns: int = 0
    tokens: int = 0  # beyond the usual, so far
    dollars: int = 0  # pico-dollars that these have cost


START = Cusum()


def advance(state: Cusum, tokens: int, least: int, pace: Pace) -> Cusum:
    """The state after one more turn of so many tokens; dollars are the caller's."""
    z = (math.log(max(tokens, least)) - pace.mid) / max(pace.spread, _LEAST_SPREAD)
    total = state.sum + min(_CLIP, max(-_CLIP, z)) - SLACK
    if total <= 0:
        return START
    beyond = max(0, tokens - int(math.exp(pace.mid)))
    return Cusum(total, state.turns + 1, state.tokens + beyond, state.dollars)
