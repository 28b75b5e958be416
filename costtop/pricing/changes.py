"""What a refreshed price list would change, for the user to see before it counts. It applies none.

Rule: RELIABILITY, "Price table poisoning": a change of more than five times is shown before use.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from costtop.pricing.cards import Band, Card, from_plain, window_at

_KINDS = ("input", "cache_read", "cache_write", "cache_write_1h", "output", "search", "request")


class Change(NamedTuple):
    """A rate of one model before and after; None is unpriced. `key` is the card's in the export."""

    key: tuple[str, ...]  # provider, model, tier, speed, geo
    above: int  # input tokens of the band, -1 for the first
    kind: str
    before: int | None
    after: int | None

    def is_suspect(self, times: int = 5) -> bool:
        """More than `times` dearer or cheaper, or a price that appears, vanishes or becomes 0."""
        if not self.before or not self.after:
            return True
        return self.after > self.before * times or self.before > self.after * times


def changes(old: Mapping[str, Any], new: Mapping[str, Any], at: int) -> tuple[Change, ...]:
    """Every rate that differs at `at` (ms UTC) between two `PriceBook.export` values, by key.

    Cards that only one side has are left out: they change no call that was priced.
    """
    before, after = _cards(old), _cards(new)
    found: list[Change] = []
    for key in sorted(before.keys() & after.keys()):
        found.extend(_differences(key, _bands(before[key], at), _bands(after[key], at)))
    return tuple(found)


def _cards(exported: Mapping[str, Any]) -> dict[tuple[str, ...], Card]:
    return {tuple(key): from_plain(card) for *key, card in exported["cards"]}


def _bands(card: Card, at: int) -> tuple[Band, ...]:
    return window_at(card, at).bands


def _differences(
    key: tuple[str, ...], before: tuple[Band, ...], after: tuple[Band, ...]
) -> Iterator[Change]:
    for above in sorted({band.above for band in (*before, *after)}):
        for kind in _KINDS:
            was, now = _rate(before, above, kind), _rate(after, above, kind)
            if was != now:
                yield Change(key, above, kind, was, now)


def _rate(bands: tuple[Band, ...], above: int, kind: str) -> int | None:
    """The rate that requests just above `above` pay."""
    reached = [band.rates for band in bands if band.above <= above]
    return getattr(reached[-1], kind) if reached and reached[-1] else None
