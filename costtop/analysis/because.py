"""What makes a session dearer than its peers: the parts of a split by the names of alerts.

It computes no split and keeps nothing; it names, sums and words the parts of one.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from costtop.analysis import drivers, ledger
from costtop.analysis.drivers import (
    BLOAT,
    CONTENT,
    MISSES,
    OUTPUT,
    PRICE,
    SUBAGENTS,
    WORK,
    Reference,
    SessionUsage,
    Split,
)
from costtop.model import Cause, Evidence
from costtop.shown import currency

_WORDS = {
    WORK: ("more turns", "fewer turns"),
    drivers.RETRIES: ("retries", "fewer retries"),
    PRICE: ("dearer models", "cheaper models"),
    BLOAT: ("a larger context", "a smaller context"),
    MISSES: ("cache misses", "fewer cache misses"),
    CONTENT: ("more new content", "less new content"),
    OUTPUT: ("longer replies", "shorter replies"),
    SUBAGENTS: ("subagents", "fewer subagents"),
}
_LONGER: Literal["longer"] = "longer"
Driver = Cause | Literal["longer"]
BECAUSE: dict[Driver, tuple[str, str]] = {
    "longer": _WORDS[WORK],
    "retry_loop": _WORDS[drivers.RETRIES],
    "model_shift": _WORDS[PRICE],
    "context_growth": _WORDS[BLOAT],
    "cache_miss": _WORDS[MISSES],
    "verbose_output": _WORDS[OUTPUT],
    "fan_out": _WORDS[SUBAGENTS],
}
"""What more and less of each is called."""
_WORTH = 0.1  # share of the difference from which a driver is mentioned
_NAMED = 0.2  # share of the difference from which a driver is the cause


def reasons(gap: int, parts: Mapping[Driver, int]) -> str:
    """The largest parts of what is more than usual: "$3.50 more than usual: $3.10 from retries".

    "" where it is not more. The first one named is the cause; what takes off the most is never
    left out for the third, or the parts would seem to be more than the whole.
    """
    order = sorted(parts.items(), key=lambda item: (-item[1], item[0]))
    worth = [(name, amount) for name, amount in order if abs(amount) >= _WORTH * gap]
    named = [*worth[:2], *sorted(worth[2:], key=lambda part: -abs(part[1]))[:1]]
    if gap <= 0 or not named:
        return ""
    texts = [_from(amount, BECAUSE[name]) for name, amount in named]
    return f"{currency.amount(gap)} more than usual: {', '.join(texts)}"


def cause(gap: int, parts: Mapping[Driver, int]) -> Cause | None:
    """The largest driver of a difference; None where that is the session's length."""
    name, amount = max(parts.items(), key=lambda item: item[1])
    return None if name == _LONGER or amount <= _NAMED * max(0, gap) else name


def mechanism(seen: Mapping[Cause, int], books: Sequence[int]) -> Cause:
    """The dearest of the mechanisms that were seen at work, by what each has cost.

    What the ledger books to retries and to broken caches is a mechanism too, seen or not.
    """
    booked: dict[Cause, int] = {
        "retry_loop": books[ledger.RETRIES],
        "cache_miss": books[ledger.PREFIX],  # what ran out while somebody paused is none
    }
    found: dict[Cause, int] = {**seen}
    for name, amount in booked.items():
        if name not in found and amount > 0:
            found[name] = amount
    return max(found.items(), key=lambda item: item[1])[0]


def causes(split: Split, usage: SessionUsage, reference: Reference) -> dict[Driver, int]:
    """The parts by the names of alerts, and "longer": more work turns. They sum to the difference.

    A context that grew because replies were long belongs to the replies: the bloat is divided in
    proportion to what both added a turn beyond the usual.
    """
    parts = split.parts
    turns = max(1, usage.turns)
    wordy = max(0.0, usage.output / turns - reference.output)
    fresh = max(0.0, (usage.new - usage.prompt) / turns - reference.new)
    to_output = round(parts[BLOAT] * wordy / (wordy + fresh)) if wordy + fresh > 0 else 0
    return {
        "longer": parts[WORK],
        "retry_loop": parts[drivers.RETRIES],
        "context_growth": parts[BLOAT] - to_output + parts[CONTENT],
        "cache_miss": parts[MISSES],
        "model_shift": parts[PRICE],
        "verbose_output": parts[OUTPUT] + to_output,
        "fan_out": parts[SUBAGENTS],
    }


def shares(books: Sequence[int]) -> Evidence:
    """The filled buckets of a session's books as evidence, nano-dollars each."""
    filled = zip(ledger.BUCKETS, books, strict=True)
    return tuple((f"in_{name}", amount) for name, amount in filled if amount)


def part(nth: int, amount: int) -> str:
    """One part of a split in words: "$3.10 from more turns", "-$0.80 from cheaper models"."""
    return _from(amount, _WORDS[nth])


def _from(amount: int, words: tuple[str, str]) -> str:
    more, less = words
    sign, what = ("-", less) if amount < 0 else ("", more if amount else less)
    return f"{sign}{currency.amount(abs(amount))} from {what}"
