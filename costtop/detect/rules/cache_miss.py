"""D5, cache thrash: the prompt's beginning keeps changing, so that its cache is paid for in vain.

A pause longer than the cache lives is no anomaly: it goes to the explanation and the review.
"""

from functools import partial

from costtop.detect.rules.excess import projected
from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.running_session import OTHER
from costtop.money import dollars
from costtop.named_tuples import NamedTuple

PEAK = "break_peak"
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

    Two in three turns where hardly anything was hit, a single one where peers whose cache was lost
    hardly ever got it back; four where nothing is written explicitly: such caches promise nothing.
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
    memory.peak = max(memory.peak, len(spell.breaks))
    needed = _needed(at, spell)
    if len(spell.breaks) < needed:
        return None
    total = projected(at, spell.dollars, spell.dollars / (turn - spell.first + 1))
    if total is None:
        return None
    return Claim(
        statistic=len(spell.breaks),
        limit=needed,
        excess=spell.dollars,
        projected=total,
        words=partial(_words, spell),
        since=spell.first,
        evidence=(("breaks", spell.times), ("missed_tokens", spell.tokens)),
    )


def _words(spell: Spell) -> str:
    often = f"{spell.times} times since turn {spell.first}"
    if spell.times == 1:
        often = f"at turn {spell.first}, as hardly a peer's ever is"
    paid = f"{spell.tokens:,} tokens paid again"
    return f"the cached prompt was lost {often} ({paid}), ${dollars(spell.dollars)} so far"


def _needed(at: Moment, spell: Spell) -> int:
    """How many breaks tell: fewer where nearly all of the prompt was lost."""
    if not at.spend.call.tokens.cache_write:
        return _BREAKS_READING
    step, before = at.session.step, at.session.was_before
    if step is None or before is None or 10 * step.missed < 9 * before.context:
        return _BREAKS
    if at.peers.seldom(PEAK, 1, _BREAKS):
        return 1
    return _WHOLE if at.session.turns - spell.breaks[0] < _BREAKS else _BREAKS
