"""The price book: which rates hold for a call, remembered. It reads no files and does no sums.

Order of trust: the user's own prices, genai-prices, then LiteLLM's file. A model that none of them
knows has no rates, and `why` says so. A call whose card is known costs one dictionary look-up.
Cards of common models are shipped; genai-prices is imported at the first call of any other.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import compress, pairwise
from operator import is_not
from typing import TYPE_CHECKING, Any

from costtop.model import Call, FloorReason, Price, Rates
from costtop.named_tuples import NamedTuple
from costtop.pricing import litellm_list
from costtop.pricing.cards import (
    STANDARD,
    VAST,
    Card,
    exact,
    from_plain,
    overlaid,
    priced,
    rates_at,
    unpriced,
    window_at,
)
from costtop.pricing.charge import call_cost, charges, short
from costtop.pricing.model_names import Candidate, candidates, plain
from costtop.pricing.override import PriceOverride, rules_for

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot

    from costtop.columnar.call_columns import CallColumns

_CARD = ("provider", "model", "tier", "speed", "geo", "card")  # one entry of an export
FORM = "2"  # of an exported card: older ones lack rates of audio and images
_MOST = 4096  # cards remembered: a log full of made-up names must not fill the memory

Key = tuple[str, str, str, str, str]  # provider, model, tier, speed, geo as the log has them


class PriceColumns(NamedTuple):
    """The fields of `Price`, a column each."""

    computed: list[int | None]
    rates: list[Rates | None]
    short: list[tuple[FloorReason, ...]]


class RatePage(NamedTuple):
    """A card with its newest rates in front, which hold from a time on (ms UTC) up to a size."""

    since: int
    upto: int
    newest: Rates | None
    card: Card

    def rates(self, at: int, size: int) -> Rates | None:
        """The rates of a request of `size` input tokens in all at `at`; None: unpriced."""
        if at >= self[0] and size <= self[1]:
            return self[2]
        return rates_at(self[3], at, size)


class Shipped(NamedTuple):
    """Cards that came with costtop: what `scripts/rate_cards` wrote, None of another list."""

    version: str  # of the installed genai-prices; "": ask for it
    told: Any


def nothing_shipped() -> Shipped:
    """A book without them."""
    return Shipped("", None)


class PriceBook:
    """Rates by (provider, model, time, size, tier, speed, geo), each card worked out once.

    `mine` comes from `override.overrides`, `fallback` is LiteLLM's parsed file, `snapshot` an
    updated genai-prices list (None: the one installed). Nothing is imported until it is needed, and
    `shipped` is not asked before either.
    """

    def __init__(
        self,
        mine: tuple[PriceOverride, ...] = (),
        fallback: Any = None,
        snapshot: "DataSnapshot | None" = None,
        shipped: Callable[[], Shipped] = nothing_shipped,
    ) -> None:
        self._mine = mine
        self._fallback = litellm_list.table(fallback)
        self._snapshot = snapshot
        self._pages: dict[Key, RatePage] = {}
        self._offered: Any = None
        self._learnt = False
        self._shipped = cache(shipped)

    def rates(
        self,
        provider: str,
        model: str,
        at: int,
        size: int,
        tier: str = "",
        speed: str = "",
        geo: str = "",
    ) -> Rates | None:
        """The rates of a request of `size` input tokens in all at `at` (ms UTC); None: unpriced."""
        return self.page((provider, model, tier, speed, geo)).rates(at, size)

    def page(self, key: Key) -> RatePage:
        """The rates of such requests at any time and size, worked out once."""
        return self._pages.get(key) or self._learn(key)

    def remembers(self, call: Call) -> bool:
        """Whether nothing has to be loaded or worked out for its price."""
        return (call.provider, call.model, call.tier, call.speed, call.geo) in self._pages

    def price(self, call: Call) -> Price:
        """The price of a call; None for what is unknown, see `charge.call_cost`.

        What is only a floor is no price where the tool itself says one.
        """
        rates = self.rates(
            call.provider, call.model, call.at, call.tokens.input, call.tier, call.speed, call.geo
        )
        lacks = short(call, rates) if rates and (rates.floor or call.media) else ()
        if lacks and call.reported is not None:
            return Price(None, rates)
        return Price(call_cost(call, rates), rates, lacks)

    def why(
        self, provider: str, model: str, at: int, tier: str = "", speed: str = "", geo: str = ""
    ) -> str:
        """Why such calls have no rates, in words for `doctor`; "" when they have."""
        key = (provider, model, tier, speed, geo)
        return window_at(self.page(key).card, at).why

    def count(self) -> int:
        """Cards remembered; when it has grown there is something new to `export`."""
        return len(self._pages)

    def edition(self) -> str:
        """Which lists the cards come from; cards of another edition are not to be used."""
        import json
        from _blake2 import blake2b  # hashlib loads OpenSSL

        told = json.dumps([[str(entry) for entry in self._mine], self._fallback], sort_keys=True)
        updated = f"{self._snapshot.timestamp:+%Y-%m-%dT%H:%M:%S}" if self._snapshot else ""
        mark = blake2b(told.encode(), digest_size=8).hexdigest()
        return f"{FORM} genai-prices {self._version()}{updated} {mark}"

    def _version(self) -> str:
        if version := self._shipped().version:
            return version
        from importlib import metadata

        return metadata.version("genai-prices")

    def renew(self, snapshot: "DataSnapshot") -> None:
        """Price with another list from here on; every card is worked out anew."""
        self._snapshot, self._offered = snapshot, None
        self._pages.clear()

    @property
    def snapshot(self) -> "DataSnapshot | None":
        """The refreshed list in use; None while it is the one installed."""
        return self._snapshot

    def beside(self, snapshot: "DataSnapshot") -> "PriceBook":
        """A book with the same own prices and fallback over another list, to compare with."""
        other = PriceBook(self._mine, None, snapshot, self._shipped)
        other._fallback = self._fallback
        return other

    def export(self) -> dict[str, Any]:
        """The cards so far as JSON: {"edition": text, "cards": [[provider, …, geo, card], …]}."""
        cards = [[*key, page[3]] for key, page in self._pages.items()]
        return {"edition": self.edition(), "cards": cards}

    def known(self) -> list[Key]:
        """What was priced so far, by this book or by the one whose cards were offered."""
        offered = self._offered if isinstance(self._offered, Mapping) else {}
        keys = [tuple(card[:5]) for card in offered.get("cards", ()) if len(card) == len(_CARD)]
        return list(dict.fromkeys([*self._pages, *keys]))

    def offer(self, exported: Any) -> None:
        """As `restore`, but not before a card is needed: to ask for the edition takes 30 ms."""
        self._offered = exported

    def learnt(self) -> bool:
        """Whether there are cards that neither `offer` nor `restore` brought."""
        return self._learnt

    def restore(self, exported: Any) -> bool:
        """Take over cards that `export` gave; False, and nothing taken, for another edition."""
        if not isinstance(exported, Mapping) or exported.get("edition") != self.edition():
            return False
        try:
            pages = {
                (provider, model, tier, speed, geo): _page(from_plain(card))
                for provider, model, tier, speed, geo, card in exported["cards"]
            }
        except (KeyError, TypeError, ValueError):
            return False
        self._pages.update(pages)
        return True

    def _learn(self, key: Key) -> RatePage:
        if self._offered is not None:
            offered, self._offered = self._offered, None
            if self.restore(offered) and key in self._pages:
                return self._pages[key]
        self._learnt = True
        if len(self._pages) >= _MOST:
            self._pages.clear()
        page = self._pages[key] = _page(self._card(key))
        return page

    def _card(self, key: Key) -> Card:
        provider, model, *modifiers = key
        tier, speed, geo = (text.strip().lower() for text in modifiers)
        found = candidates(provider, model)
        card = self._listed(found, tier, speed, geo)
        if not self._mine:
            return card
        facts = {
            "provider": frozenset({provider.strip().lower(), *(seller for seller, _ in found)}),
            "tier": frozenset({tier}),
            "speed": frozenset({speed}),
            "geo": frozenset({geo}),
        }
        names = frozenset(name for name in (plain(model), *(name for _, name in found)) if name)
        rules = rules_for(self._mine, names, facts)
        return overlaid(card, rules) if rules else card

    def _listed(self, found: tuple[Candidate, ...], tier: str, speed: str, geo: str) -> Card:
        """The first candidate's card that says a price, else a floor, else why there is none."""
        if not found:
            return unpriced("not a model's name")
        asked, cards = "", []
        for seller, name in found:
            if asked and name != asked:
                continue  # it is listed, so a shorter name would be another model
            if card := self._one(seller, name, tier, speed, geo):
                if exact(card):
                    return card
                asked = name
                cards.append(card)
        if card := litellm_list.litellm_card(self._fallback, found, tier, speed, geo):
            if exact(card):
                return card
            cards.append(card)
        cards.append(unpriced("no price list knows this model"))
        return next(filter(priced, cards), cards[0])

    def _one(self, seller: str, name: str, *modifiers: str) -> Card | None:
        """The card of one candidate: the shipped one, else what genai-prices says now."""
        if self._snapshot is None:
            if card := _shipped_card(self._shipped().told, (seller, name), modifiers):
                return card
            from costtop.pricing.listed import bundled

            snapshot = bundled()
        else:
            snapshot = self._snapshot
        from costtop.pricing.listed import listed_card

        return listed_card(snapshot, seller, name, *modifiers)


def _shipped_card(told: Any, model: Candidate, modifiers: tuple[str, ...]) -> Card | None:
    """The card of what stands in the shipped file; None where it does not."""
    seller, name = model
    named = told["models"].get(seller, {}).get(name) if told else None
    if named is None:
        return None
    number = named.get("|".join("" if word in STANDARD else word for word in modifiers))
    return None if number is None else from_plain(told["cards"][number])


def _page(card: Card) -> RatePage:
    """The card with its newest, smallest rates in front: what all but a few calls ask for."""
    since, windows = card.stretches[-1]
    bands = windows[0].bands
    if len(windows) > 1:
        return RatePage(since, -1, None, card)  # no size is that small: the time of day counts
    if not bands:
        return RatePage(since, VAST, None, card)
    upto = bands[1].above if len(bands) > 1 else VAST
    return RatePage(since, upto, bands[0].rates, card)


def prices(book: PriceBook, calls: "CallColumns") -> PriceColumns:
    """What each call costs by the lists.

    Plain calls in a row that have the same rates are charged together, all others one by one.
    """
    found = PriceColumns([None] * calls.size, _rates(book, calls), [()] * calls.size)
    plain = [rest.is_plain for rest in calls.rests]
    for start, stop in _runs(found.rates):
        rates = found.rates[start]
        if rates is None or rates.floor:
            apart: Sequence[int] = range(start, stop)
        else:
            tokens = [column[start:stop] for column in calls.tokens]
            found.computed[start:stop] = charges(tokens, rates)
            apart = [] if all(plain) else _not_plain(calls, plain, start, stop)
        for n in apart:
            price = book.price(calls.item(n))
            found.computed[n], found.rates[n], found.short[n] = price
    return found


def _rates(book: PriceBook, calls: "CallColumns") -> list[Rates | None]:
    pages = [book.page((kind.provider, kind.model, *kind[6:])) for kind in calls.kinds]
    asked = [pages[kind] for kind in calls.kind]
    first, largest = min(calls.at, default=0), max(calls.tokens[0], default=0)
    if all(page.since <= first and largest <= page.upto for page in pages):
        return [page.newest for page in asked]
    each = zip(asked, calls.at, calls.tokens[0], strict=True)
    return [page.rates(at, size) for page, at, size in each]


def _runs(rates: Sequence[Rates | None]) -> list[tuple[int, int]]:
    """(start, stop) of stretches with the same rates."""
    turns = compress(range(1, len(rates)), map(is_not, rates[1:], rates))
    return [*pairwise([0, *turns, len(rates)])] if rates else []


def _not_plain(calls: "CallColumns", plain: list[bool], start: int, stop: int) -> list[int]:
    return [n for n in range(start, stop) if not plain[calls.rest[n]]]
