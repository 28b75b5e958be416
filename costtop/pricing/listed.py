"""Rate cards from genai-prices. It does no lookup twice's work, no I/O, and guesses no model.

genai-prices (335 ms, 26 MiB) is imported inside the functions, by callers that met a model they
had no card for. Its own code answers every question about dates, times of day and variants
(`ModelInfo.get_prices`); this module asks once per stretch and writes the answer down as a card.

Where its list is silent, these published rules of the makers hold (FORMATS, "Price modifiers"):
Anthropic batch is half of everything, fast mode of Opus 4.6 and 4.7 is six times, US-only
inference is 1.1 times, a web search is $0.01, and priority capacity is bought apart from the
tokens. A variant listed only from a later date holds before it too, as long as the standard price
was the same (the list's first standard price reaches back likewise). Where no price of a tier,
speed or region is known, the standard price is a floor, and half of it for batch and flex.
"""

import re
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from costtop.model import Rates
from costtop.named_tuples import NamedTuple
from costtop.pricing.cards import DAY, HALVED, STANDARD, Card, DayWindow, SizeBand, sampled

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider

TIERS = {
    "batch": ("processing", "batch"),
    "batches": ("processing", "batch"),
    "flex": ("service_tier", "flex"),
    "priority": ("service_tier", "priority"),
    "fast": ("service_tier", "fast"),
}
_FAST_MULTIPLES = {"claude-opus-4-6": Decimal(6), "claude-opus-4-7": Decimal(6)}
_US_MULTIPLE = Decimal("1.1")
_ANTHROPIC_SEARCH = Decimal(10)  # dollars per 1,000
_MEDIA = {
    "audio_input": "input_audio_mtok",
    "audio_cache_read": "cache_audio_read_mtok",
    "audio_output": "output_audio_mtok",
    "image_input": "input_image_mtok",
    "image_cache_read": "cache_image_read_mtok",
    "image_output": "output_image_mtok",
    "video_input": "input_video_mtok",
    "video_output": "output_video_mtok",
}
# Google sells what a camera sees as text, wherever it lists no other price for it.
_SEEN = {
    "input_image_mtok": "input_mtok",
    "input_video_mtok": "input_mtok",
    "cache_image_read_mtok": "cache_read_mtok",
}
_APART = ("output_reasoning_mtok", "output_citation_mtok")

# What may follow a listed name (or stand before it) without making it another model.
_HARMLESS = re.compile(
    r"(?:[-@:._](?:latest|default|preview|exp|experimental|instruct|thinking|minimal|low|medium|"
    r"high|xhigh|v\d+:\d+|\d{3,4}|\d{6}|\d{8}|\d{4}-\d\d-\d\d|\d\d-\d\d|\d\d-\d{4}))*"
)
_CLAUDE_REVISION = re.compile(r"-v[12](?=$|@)")


class _Offer(NamedTuple):
    """A model as one seller offers it, with the request context that its variants go by."""

    provider: "Provider"
    model: "ModelInfo"
    context: dict[str, str]
    multiple: Decimal
    label: str
    unlisted: str  # what was asked for and stands in no list: "turbo", ""


def bundled() -> "DataSnapshot":
    """The price list that came with the installed genai-prices, or the one an update has set."""
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()


def listed_card(
    snapshot: "DataSnapshot", seller: str, name: str, tier: str, speed: str, geo: str
) -> Card | None:
    """The card of `name` (lower case) as `seller` ("" = its maker) sells it; None if not listed."""
    found = _find(snapshot, seller, name)
    if found is None:
        return None
    provider, model = found
    american = geo == "us" and provider.id == "anthropic"
    offer = _Offer(
        provider,
        model,
        context=_context(provider.id, tier, speed),
        multiple=_US_MULTIPLE if american else Decimal(1),
        label=_label(snapshot, provider, model),
        unlisted=_unlisted(tier, speed, "" if american else geo),
    )
    dates, times = _edges(model)
    return sampled(dates, times, lambda at: _window(offer, at))


def _find(snapshot: "DataSnapshot", seller: str, name: str) -> "tuple[Provider, ModelInfo] | None":
    """As `DataSnapshot.find_provider_model`, but exact: no fuzzy seller, no neighbouring model.

    Its caches are left alone too: a log full of made-up names would grow them without end.
    """
    for provider in snapshot.providers:
        mine = provider.id == seller if seller else _matches(provider.model_match, name)
        if not mine:
            continue
        model = provider.find_model(name, all_providers=snapshot.providers)
        return (provider, model) if model and _is_meant(model, name) else None
    return None


def _matches(clause: Any, name: str) -> bool:
    return clause is not None and clause.is_match(name)


def _is_meant(model: "ModelInfo", name: str) -> bool:
    """Whether `name` names `model` itself: genai-prices also accepts longer names by prefix."""
    dashed = re.sub(r"-(20\d\d)(\d\d)(\d\d)$", r"-\1-\2-\3", name)
    forms = (name, dashed)
    return model.id.lower() in forms or any(_names(model.match, form) for form in forms)


def _names(clause: Any, name: str) -> bool:
    from genai_prices import types

    if isinstance(clause, types.ClauseOr):
        return any(_names(part, name) for part in clause.or_)
    if isinstance(clause, types.ClauseAnd):
        return all(_names(part, name) for part in clause.and_)
    if not clause.is_match(name):
        return False
    if isinstance(clause, types.ClauseStartsWith):
        return _left_over_is_harmless(clause.starts_with.lower(), "", name)
    if isinstance(clause, types.ClauseContains):
        before = name[: name.index(clause.contains.lower())]
        return _left_over_is_harmless(clause.contains.lower(), before, name)
    if isinstance(clause, types.ClauseEndsWith):
        return _left_over_is_harmless(
            clause.ends_with.lower(), name[: -len(clause.ends_with)], name
        )
    return True  # equals and regex are spelled out by the list's authors


def _left_over_is_harmless(text: str, before: str, name: str) -> bool:
    after = name[len(before) + len(text) :]
    if text[-1] in "-@:._":
        after = text[-1] + after
    elif re.search(r"-20\d\d$", text):
        after = re.sub(r"^\d{4}", "", after)  # the rest of a date
    if "claude" in name:
        after = _CLAUDE_REVISION.sub("", after)
    return (not before or before[-1] in "/.:~") and _HARMLESS.fullmatch(after) is not None


def _context(provider: str, tier: str, speed: str) -> dict[str, str]:
    context = {}
    if tier in TIERS and (provider, tier) != ("anthropic", "priority"):
        key, value = TIERS[tier]
        context[key] = value
    if speed == "fast":
        context["service_tier" if provider == "openai" else "speed"] = "fast"
    return context


def _unlisted(tier: str, speed: str, geo: str) -> str:
    """The words for which no list has a place."""
    words = ("" if tier in TIERS else tier, "" if speed == "fast" else speed, geo)
    return " ".join(word for word in words if word not in STANDARD)


def _edges(model: "ModelInfo") -> tuple[list[int], list[int]]:
    """(midnights, ms of day) at which the price of `model` may change."""
    from genai_prices.types import ModelPrice, StartDateConstraint, TimeOfDateConstraint

    prices = [] if isinstance(model.prices, ModelPrice) else model.prices
    rules = [item.constraint for item in (*prices, *(model.price_variants or ()))]
    dates = [_midnight(rule.start_date) for rule in rules if isinstance(rule, StartDateConstraint)]
    times = [
        _moment(edge)
        for rule in rules
        if isinstance(rule, TimeOfDateConstraint)
        for edge in (rule.start_time, rule.end_time)
    ]
    return dates, times


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _moment(edge: time) -> int:
    moment = datetime.combine(date(2000, 1, 2), edge, edge.tzinfo or UTC).astimezone(UTC)
    return int(moment.timestamp() * 1000) % DAY


def _window(offer: _Offer, at: int) -> DayWindow:
    when = datetime.fromtimestamp(at / 1000, UTC)
    found = _priced(offer, when)
    missing = offer.unlisted if found else " ".join((*offer.context.values(), offer.unlisted))
    halved = not found and HALVED.intersection(offer.context.values())
    floor = Decimal("0.5") if halved else Decimal(1), "floor"
    prices, (multiple, note) = found or (offer.model.get_prices(when), floor)
    window = _bands(offer, prices, multiple * offer.multiple, note)
    if not missing.strip() or not window.bands:
        return window
    why = f"no {missing.strip()} price is listed for {offer.provider.id}:{offer.model.id}"
    return window._replace(bands=tuple(map(_floored, window.bands)), why=why)


def _floored(band: SizeBand) -> SizeBand:
    return band._replace(rates=band.rates and band.rates._replace(floor=True))


def _priced(offer: _Offer, when: datetime) -> "tuple[ModelPrice, tuple[Decimal, str]] | None":
    """(prices, (multiple, note)) at a time, None where no price of the variant is known."""
    model, context = offer.model, offer.context
    standard = model.get_prices(when)
    note = " ".join(context.values())
    if not context:
        return standard, (Decimal(1), "")
    own = any(model is other for other in offer.provider.models)
    if own and all(_variant_starts(model, word, context, when) for word in context.items()):
        return model.get_prices(when, context), (Decimal(1), note)
    if own and len(context) == 1:
        if multiple := _makers_rule(offer.provider.id, model.id, note):
            return standard, (multiple, f"{note} x{multiple}")
        ((word, value),) = context.items()
        start = _variant_starts(model, (word, value), context)
        if start and when < start and model.get_prices(start) == standard:
            prices = model.get_prices(start, context)
            return prices, (Decimal(1), f"{note}, listed {start:%Y-%m-%d}")
    return None


def _variant_starts(
    model: "ModelInfo", word: tuple[str, str], context: dict[str, str], when: datetime | None = None
) -> datetime | None:
    """When the first variant for `word` starts; with `when`, only variants in force then count."""
    starts = []
    for variant in model.price_variants or ():
        if word not in variant.when.items() or not variant.when.items() <= context.items():
            continue
        rule = variant.constraint
        if when is None or rule is None or rule.active(when):
            day = getattr(rule, "start_date", date.min)
            starts.append(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return min(starts, default=None)


def _makers_rule(provider: str, model: str, word: str) -> Decimal | None:
    if provider != "anthropic":
        return None
    return Decimal("0.5") if word == "batch" else _FAST_MULTIPLES.get(model)


def _bands(offer: _Offer, prices: "ModelPrice", multiple: Decimal, note: str) -> DayWindow:
    known = {key: price for key, price in prices.__dict__.items() if price is not None}
    if not known and not _is_free(offer.model):
        return DayWindow(0, (), f"no price is listed for {offer.provider.id}:{offer.model.id}")
    if known and "input_mtok" not in known:
        return DayWindow(0, (), f"{offer.model.id} is not sold by the token: {prices}")
    if any(key in known for key in _APART):
        return DayWindow(
            0, (), f"{offer.model.id} bills reasoning or citations at a price of its own"
        )
    if offer.provider.id == "anthropic":
        known.setdefault("web_searches_kcount", _ANTHROPIC_SEARCH)
    if offer.provider.id == "google" and known:
        known = {key: known.get(text, known["input_mtok"]) for key, text in _SEEN.items()} | known
    label = f"{offer.label} {note}".rstrip() + (" us x1.1" if offer.multiple != 1 else "")
    starts = {tier.start for price in known.values() for tier in getattr(price, "tiers", ())}
    bands = [
        SizeBand(above, _rates(known, above, multiple, label)) for above in (-1, *sorted(starts))
    ]
    return DayWindow(0, tuple(bands))


def _is_free(model: "ModelInfo") -> bool:
    return re.search(r"\bfree\b", f"{model.id} {model.name}", re.IGNORECASE) is not None


def _rates(known: dict[str, Any], above: int, multiple: Decimal, label: str) -> Rates:
    """Rates of the band; a kind without a price of its own costs what contains it costs.

    Pico-dollars hold six decimals of a $/M price: exact for all but a few OpenRouter cache writes
    ($0.08333333333333334), which are off by less than half a pico-dollar a token.
    """

    def pico(key: str, otherwise: int) -> int:
        price = known.get(key)
        return otherwise if price is None else _whole(_tiered(price, above) * 10**6 * multiple)

    plain = pico("input_mtok", 0)
    media = {kind: pico(key, 0) for kind, key in _MEDIA.items() if key in known}
    write = pico("cache_write_mtok", plain)
    return Rates(
        input=plain,
        cache_read=pico("cache_read_mtok", plain),
        cache_write=write,
        cache_write_1h=pico("cache_write_1h_mtok", write),
        output=pico("output_mtok", 0),
        search=_whole(_tiered(known.get("web_searches_kcount", Decimal(0)), above) * 10**6),
        card=label,
        request=_whole(_tiered(known.get("requests_kcount", Decimal(0)), above) * 10**6),
        media=tuple(sorted(media.items())),
    )


def _tiered(price: Any, above: int) -> Decimal:
    """The price in the band that begins above `above`: of the highest tier it has reached."""
    chosen: Decimal = getattr(price, "base", price)
    for tier in getattr(price, "tiers", ()):
        if tier.start <= above:
            chosen = tier.price
    return chosen


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_EVEN))


def _label(snapshot: "DataSnapshot", provider: "Provider", model: "ModelInfo") -> str:
    import genai_prices

    updated = f"+{snapshot.timestamp:%Y-%m-%d}" if snapshot.from_auto_update else ""
    return f"genai-prices {genai_prices.__version__}{updated} {provider.id}:{model.id}"
