"""D5, cache thrash: the prompt's beginning keeps changing, so that its cache is paid for in vain.

A pause longer than the cache lives is no anomaly: it goes to the explanation and the review.
"""

from typing import NamedTuple

from costtop.detect.rules.excess import projected
from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import OTHER, Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Spend
from costtop.money import dollars

RULE = "cache_miss"
_WINDOW = 8  # turns
_BREAKS = 3  # within the window
_BREAKS_READING = 4  # where the provider caches by itself and loses a prefix now and then
_LEAST = 1000  # tokens missed: fewer are the granularity of a cache
_QUIET = 10  # turns without a break that end a spell


class Spell(NamedTuple):
    """Breaks of the prefix in short succession."""

    breaks: tuple[int, ...] = ()  # turns, the last few
    first: int = 0
    times: int = 0
    tokens: int = 0
    dollars: int = 0  # nano, beyond the price of hits


_NONE = Spell()


def judge(
    course: Course, spend: Spend, moved: int, view: View, settings: Settings
) -> Verdict | None:
    """Three prefix breaks of over 1,000 tokens in eight turns, and the dollar gates.

    Four where nothing is written explicitly: such caches promise nothing.
    """
    step = course.step
    if moved == OTHER or step is None:
        return None
    spell: Spell = course.begin(RULE, moved, _NONE)
    turn = course.turns
    if step.miss != "prefix_break" or step.missed <= _LEAST:
        if spell.breaks and turn - spell.breaks[-1] >= _QUIET:
            spell = _NONE
        course.state[RULE] = spell
        return None
    recent = tuple(each for each in spell.breaks if turn - each < _WINDOW)
    spell = Spell((*recent, turn), spell.first or turn, spell.times + 1,
                  spell.tokens + step.missed, spell.dollars + step.premium)  # fmt: skip
    course.state[RULE] = spell
    needed = _BREAKS if spend.call.tokens.cache_write else _BREAKS_READING
    if len(spell.breaks) < needed:
        return None
    rate = spell.dollars / (turn - spell.first + 1)
    total = projected(course, view, settings, spell.dollars, rate)
    if total is None:
        return None
    return Verdict(
        RULE, RULE, len(spell.breaks), needed, spell.dollars, total,
        f"the cached prompt was lost {spell.times} times since turn {spell.first}"
        f" ({spell.tokens:,} tokens paid again), ${dollars(spell.dollars)} so far",
        None,
        spell.first,
        (("breaks", spell.times), ("missed_tokens", spell.tokens)),
    )  # fmt: skip
