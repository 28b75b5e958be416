"""D6, model shift: the session has moved to a dearer model, which its peers hardly do.

A session that starts on an unusual model is not meant, nor a move to a cheaper one. Where peers use
the model too, it is measured against how this session began: twice its price, and peers that do
not move on their way.
"""

from costtop.analysis.ledger import full_price
from costtop.detect.rules.excess import projected
from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.running_session import OTHER
from costtop.money import dollars
from costtop.named_tuples import NamedTuple

_RARE = 0.05  # share of the group's turns, and of its sessions that move


class Shift(NamedTuple):
    """Turns on another model than the first, and what they cost beyond its price."""

    turns: int = 0
    first: int = 0
    dollars: int = 0  # nano


def judge(at: Moment, memory: Memory[Shift]) -> Claim | None:
    """Premium over the first model's price, for a model rare among peers, and the gates."""
    session, spend, peers = at.session, at.spend, at.peers
    model = spend.call.model
    if model == session.first_model or at.moved == OTHER:
        return None
    if spend.rates is None or session.first_rates is None or spend.cost is None:
        return None
    before = memory.begin(at.moved)
    premium = spend.cost - full_price(spend.call.tokens, session.first_rates)
    first = before.first or session.turns
    shift = memory.now = Shift(before.turns + 1, first, before.dollars + premium)
    share = peers.share(model) if peers.usual() is not None else 1.0
    known = share >= _RARE
    if premium <= 0 or (known and (2 * premium < spend.cost or peers.mixes(model) >= _RARE)):
        return None
    total = projected(at, shift.dollars, min(premium, shift.dollars / shift.turns))
    if total is None or (known and session.cost + total - shift.dollars <= peers.median()):
        return None
    how = "at least twice as dear" if known else "which peers hardly use"
    return Claim(
        statistic=peers.mixes(model) if known else share,
        limit=_RARE,
        excess=shift.dollars,
        projected=total,
        words=lambda: (
            f"turn {first} moved from {session.first_model} to {model}, {how},"
            f" ${dollars(shift.dollars)} dearer so far"
        ),
        since=first,
        evidence=(("from_model", session.first_model), ("to_model", model)),
    )
