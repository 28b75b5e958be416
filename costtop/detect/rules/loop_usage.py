"""D7u, the loop seen by usage alone: turns whose token counts are nearly equal, over and over.

For turns that ask for no tool, and logs that say nothing of tools. Identical failing calls append
identical counts, the same prompt sent again has the same context; ordinary work does not (at most
two matches in real sessions, seven are asked). What peers do as much is their way of working.
"""

from collections.abc import Iterable

from costtop.analysis.quantiles import quantile
from costtop.detect.rules.excess import projected
from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.running_session import TURN
from costtop.money import dollars
from costtop.named_tuples import NamedTuple

_TURNS = 16
PEAK = "match_peak"
_MATCHES = 7
_SOON = 5  # the same where hardly a peer has come to five and then done something else
_LOST = 9  # from so many on a peer did nothing else
_WORTH = 12  # matches that are pushed: fewer may be somebody polling
_SAME_PROMPT = 2  # tokens that the same prompt may differ by


class Used(NamedTuple):
    """What one turn used."""

    turn: int
    context: int
    growth: int
    output: int
    cost: int


def recent() -> tuple[Used, ...]:
    """The turns with which the next one is compared: none yet."""
    return ()


def judge(at: Moment, memory: Memory[tuple[Used, ...]]) -> Claim | None:
    """Seven earlier turns of sixteen alike, and their dollars worth it (DETECTION 3.2, D7u)."""
    session, step = at.session, at.session.step
    if at.moved != TURN or step is None or step.growth is None or at.spend.call.tools:
        return None
    turn, cost = session.turns, at.spend.cost or 0
    used = Used(turn, step.context, step.growth, session.output, cost)
    alike = _alike(memory.now, used)
    memory.now = (*memory.now[1 - _TURNS :], used)
    memory.peak = max(memory.peak, len(alike))
    soon = len(alike) >= _SOON and at.peers.seldom(PEAK, _SOON, _LOST)
    needed = _SOON if soon else _MATCHES
    if len(alike) < needed:
        return None
    repeats = alike[1:]
    spent = cost + sum(each.cost for each in repeats)
    dear = spent > max(at.settings.floor // 2, 3 * at.peers.median() // 20)
    if not dear and not (soon and projected(at, spent, spent / len(alike)) is not None):
        return None
    for repeated in (*(each.turn for each in repeats), turn):
        session.books.retry(repeated)
    if _usual(at):
        return None
    return Claim(
        statistic=len(alike),
        limit=needed,
        excess=spent,
        projected=spent + int(spent / len(alike) * at.peers.residual(turn)),
        words=lambda: (
            f"{len(alike)} of the {_TURNS} turns before turn {turn} had the same token counts as"
            f" it, as repeated failing calls do; ${dollars(spent)} of ${dollars(session.cost)}"
        ),
        since=alike[0].turn,
        evidence=(("matches", len(alike)),),
        worth=soon or len(alike) >= _WORTH,
    )


def _alike(before: Iterable[Used], used: Used) -> list[Used]:
    """Earlier turns that added as much and said as much, or that were asked the very same."""
    _, context, growth, output, _ = used
    near, close, said = max(8, int(0.2 * growth)), max(6, int(0.2 * output)), max(6, output // 2)
    least, most = growth - near, growth + near
    low, high = context - _SAME_PROMPT, context + _SAME_PROMPT
    return [
        each
        for each in before
        if (least <= each.growth <= most and abs(each.output - output) <= close)
        or (low <= each.context <= high and abs(each.output - output) <= said)
    ]


def _usual(at: Moment) -> bool:
    """Whether peers repeat themselves as much: one in twenty of them, or more."""
    ordered = at.peers.chosen().numbers("retries")
    few = len(ordered) < max(1, at.settings.min_peers)
    return not few and quantile(ordered, 0.95) >= len(at.session.books.retries)
