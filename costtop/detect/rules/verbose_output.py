"""D4, verbose output: replies are lastingly much longer than peers' replies.

It does not look at what was written, only at how many tokens it took.
"""

from costtop.detect.rules import cusum
from costtop.detect.rules.cusum import Cusum, Stake
from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.running_session import OTHER
from costtop.money import dollars

PEAK = "output_peak"
_STEEP = 0.8  # deviations a turn beyond the slack: a long session that is a bit wordy is no runaway
_STAKE = Stake(rise=1.1, limit=0.5, fall=0.2)


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
    state = cusum.advance(before, at.session.output, 1, band)
    price = at.session.prices
    fresh = state.tokens - before.tokens
    rate = 0
    if state.turns:
        paid = fresh * price.out + before.tokens * price.read
        state = state._replace(dollars=before.dollars + paid)
        rate = state.tokens // state.turns * (price.out + price.paid) + state.tokens * price.read
    memory.now = state
    found = cusum.claim(at, memory, band.peers, peak=PEAK, steep=_STEEP, stake=_STAKE, rate=rate)
    if found is None:
        return None
    return found._replace(
        words=f"for {state.turns} turns each reply has been {state.tokens // state.turns:,} tokens"
        f" longer than usual, ${dollars(found.excess)} so far"
    )
