"""D3, context runaway: every turn adds far more to the context than peers' turns do.

The size of the context itself is no sign: it is honest in a long session.
"""

from functools import partial

from costtop.detect.rules import cusum
from costtop.detect.rules.cusum import CALM, Cusum, Stake
from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.running_session import LEAST_GROWTH, OTHER
from costtop.money import dollars

PEAK = "growth_peak"
# Deviations a turn beyond the slack; growth is widely spread, a sixfold one is but two of them.
_STEEP = 0.5
# A large file is read in a turn, as everybody does.
_STAKE = Stake(rise=0.95, limit=0.36, fall=0.32, least=2, alone=0.2)


def judge(at: Moment, memory: Memory[Cusum]) -> Claim | None:
    """The CUSUM of ln growth beyond its calibrated peak, and the dollar gates."""
    step = at.session.step
    if at.moved == OTHER or step is None or step.growth is None:
        return None
    band = at.peers.a_turn("growth")
    if band is None:
        return None
    before = memory.begin(at.moved)
    state = memory.now = cusum.advance(before, step.growth, LEAST_GROWTH, band)
    if state is CALM:
        return None
    price = at.session.prices
    fresh = state.tokens - before.tokens
    rate = state.tokens * price.read + state.tokens // state.turns * price.paid
    paid = before.tokens * price.read + fresh * price.paid
    memory.now = Cusum(*state[:3], before.dollars + paid)
    found = cusum.claim(
        at, memory, band, step.growth, name="growth", steep=_STEEP, stake=_STAKE, rate=rate
    )
    if found is None:
        return None
    return found._replace(words=partial(_words, state, at.session.turns, found.excess))


def _words(state: Cusum, turn: int, excess: int) -> str:
    each = f"for {state.turns} turns each has added {state.tokens // state.turns:,}"
    if state.turns == 1:
        each = f"turn {turn} has added {state.tokens:,}"
    return f"{each} tokens more to the context than usual, ${dollars(excess)} so far"
