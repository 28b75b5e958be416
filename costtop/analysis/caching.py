"""What caching has saved, and what caches that live an hour would have saved besides.

It changes no setting and judges no prompt. Money in int nano-dollars, from each call's own rates.
"""

from collections.abc import Iterable

from costtop.analysis import ledger
from costtop.model import Spend
from costtop.named import NamedTuple

_HOUR = 60 * 60_000
_HOUR_WRITE = 2.0  # price of an hour's cache write over plain input, where rates do not say


class Caching(NamedTuple):
    """Totals over sessions' root agents, nano-dollars."""

    saved: int  # reads at the cached price instead of the plain one, less what writes cost more
    lost_to_pauses: int  # paid again because a pause outlived the cache
    lost_to_changes: int  # because the prompt's beginning changed
    hour_saves: int  # pauses of five minutes to an hour, had caches lived that long
    hour_costs: int  # the dearer writes that this would have taken

    @property
    def hour_pays(self) -> int:
        """What an hour's cache would have gained in all; negative when it would have cost."""
        return self.hour_saves - self.hour_costs


NONE = Caching(0, 0, 0, 0, 0)


def caching(spends: Iterable[Spend]) -> Caching:
    """Of one session's calls in order; subagents' calls count for `saved` only."""
    total, before = NONE, None
    for spend in spends:
        total = _plus(total, NONE._replace(saved=_saved(spend)))
        if not ledger.is_root(spend):
            continue
        if before is not None:
            total = _plus(total, _lost(before, spend))
        before = ledger.after(before, spend)
    return total


def together(each: Iterable[Caching]) -> Caching:
    """The sum over sessions."""
    total = NONE
    for one in each:
        total = _plus(total, one)
    return total


def _saved(spend: Spend) -> int:
    rates, tokens = spend.rates, spend.call.tokens
    if rates is None:
        return 0
    short = tokens.cache_write - tokens.cache_write_1h
    pico = tokens.cache_read * (rates.input - rates.cache_read)
    pico -= short * (rates.cache_write - rates.input)
    pico -= tokens.cache_write_1h * (rates.cache_write_1h - rates.input)
    return _nano(pico)


def _lost(before: ledger.Before, spend: Spend) -> Caching:
    rates, tokens = spend.rates, spend.call.tokens
    step = ledger.step(before, spend)
    if rates is None:
        return NONE
    pause = spend.call.at - before.at
    short = tokens.cache_write - tokens.cache_write_1h
    expired = step.premium if step.miss == "ttl_expiry" else 0
    dearer = rates.cache_write_1h or round(rates.input * _HOUR_WRITE)
    within = bool(expired) and not before.hour and pause <= _HOUR
    # A write that only the pause made necessary would not have been made at all.
    written = short - min(short, step.missed) if within else short
    return Caching(
        0,
        expired,
        step.premium if step.miss == "prefix_break" else 0,
        expired if within else 0,
        _nano(max(0, written) * max(0, dearer - rates.cache_write)),
    )


def _plus(one: Caching, two: Caching) -> Caching:
    return Caching(*(a + b for a, b in zip(one, two, strict=True)))


def _nano(pico: int) -> int:
    return (pico + 500) // 1000
