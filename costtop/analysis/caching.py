"""What caching has saved, and what caches that live an hour would have saved besides.

It changes no setting and judges no prompt. Money in int nano-dollars, from each call's own rates.
"""

from collections.abc import Iterable

from costtop.analysis import ledger
from costtop.model import Call, Rates, Spend
from costtop.named_tuples import NamedTuple

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


class CachingSums:
    """Adds up one session's calls in order; subagents' calls count for `saved` only."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums = [0] * len(Caching._fields)

    def take(self, spend: Spend, before: ledger.Before | None, step: ledger.BookedTurn) -> None:
        """A call of the root agent, booked against the one before it."""
        self.saved(spend)
        if before is not None and spend.rates is not None:
            self._lose(before, step, spend.call, spend.rates)

    def saved(self, spend: Spend) -> None:
        """What a call's reads were spared, less what its writes cost more."""
        rates, tokens = spend.rates, spend.call.tokens
        if rates is None or not (tokens.cache_read or tokens.cache_write):
            return
        short = tokens.cache_write - tokens.cache_write_1h
        pico = tokens.cache_read * (rates.input - rates.cache_read)
        pico -= short * (rates.cache_write - rates.input)
        pico -= tokens.cache_write_1h * (rates.cache_write_1h - rates.input)
        self._sums[0] += _nano(pico)

    def _lose(
        self, before: ledger.Before, step: ledger.BookedTurn, call: Call, rates: Rates
    ) -> None:
        tokens, sums = call.tokens, self._sums
        short = tokens.cache_write - tokens.cache_write_1h
        if step.miss == "ttl_expiry" and step.premium:
            sums[1] += step.premium
            if not before.hour and call.at - before.at <= _HOUR:
                sums[3] += step.premium
                # A write that only the pause made necessary would not have been made at all.
                short -= min(short, step.missed)
        elif step.miss == "prefix_break":
            sums[2] += step.premium
        if short > 0:
            dearer = rates.cache_write_1h or round(rates.input * _HOUR_WRITE)
            sums[4] += _nano(short * max(0, dearer - rates.cache_write))

    def sums(self) -> Caching:
        """What it comes to so far."""
        return Caching(*self._sums)


def caching(spends: Iterable[Spend]) -> Caching:
    """Of one session's calls in order; subagents' calls count for `saved` only."""
    sums, before = CachingSums(), None
    for spend in spends:
        if ledger.is_root(spend):
            sums.take(spend, before, ledger.step(before, spend))
            before = ledger.after(before, spend)
        else:
            sums.saved(spend)
    return sums.sums()


def together(each: Iterable[Caching]) -> Caching:
    """The sum over sessions."""
    columns = [sum(column) for column in zip(*each, strict=True)]
    return Caching(*columns) if columns else Caching(0, 0, 0, 0, 0)


def _nano(pico: int) -> int:
    return (pico + 500) // 1000
