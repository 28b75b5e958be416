"""A rate card: what one model costs at any time and size, as plain values. It finds no prices.

A card is stretches of time; a stretch has windows of the day (one, for all but off-peak prices); a
window has bands of request size. All tiers known are whole-request: a request whose input is
strictly larger than `above` pays that band's rates for every token. Cards are nested tuples of
ints and strings, so `json.dumps(card)` is their wire form and `from_plain` reads it back.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from costtop.model import Rates
from costtop.named_tuples import NamedTuple

DAY = 86_400_000  # milliseconds
DAWN = -(2**53)  # ms UTC before any call: a stretch that begins here has always been
VAST = 2**53  # tokens: more than any request


# What logs say where nothing but the standard price was agreed on.
STANDARD = frozenset(
    {"", "standard", "default", "auto", "on_demand", "normal", "global", "not_available"}
)
HALVED = frozenset({"batch", "batches", "flex"})  # known to be cheaper: never less than half

_KINDS = ("input", "cache_read", "cache_write", "cache_write_1h", "output", "search", "request")


class SizeBand(NamedTuple):
    """`rates` of requests with more than `above` input tokens; None when unknown."""

    above: int
    rates: Rates | None


class DayWindow(NamedTuple):
    """From `opens` (ms after midnight UTC) until the next window.

    No bands: unpriced; `why` says why, and also why rates are only a floor.
    """

    opens: int
    bands: tuple[SizeBand, ...]
    why: str = ""


class Stretch(NamedTuple):
    """From `since` (ms UTC) until the next stretch; windows ascend from midnight."""

    since: int
    windows: tuple[DayWindow, ...]


class Card(NamedTuple):
    """The stretches of one model as sold under one tier, speed and region, ascending by time."""

    stretches: tuple[Stretch, ...]


class CardRule(NamedTuple):
    """Bands that hold from `since` until before `until`, whatever the time of day."""

    since: int
    until: int
    bands: tuple[SizeBand, ...]


def flat(bands: tuple[SizeBand, ...]) -> Card:
    """A card whose bands hold at all times."""
    return Card((Stretch(DAWN, (DayWindow(0, bands),)),))


def unpriced(why: str) -> Card:
    """The card of a model without a price, with the reason."""
    return Card((Stretch(DAWN, (DayWindow(0, (), why),)),))


def sampled(dates: Iterable[int], times: Iterable[int], price: Callable[[int], DayWindow]) -> Card:
    """A card from `price(at)`, asked once for each stretch where its answer cannot change.

    `dates` are the midnights and `times` the ms of day at which it may; `price` gives the bands.
    """
    moments = sorted({0, *(time % DAY for time in times)})
    starts = sorted(set(dates))
    eve = starts[0] - DAY if starts else 0

    def windows(midnight: int) -> tuple[DayWindow, ...]:
        return _joined(price(midnight + moment)._replace(opens=moment) for moment in moments)

    stretches = [Stretch(DAWN, windows(eve)), *(Stretch(day, windows(day)) for day in starts)]
    return _merged(stretches)


def overlaid(base: Card, rules: Sequence[CardRule]) -> Card:
    """`base` with `rules` over it; where several hold at a time the last one counts."""
    edges = {stretch.since for stretch in base.stretches}
    edges.update(edge for rule in rules for edge in (rule.since, rule.until) if edge < VAST)

    def windows(at: int) -> tuple[DayWindow, ...]:
        for rule in reversed(rules):
            if rule.since <= at < rule.until:
                return (DayWindow(0, rule.bands),)
        return stretch_at(base, at).windows

    return _merged([Stretch(edge, windows(edge)) for edge in sorted(edges)])


def stretch_at(card: Card, at: int) -> Stretch:
    """The stretch of time that `at` falls into; the first one for anything earlier."""
    for stretch in reversed(card.stretches):
        if stretch.since <= at:
            return stretch
    return card.stretches[0]


def window_at(card: Card, at: int) -> DayWindow:
    """The window of the day that `at` (ms UTC) falls into."""
    stretch, moment = stretch_at(card, at), at % DAY
    return next(window for window in reversed(stretch.windows) if window.opens <= moment)


def rates_at(card: Card, at: int, size: int) -> Rates | None:
    """The rates of a request of `size` input tokens at `at`; None when it has no known price."""
    for band in reversed(window_at(card, at).bands):
        if size > band.above:
            return band.rates
    return None


def exact(card: Card) -> bool:
    """Whether the card has a price at any time that is more than a floor."""
    windows = (window for stretch in card.stretches for window in stretch.windows)
    return any(b.rates and not b.rates.floor for window in windows for b in window.bands)


def priced(card: Card) -> bool:
    """Whether the card prices anything at any time."""
    return any(window.bands for stretch in card.stretches for window in stretch.windows)


def from_plain(plain: Any) -> Card:
    """The card whose JSON form is `plain`; ValueError for anything else."""
    try:
        (stretches,) = plain
        card = Card(tuple(Stretch(int(since), _windows(rest)) for since, rest in stretches))
    except (TypeError, ValueError) as fault:
        raise ValueError(f"not a rate card: {fault}") from fault
    if not card.stretches or any(not stretch.windows for stretch in card.stretches):
        raise ValueError("not a rate card: empty")
    return card


def _windows(plain: Any) -> tuple[DayWindow, ...]:
    return tuple(
        DayWindow(
            int(opens), tuple(SizeBand(int(a), _rates(rates)) for a, rates in bands), str(why)
        )
        for opens, bands, why in plain
    )


def _rates(plain: Any) -> Rates | None:
    if plain is None:
        return None
    base, read, write, hour, output, search, card, request, media, floor = plain
    numbers = (int(base), int(read), int(write), int(hour), int(output), int(search), int(request))
    if min(numbers) < 0:
        raise ValueError("a negative rate")
    apart = tuple((str(kind), int(rate)) for kind, rate in media)
    return Rates(*numbers[:6], str(card), numbers[6], apart, bool(floor))


def _joined(windows: Iterable[DayWindow]) -> tuple[DayWindow, ...]:
    """Windows without those that only repeat the one before."""
    kept: list[DayWindow] = []
    for window in windows:
        if not kept or kept[-1][1:] != window[1:]:
            kept.append(window)
    return tuple(kept)


def _merged(stretches: Sequence[Stretch]) -> Card:
    kept: list[Stretch] = []
    for stretch in stretches:
        if not kept or kept[-1].windows != stretch.windows:
            kept.append(stretch)
    return Card(tuple(kept))


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
    """What a refreshed list would change, to be seen before it counts (RELIABILITY).

    Every rate that differs at `at` (ms UTC) between two `PriceBook.export` values, by key.

    Cards that only one side has are left out: they change no call that was priced.
    """
    before, after = _cards(old), _cards(new)
    found: list[Change] = []
    for key in sorted(before.keys() & after.keys()):
        found.extend(_differences(key, _bands(before[key], at), _bands(after[key], at)))
    return tuple(found)


def _cards(exported: Mapping[str, Any]) -> dict[tuple[str, ...], Card]:
    return {tuple(key): from_plain(card) for *key, card in exported["cards"]}


def _bands(card: Card, at: int) -> tuple[SizeBand, ...]:
    return window_at(card, at).bands


def _differences(
    key: tuple[str, ...], before: tuple[SizeBand, ...], after: tuple[SizeBand, ...]
) -> Iterator[Change]:
    for above in sorted({band.above for band in (*before, *after)}):
        for kind in (*_KINDS, *sorted(_media_kinds((*before, *after)))):
            was, now = _rate(before, above, kind), _rate(after, above, kind)
            if was != now:
                yield Change(key, above, kind, was, now)


def _media_kinds(bands: Iterable[SizeBand]) -> set[str]:
    return {kind for band in bands if band.rates for kind, _ in band.rates.media}


def _rate(bands: tuple[SizeBand, ...], above: int, kind: str) -> int | None:
    """The rate that requests just above `above` pay."""
    reached = [band.rates for band in bands if band.above <= above]
    rates = reached[-1] if reached else None
    if rates is None:
        return None
    return getattr(rates, kind) if kind in _KINDS else dict(rates.media).get(kind)
