"""D4, verbose output: replies are lastingly much longer than peers' replies.

It does not look at what was written, only at how many tokens it took.
"""

from functools import partial

from costtop.detect.rules import cusum
from costtop.detect.rules.cusum import CALM, Cusum, Stake
from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.running_session import OTHER
from costtop.money import dollars

PEAK = "output_peak"
_STEEP = 0.9  # deviations a turn beyond the slack: a long session that is a bit wordy is no runaway
_STAKE = Stake(rise=0.95, limit=0.57, fall=0.2, least=1, alone=0.35)


def judge(at: Moment, memory: Memory[Cusum]) -> Claim | None:
    """The CUSUM of ln output beyond its calibrated peak, and the dollar gates.

    A long reply is paid twice: as output, and as context of every turn after it.
    """
    if at.moved == OTHER:
        return None
    band = at.peers.a_turn("output")
    if band is None:
        return None
    before = memory.begin(at.moved)
    state = memory.now = cusum.advance(before, at.session.output, 1, band)
    if state is CALM:
        return None
    price = at.session.prices
    fresh = state.tokens - before.tokens
    paid = fresh * price.out + before.tokens * price.read
    memory.now = Cusum(*state[:3], before.dollars + paid)
    rate = state.tokens // state.turns * (price.out + price.paid) + state.tokens * price.read
    found = cusum.claim(
        at, memory, band, at.session.output, name="output", steep=_STEEP, stake=_STAKE, rate=rate
    )
    if found is None:
        return None
    return found._replace(words=partial(_words, state, at.session.turns, found.excess))


def _words(state: Cusum, turn: int, excess: int) -> str:
    each = f"for {state.turns} turns each reply has been {state.tokens // state.turns:,}"
    if state.turns == 1:
        each = f"the reply of turn {turn} was {state.tokens:,}"
    return f"{each} tokens longer than usual, ${dollars(excess)} so far"
