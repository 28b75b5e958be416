"""Whether a gate or a stop holds a session, by what it spent since. It does nothing itself. Pure.

A denial that an agent may ignore is no brake, and one whose hook is never called is none at all.
"""

from costtop.model import Breaker
from costtop.named_tuples import NamedTuple

BY_HOOK = frozenset({"gate", "stop"})
"""Actions that nothing but an agent's own hook carries out."""
ARGUES = 2  # denials, and turns after the first of them
FOUND = 3_000  # ms in which the process of a session that has just begun is found
SILENT = 10_000  # ms of spend in which no hook answers
SMALL = 10  # mean calls: an amount below that is passed by two calls at most


class HeldSpending(NamedTuple):
    """What a session did since a breaker opened. Times are ms UTC."""

    gate: int  # when its gate was last called; 0: never
    calls: int  # since then, or since the breaker opened
    last: int  # the latest of them; 0: none
    denials: int  # since the breaker opened
    argued: int  # calls since the first of them
    apart: int = 0  # of these, the ones before the latest denial: it was asked for anew
    over: int = 0  # calls since the breaker opened where its amount is small; else 0


def may(one: Breaker) -> bool:
    """Whether anything may follow at all: a second look has confirmed it, a log tells the spend."""
    return one.action in BY_HOOK and one.confirmed is not None and one.escalate != "none"


def slips(one: Breaker, seen: HeldSpending) -> bool:
    """Whether the session spends on as if nothing held it.

    Its hook is asked and the agent argues on, or calls come and no hook is asked: with the first
    where none ever was, for nothing holds it; else with the second after ten seconds, for a long
    answer may have been under way. Of a small amount the call that was under way at the first
    denial counts as a turn, too, once another turn was denied.
    """
    turns = max(seen.argued, seen.over if seen.apart else 0)
    if seen.denials >= ARGUES and turns >= ARGUES:
        return True
    if not seen.gate:
        return seen.calls > 0
    return seen.calls >= ARGUES and seen.last - max(one.opened, seen.gate) >= SILENT
