"""D5, cache thrash: the prompt's beginning keeps changing, so that its cache is paid for in vain.

A pause longer than the cache lives is no anomaly: it goes to the explanation and the review.
"""

from typing import NamedTuple

from costtop.detect.rules.excess import projected
from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.running_session import OTHER
from costtop.money import dollars

_WINDOW = 8  # turns
_BREAKS = 3  # within the window
_BREAKS_READING = 4  # where the provider caches by itself and loses a prefix now and then
_WHOLE = 2  # within three turns, where hardly anything of the prompt was hit
_LEAST = 1000  # tokens missed: fewer are the granularity of a cache
_QUIET = 10  # turns without a break that end a spell


class Spell(NamedTuple):
    """Breaks of the prefix in short succession."""

    breaks: tuple[int, ...] = ()  # turns, the last few
    first: int = 0
    times: int = 0
    tokens: int = 0
    dollars: int = 0  # nano, beyond the price of hits


def judge(at: Moment, memory: Memory[Spell]) -> Claim | None:
    """Three prefix breaks of over 1,000 tokens in eight turns, and the dollar gates.

    Two in three turns where hardly anything was hit; four where nothing is written explicitly:
    such caches promise nothing.
    """
    step, turn = at.session.step, at.session.turns
    if at.moved == OTHER or step is None:
        return None
    spell = memory.begin(at.moved)
    if step.miss != "prefix_break" or step.missed <= _LEAST:
        over = spell.breaks and turn - spell.breaks[-1] >= _QUIET
        memory.now = Spell() if over else spell
        return None
    spell = memory.now = Spell(
        breaks=(*(each for each in spell.breaks if turn - each < _WINDOW), turn),
        first=spell.first or turn,
        times=spell.times + 1,
        tokens=spell.tokens + step.missed,
        dollars=spell.dollars + step.premium,
    )
    needed = _BREAKS if at.spend.call.tokens.cache_write else _BREAKS_READING
    if len(spell.breaks) < needed:
        if not (needed == _BREAKS and _whole(at, spell)):
            return None
        needed = _WHOLE
    total = projected(at, spell.dollars, spell.dollars / (turn - spell.first + 1))
    if total is None:
        return None
    return Claim(
        statistic=len(spell.breaks),
        limit=needed,
        excess=spell.dollars,
        projected=total,
        words=f"the cached prompt was lost {spell.times} times since turn {spell.first}"
        f" ({spell.tokens:,} tokens paid again), ${dollars(spell.dollars)} so far",
        since=spell.first,
        evidence=(("breaks", spell.times), ("missed_tokens", spell.tokens)),
    )


def _whole(at: Moment, spell: Spell) -> bool:
    """Whether the second break came right after the first, and lost nearly all of the prompt."""
    step, before, turn = at.session.step, at.session.was_before, at.session.turns
    near = len(spell.breaks) == _WHOLE and turn - spell.breaks[0] < _BREAKS
    return (
        near and step is not None and before is not None and 10 * step.missed >= 9 * before.context
    )
