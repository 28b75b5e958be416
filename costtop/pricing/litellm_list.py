"""Rate cards from LiteLLM's price file, for models that genai-prices lacks. It reads no file.

The caller passes the parsed `model_prices_and_context_window.json` that the user pointed to. Its
prices have no dates: they are taken to hold always. Keys are a kind, then a threshold, then a tier
(`input_cost_per_token_above_272k_tokens_priority`); a tier above a threshold is whole-request.
An entry whose input and output both cost 0, or lack a price, is unknown and not free. A tier, speed
or region that the entry does not price, at all or above a threshold, has its standard price as a
floor, batches and flex half of it.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from costtop.model import Rates
from costtop.named_tuples import NamedTuple
from costtop.pricing.cards import (
    DAWN,
    HALVED,
    STANDARD,
    Card,
    DayWindow,
    SizeBand,
    Stretch,
    unpriced,
)

_MEDIA = {
    "input_cost_per_audio_token": "audio_input",
    "cache_read_input_audio_token_cost": "audio_cache_read",
    "output_cost_per_audio_token": "audio_output",
    "input_cost_per_image_token": "image_input",
    "cache_read_input_image_token_cost": "image_cache_read",
    "output_cost_per_image_token": "image_output",
}
_KINDS = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    **_MEDIA,
}
_KEY = re.compile(
    r"(input_cost_per_token|output_cost_per_token|cache_read_input_token_cost"
    r"|cache_creation_input_token_cost(?:_above_1hr)?"
    r"|(?:input|output)_cost_per_(?:audio|image)_token"
    r"|cache_read_input_(?:audio|image)_token_cost)"
    r"(?:_above_(\d{1,5})k_tokens)?(?:_(batches|flex|priority))?(?:_above_(\d{1,5})k_tokens)?"
)
_WORDS = {"batch": "batches", "batches": "batches", "flex": "flex", "priority": "priority"}
_PREFIXES = {"google": ("gemini", "vertex_ai"), "aws": ("bedrock",), "x-ai": ("xai",)}
_INPUT_ONLY = frozenset({"embedding", "rerank", "moderation"})

Prices = dict[tuple[str, int, str], int]  # (kind, above, tier) -> pico-dollars a token
Table = Mapping[str, tuple[str, Mapping[str, Any]]]  # name in lower case -> (name, entry)


class _Offer(NamedTuple):
    """An entry as it was asked for."""

    entry: Mapping[str, Any]
    prices: Prices
    label: str
    word: str  # the tier, as the entry's keys say it
    multiple: Decimal
    floor: bool  # something was asked for that the entry does not price


def table(document: Any) -> Table:
    """The entries of the parsed file by name in lower case; what is no entry is left out."""
    if not isinstance(document, Mapping):
        return {}
    return {
        str(name).lower(): (str(name), entry)
        for name, entry in document.items()
        if name != "sample_spec" and isinstance(entry, Mapping)
    }


def litellm_card(
    entries: Table, names: Iterable[tuple[str, str]], tier: str, speed: str, geo: str
) -> Card | None:
    """The card of the first (seller, name) that the file has; None if it has none of them."""
    for seller, name in names:
        for key in _keys(seller, name):
            if key in entries:
                return _card(*entries[key], tier, speed, geo)
    return None


def _keys(seller: str, name: str) -> list[str]:
    prefixes = _PREFIXES.get(seller, (seller,)) if seller else ()
    return [*(f"{prefix}/{name}" for prefix in prefixes), name]


def _card(name: str, entry: Mapping[str, Any], tier: str, speed: str, geo: str) -> Card:
    label = f"LiteLLM {name}"
    word = _WORDS.get(tier, "")
    if tier == "priority" and entry.get("litellm_provider") == "anthropic":
        word = ""  # bought as capacity, apart from the tokens
    prices = _prices(entry)
    if not prices.get(("input", 0, "")) and not prices.get(("output", 0, "")):
        return unpriced(f"{label} has no token price")
    if ("output", 0, "") not in prices and entry.get("mode") not in _INPUT_ONLY:
        return unpriced(f"{label} has no output price")
    multiple, unlisted = _multiple(entry, speed, geo)
    unlisted += [tier] * (tier not in _WORDS and tier not in STANDARD)
    label = " ".join(filter(None, (label, word, speed, geo)))
    offer = _Offer(entry, prices, label=label, word=word, multiple=multiple, floor=bool(unlisted))
    starts = sorted({above for _, above, tier_ in prices if tier_ in ("", word)})
    rates = [_rates(offer, above) for above in starts]
    bands = [SizeBand(above, rate) for above, rate in zip((-1, *starts[1:]), rates, strict=True)]
    missing = unlisted or [tier for rate in rates if rate.floor][:1]
    why = f"LiteLLM {name} has no price for {' '.join(missing)}" if missing else ""
    return Card((Stretch(DAWN, (DayWindow(0, tuple(bands), why),)),))


def _prices(entry: Mapping[str, Any]) -> Prices:
    prices: Prices = {}
    for key, value in entry.items():
        parts = _KEY.fullmatch(key)
        if parts is None or isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        kind, before, word, after = parts.groups()
        if not 0 <= value < 1 or (before and after):  # no token costs a dollar; NaN fails too
            continue
        above = int(before or after or 0) * 1000
        prices[_KINDS[kind], above, word or ""] = _pico(value)
    return prices


def _pico(dollars: float) -> int:
    return int((Decimal(repr(dollars)) * 10**12).to_integral_value())


def _multiple(entry: Mapping[str, Any], speed: str, geo: str) -> tuple[Decimal, list[str]]:
    """The factor for speed and region, and which of them the entry does not price."""
    listed = entry.get("provider_specific_entry")
    listed = listed if isinstance(listed, Mapping) else {}
    multiple, unlisted = Decimal(1), []
    for word in (speed, geo):
        factor = listed.get(word)
        if word in STANDARD:
            continue
        if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor < 100:
            unlisted.append(word)
        else:
            multiple *= Decimal(repr(factor))
    return multiple, unlisted


def _rates(offer: _Offer, above: int) -> Rates:
    """Rates of the band above `above`: a floor where the tier lacks the price of this band."""
    prices, word, multiple = offer.prices, offer.word, offer.multiple
    if lacks := bool(word) and ("input", above, word) not in prices:
        multiple /= 2 if word in HALVED else 1
        word = ""

    def pico(kind: str, otherwise: int) -> int:
        for tier in dict.fromkeys((word, "")):
            reached = [a for k, a, t in prices if (k, t) == (kind, tier) and a <= above]
            if reached:
                price = prices[kind, max(reached), tier]
                return int((price * multiple).to_integral_value())
        return otherwise

    plain = pico("input", 0)
    write = pico("cache_write", plain)
    media = sorted({kind for kind, *_ in prices} & set(_MEDIA.values()))
    return Rates(
        input=plain,
        cache_read=pico("cache_read", plain),
        cache_write=write,
        cache_write_1h=pico("cache_write_1h", write),
        output=pico("output", 0),
        search=_search(offer.entry),
        card=offer.label,
        media=tuple((kind, pico(kind, 0)) for kind in media),
        floor=lacks or offer.floor,
    )


def _search(entry: Mapping[str, Any]) -> int:
    """Nano-dollars of a search of medium size, the default one; 0 when not listed."""
    sizes = entry.get("search_context_cost_per_query")
    price = sizes.get("search_context_size_medium") if isinstance(sizes, Mapping) else None
    if isinstance(price, bool) or not isinstance(price, (int, float)) or not 0 <= price < 100:
        return 0
    return _pico(price) // 1000
