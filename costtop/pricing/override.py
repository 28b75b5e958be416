"""Prices that the user wrote: `[[price]]` entries of prices.toml. It reads no file.

    [[price]]
    model = "acme-llm-2"          # a glob: * ? [..], upper and lower case alike
    provider = "acme"             # optional: any
    from = "2026-01-01"           # optional: always; 00:00 UTC
    until = "2026-07-01"          # optional: for ever; the first day on which it no longer holds
    tier = "batch"                # optional: any; likewise speed = "fast" and geo = "us"
    per_million = { input = "$1.20", output = 6, cache_read = 0.12 }
    search = "$0.01"              # optional: each; without it, calls with searches stay unpriced
    above = { tokens = 200000, per_million = { input = "$2.40", output = 12 } }  # or a list

`input` and `output` must be given. A missing cache_read or cache_write costs what input costs, a
missing cache_write_1h what cache_write costs. Audio and images may have rates of their own:
audio_input, audio_cache_read, audio_output, image_input, … . `above` counts for the whole request
when its input is strictly larger. Where entries overlap, the one that names the model without a
glob counts, then the one that names more of provider, tier, speed and geo, then the later `from`,
then the later in the file. Multiples for US inference or fast mode are not added to prices the
user wrote.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from fnmatch import translate
from typing import Any

from costtop import money
from costtop.errors import ConfigError
from costtop.model import Rates
from costtop.named_tuples import NamedTuple
from costtop.pricing.cards import DAWN, VAST, CardRule, SizeBand

_WAYS = ("input", "cache_read", "output")
_MEDIA = tuple(f"{kind}_{way}" for kind in ("audio", "image") for way in _WAYS)
_KINDS = ("input", "output", "cache_read", "cache_write", "cache_write_1h", *_MEDIA)
_CHOICES = ("provider", "tier", "speed", "geo")
_KEYS = frozenset({"model", "from", "until", "per_million", "search", "above", *_CHOICES})


class PriceOverride(NamedTuple):
    """One entry: which calls it is for (`chosen`: key -> text), and what they cost when."""

    model: str
    pattern: re.Pattern[str]
    chosen: tuple[tuple[str, str], ...]
    rule: CardRule


def overrides(values: Mapping[str, Any], file: str = "prices.toml") -> tuple[PriceOverride, ...]:
    """The entries of a parsed file, the weightiest last; ConfigError names the faulty one."""
    if unknown := sorted(set(values) - {"price"}):
        raise ConfigError(f"{file}: unknown key {unknown[0]!r}; prices are [[price]] entries")
    entries = values.get("price", [])
    if not isinstance(entries, list):
        raise ConfigError(f"{file}: write [[price]] with two brackets")
    read = [_override(entry, f"{file}, [[price]] {n}", file) for n, entry in enumerate(entries, 1)]
    return tuple(sorted(read, key=_weight))


def rules_for(
    entries: tuple[PriceOverride, ...], names: frozenset[str], facts: Mapping[str, frozenset[str]]
) -> list[CardRule]:
    """The rules for a call known by any of `names` whose provider, tier, … are `facts`."""
    return [
        entry.rule
        for entry in entries
        if all(value in facts[key] for key, value in entry.chosen)
        and any(entry.pattern.match(name) for name in names)
    ]


def _weight(entry: PriceOverride) -> tuple[bool, int, int]:
    return not set(entry.model) & set("*?["), len(entry.chosen), entry.rule.since


def _override(entry: Any, where: str, file: str) -> PriceOverride:
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{where}: not a table")
    model = _text(entry, "model", where)
    if not model:
        raise ConfigError(f'{where}: needs a model, as in model = "acme-llm-2"')
    where = f"{where} ({model})"
    if unknown := sorted(set(entry) - _KEYS):
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}; known: {', '.join(sorted(_KEYS))}")
    since = _day(entry, "from", DAWN, where)
    until = _day(entry, "until", VAST, where)
    if until <= since:
        raise ConfigError(f"{where}: until must be later than from")
    chosen = tuple((key, text) for key in _CHOICES if (text := _text(entry, key, where)))
    rule = CardRule(since, until, _bands(entry, where, f"override {file}:{model}"))
    return PriceOverride(model, re.compile(translate(model)), chosen, rule)


def _bands(entry: Mapping[str, Any], where: str, card: str) -> tuple[SizeBand, ...]:
    search = _amount(entry["search"], f"{where}: search") if "search" in entry else 0
    above = entry.get("above", [])
    bands = [SizeBand(-1, _rates(entry.get("per_million"), search, f"{where}: per_million", card))]
    for tier in above if isinstance(above, list) else [above]:
        if not isinstance(tier, Mapping) or set(tier) != {"tokens", "per_million"}:
            raise ConfigError(f"{where}: above needs tokens and per_million, and nothing else")
        tokens = tier["tokens"]
        if type(tokens) is not int or tokens <= bands[-1].above or tokens < 1:
            raise ConfigError(f"{where}: above.tokens must be whole numbers, ascending")
        rates = _rates(tier["per_million"], search, f"{where}: above {tokens}", card)
        bands.append(SizeBand(tokens, rates))
    return tuple(bands)


def _rates(table: Any, search: int, where: str, card: str) -> Rates:
    if not isinstance(table, Mapping) or not {"input", "output"} <= set(table):
        raise ConfigError(f"{where} needs input and output, in dollars per million tokens")
    if unknown := sorted(set(table) - set(_KINDS)):
        raise ConfigError(f"{where}: unknown kind {unknown[0]!r}; known: {', '.join(_KINDS)}")
    pico = {kind: round(_amount(table[kind], f"{where}.{kind}") / 1000) for kind in table}
    write = pico.get("cache_write", pico["input"])
    return Rates(
        input=pico["input"],
        cache_read=pico.get("cache_read", pico["input"]),
        cache_write=write,
        cache_write_1h=pico.get("cache_write_1h", write),
        output=pico["output"],
        search=search,
        card=card,
        media=tuple((kind, pico[kind]) for kind in sorted(_MEDIA) if kind in pico),
    )


def _amount(value: Any, where: str) -> int:
    """Nano-dollars; a $/M price in nano-dollars is a thousand times its pico-dollars a token."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ConfigError(f'{where}: {value!r} is not an amount; write "$1.20" or 1.2')
    try:
        nanos = money.parse(value)
    except money.NotMoney as fault:
        raise ConfigError(f"{where}: {fault}") from None
    if nanos < 0:
        raise ConfigError(f"{where}: {value!r} is negative")
    return nanos


def _day(entry: Mapping[str, Any], key: str, otherwise: int, where: str) -> int:
    """Midnight UTC of a TOML date or of "2026-01-01", in ms."""
    value = entry.get(key)
    if value is None:
        return otherwise
    try:
        day = value if type(value) is date else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ConfigError(f"{where}: {key} = {value!r} is not a date like 2026-01-31") from None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str):
        raise ConfigError(f"{where}: {key} must be text")
    return value.strip().lower()
