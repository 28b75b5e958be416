"""A rate card: what one model costs at any time and size, as plain values. It finds no prices.

A card is stretches of time; a stretch has windows of the day (one, for all but off-peak prices); a
window has bands of request size. All tiers known are whole-request: a request whose input is
strictly larger than `above` pays that band's rates for every token. Cards are nested tuples of
ints and strings, so `json.dumps(card)` is their wire form and `from_plain` reads it back.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from costtop.model import Rates

DAY = 86_400_000  # milliseconds
DAWN = -(2**53)  # ms UTC before any call: a stretch that begins here has always been
VAST = 2**53  # tokens: more than any request


# What logs say where nothing but the standard price was agreed on.
STANDARD = frozenset(
    {"", "standard", "default", "auto", "on_demand", "normal", "global", "not_available"}
)
HALVED = frozenset({"batch", "batches", "flex"})  # known to be cheaper: never less than half


class Band(NamedTuple):
    """`rates` of requests with more than `above` input tokens; None when unknown."""

    above: int
    rates: Rates | None


class Window(NamedTuple):
    """From `opens` (ms after midnight UTC) until the next window.

    No bands: unpriced; `why` says why, and also why rates are only a floor.
    """

    opens: int
    bands: tuple[Band, ...]
    why: str = ""


class Stretch(NamedTuple):
    """From `since` (ms UTC) until the next stretch; windows ascend from midnight."""

    since: int
    windows: tuple[Window, ...]


class Card(NamedTuple):
    """The stretches of one model as sold under one tier, speed and region, ascending by time."""

    stretches: tuple[Stretch, ...]


class CardRule(NamedTuple):
    """Bands that hold from `since` until before `until`, whatever the time of day."""

    since: int
    until: int
    bands: tuple[Band, ...]


def flat(bands: tuple[Band, ...]) -> Card:
    """A card whose bands hold at all times."""
    return Card((Stretch(DAWN, (Window(0, bands),)),))


def unpriced(why: str) -> Card:
    """The card of a model without a price, with the reason."""
    return Card((Stretch(DAWN, (Window(0, (), why),)),))


def sampled(dates: Iterable[int], times: Iterable[int], price: Callable[[int], Window]) -> Card:
    """A card from `price(at)`, asked once for each stretch where its answer cannot change.

    `dates` are the midnights and `times` the ms of day at which it may; `price` gives the bands.
    """
    moments = sorted({0, *(time % DAY for time in times)})
    starts = sorted(set(dates))
    eve = starts[0] - DAY if starts else 0

    def windows(midnight: int) -> tuple[Window, ...]:
        return _joined(price(midnight + moment)._replace(opens=moment) for moment in moments)

    stretches = [Stretch(DAWN, windows(eve)), *(Stretch(day, windows(day)) for day in starts)]
    return _merged(stretches)


def overlaid(base: Card, rules: Sequence[CardRule]) -> Card:
    """`base` with `rules` over it; where several hold at a time the last one counts."""
    edges = {stretch.since for stretch in base.stretches}
    edges.update(edge for rule in rules for edge in (rule.since, rule.until) if edge < VAST)

    def windows(at: int) -> tuple[Window, ...]:
        for rule in reversed(rules):
            if rule.since <= at < rule.until:
                return (Window(0, rule.bands),)
        return stretch_at(base, at).windows

    return _merged([Stretch(edge, windows(edge)) for edge in sorted(edges)])


def stretch_at(card: Card, at: int) -> Stretch:
    """The stretch of time that `at` falls into; the first one for anything earlier."""
    for stretch in reversed(card.stretches):
        if stretch.since <= at:
            return stretch
    return card.stretches[0]


def window_at(card: Card, at: int) -> Window:
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


def _windows(plain: Any) -> tuple[Window, ...]:
    return tuple(
        Window(int(opens), tuple(Band(int(a), _rates(rates)) for a, rates in bands), str(why))
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


def _joined(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Windows without those that only repeat the one before."""
    kept: list[Window] = []
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
