"""The arithmetic of a price: tokens times rates, in int nano-dollars. It looks nothing up.

Formula and units are those of `model.Rates`. Every product is an exact int of pico-dollars; the
sum is rounded once, half to even, so 1,000,000 tokens at $3 a million cost exactly $3.
"""

from collections.abc import Sequence
from operator import sub

from costtop.model import Call, FloorReason, Media, Rates, Tokens
from costtop.named_tuples import NamedTuple


class ChargeLine(NamedTuple):
    """One line of a bill: `units` of `kind` at `rate` cost `nanos` nano-dollars.

    `rate` is for people: "$3.00/M" for tokens, "$0.01 each" for searches and requests.
    """

    kind: str  # uncached input, cache read, cache write 5m, cache write 1h, output, web search, ...
    units: int
    rate: str
    nanos: int


def charge(tokens: Tokens, searches: int, rates: Rates, media: Media | None = None) -> int:
    """Nano-dollars of one request. Parts that claim more than their total count as the total.

    Reasoning tokens are part of the output and are not added again; `media` are part of both sides.
    """
    total, read, write, hour, output, _ = tokens
    plain = total - read - write
    short = write - hour
    if plain < 0 or short < 0:
        plain, read, short, hour, output = _parts(tokens)
    per_plain, per_read, per_short, per_hour, per_output, search, _, request, *_ = rates
    pico = (
        plain * per_plain
        + read * per_read
        + short * per_short
        + hour * per_hour
        + output * per_output
    )
    if media:
        pico += sum(used * (rate - text) for _, used, rate, text in _apart(media, rates))
    return _nanos(pico) + searches * search + request


def charges(tokens: Sequence[Sequence[int]], rates: Rates) -> list[int]:
    """`charge` of each of many requests of text, of one at least, at the same rates.

    `tokens` are columns by the fields of `Tokens`.
    """
    total, read, write, hour, output, _ = tokens
    plain = list(map(sub, map(sub, total, read), write))
    short = list(map(sub, write, hour))
    if min(plain) < 0 or min(short) < 0:
        each = zip(*tokens, strict=True)
        return [charge(Tokens._make(one), 0, rates) for one in each]
    per_plain, per_read, per_short, per_hour, per_output, _, _, request, *_ = rates
    pico = [
        a * per_plain + b * per_read + c * per_short + d * per_hour + e * per_output
        for a, b, c, d, e in zip(plain, read, short, hour, output, strict=True)
    ]
    return [(one + 499 + (one // 1000 & 1)) // 1000 + request for one in pico]  # as `_nanos`


def cost(
    tokens: Tokens, searches: int, rates: Rates | None, media: Media | None = None
) -> int | None:
    """Nano-dollars of one request, or None where a used thing has no price: never 0 for unknown.

    A request without tokens and searches costs 0 even when the model is unknown: nothing was
    bought. Searches at a model that lists no search price make the cost unknown.
    """
    if rates is None:
        return None if tokens.input or tokens.output or searches else 0
    if searches and not rates.search:
        return None
    return charge(tokens, searches, rates, media)


def call_cost(call: Call, rates: Rates | None) -> int | None:
    """`cost` of a call; a placeholder that never got any tokens is unknown, not free, and so is
    what could not be read.

    Rule: FORMATS worked example 10 (a row that never gets its tokens has an unknown cost). Searches
    that alone are known of a request (FORMATS 1, rule 10) are counted for themselves.
    """
    bought = call.tokens.input or call.tokens.output or call.searches
    if (call.placeholder or call.unreadable) and not bought:
        return None
    return cost(call.tokens, call.searches, rates, call.media)


def short(call: Call, rates: Rates) -> tuple[FloorReason, ...]:
    """Why a charge of the call at these rates is the least that it can have been."""
    found: list[FloorReason] = ["tier"] if rates.floor else []
    if call.media and {kind for kind, _ in _parted(call.media)} - dict(rates.media).keys():
        found.append("modality")
    return tuple(found)


def basis(computed: int | None, reported: int | None, policy: str = "computed") -> int | None:
    """The cost that counts: by `policy` "computed" or "reported", the other where that is None."""
    first, second = (reported, computed) if policy == "reported" else (computed, reported)
    return second if first is None else first


def bill(
    tokens: Tokens, searches: int, rates: Rates, media: Media | None = None
) -> tuple[ChargeLine, ...]:
    """The charge line by line; the nanos of the lines sum to exactly `charge`.

    Each line is rounded by itself, half to even; where that leaves a difference, a last line of
    kind "rounding" carries it (a few nano-dollars, either sign). Empty lines are left out.
    """
    plain, read, short, hour, output = _parts(tokens)
    apart = _apart(media, rates) if media else []
    plain, read, output = (
        whole - sum(used for kind, used, *_ in apart if _in_place_of(kind) == text)
        for whole, text in ((plain, "input"), (read, "cache_read"), (output, "output"))
    )
    lines = [
        _line("uncached input", plain, rates.input),
        _line("cache read", read, rates.cache_read),
        _line("cache write 5m", short, rates.cache_write),
        _line("cache write 1h", hour, rates.cache_write_1h),
        _line("output", output, rates.output),
        *(_line(kind.replace("_", " "), used, rate) for kind, used, rate, _ in apart),
        ChargeLine("web search", searches, each(rates.search), searches * rates.search),
        ChargeLine("request", 1 if rates.request else 0, each(rates.request), rates.request),
    ]
    rest = charge(tokens, searches, rates, media) - sum(line.nanos for line in lines)
    lines.append(ChargeLine("rounding", 1 if rest else 0, "", rest))
    return tuple(line for line in lines if line.units)


def per_million(pico: int) -> str:
    """A token rate as people quote it: 1_250_000 pico-dollars a token -> "$1.25/M"."""
    return f"${_decimal(pico, 6)}/M"


def each(nanos: int) -> str:
    """A price by the piece: 10_000_000 nano-dollars -> "$0.01 each"."""
    return f"${_decimal(nanos, 9)} each"


def _parted(media: Media) -> list[tuple[str, int]]:
    """(kind, tokens) of what is not text, each token once."""
    used = media._asdict()
    for what in ("audio", "image"):
        used[f"{what}_input"] -= used[f"{what}_cache_read"]
    return [(kind, tokens) for kind, tokens in used.items() if tokens]


def _apart(media: Media, rates: Rates) -> list[tuple[str, int, int, int]]:
    """(kind, tokens, its rate, the rate of text in its place) of what has a rate of its own."""
    listed = dict(rates.media)
    return [
        (kind, used, listed[kind], getattr(rates, _in_place_of(kind)))
        for kind, used in _parted(media)
        if kind in listed
    ]


def _in_place_of(kind: str) -> str:
    """The kind of text that a kind of media is counted among: audio_cache_read -> cache_read."""
    return kind.partition("_")[2]


def _line(kind: str, units: int, rate: int) -> ChargeLine:
    return ChargeLine(kind, units, per_million(rate), _nanos(units * rate))


def _parts(tokens: Tokens) -> tuple[int, int, int, int, int]:
    """(uncached, read, 5m write, 1h write, output), none of them negative."""
    hour = tokens.cache_write_1h
    short = max(0, tokens.cache_write - hour)
    plain = max(0, tokens.input - tokens.cache_read - tokens.cache_write)
    return plain, tokens.cache_read, short, hour, tokens.output


def _nanos(pico: int) -> int:
    return (pico + 499 + (pico // 1000 & 1)) // 1000


def _decimal(value: int, places: int) -> str:
    """`value` / 10**places with at least two decimals and no trailing zeros beyond them."""
    whole, part = divmod(value, 10**places)
    return f"{whole}.{f'{part:0{places}d}'.rstrip('0').ljust(2, '0')}"
