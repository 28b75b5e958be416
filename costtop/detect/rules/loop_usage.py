"""D7u, the loop seen by usage alone: turns whose token counts are nearly equal, over and over.

For logs that say nothing of tools. Identical failing calls append identical counts; ordinary work
does not (at most two matches in real sessions, seven are asked).
"""

from collections import deque
from typing import NamedTuple

from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.running_session import TURN
from costtop.money import dollars

_TURNS = 16
_MATCHES = 7


class Used(NamedTuple):
    """What one turn used."""

    turn: int
    growth: int
    output: int
    cost: int


def recent() -> deque[Used]:
    """The turns with which the next one is compared."""
    return deque(maxlen=_TURNS)


def judge(at: Moment, memory: Memory[deque[Used]]) -> Claim | None:
    """Seven earlier turns of sixteen alike, and their dollars worth it (DETECTION 3.2, D7u)."""
    session, step = at.session, at.session.step
    if at.moved != TURN or step is None or step.growth is None or session.uses_tools:
        return None
    growth, output, turn = step.growth, session.output, session.turns
    near, close = max(8.0, 0.03 * growth), max(6.0, 0.15 * output)
    alike = [
        each
        for each in memory.now
        if abs(each.growth - growth) <= near and abs(each.output - output) <= close
    ]
    cost = at.spend.cost or 0
    memory.now.append(Used(turn, growth, output, cost))
    if len(alike) < _MATCHES:
        return None
    repeats = alike[1:]
    spent = cost + sum(each.cost for each in repeats)
    if spent <= max(at.settings.floor // 2, 3 * at.peers.median() // 20):
        return None
    for repeated in (*(each.turn for each in repeats), turn):
        session.books.retry(repeated)
    return Claim(
        statistic=len(alike),
        limit=_MATCHES,
        excess=spent,
        projected=spent + int(spent / len(alike) * at.peers.residual(turn)),
        words=f"{len(alike)} of the {_TURNS} turns before turn {turn} had the same token counts as"
        f" it, as repeated failing calls do; ${dollars(spent)} of ${dollars(session.cost)}",
        since=alike[0].turn,
        evidence=(("matches", len(alike)),),
    )
