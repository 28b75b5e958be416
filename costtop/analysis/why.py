"""Says in one plain sentence, with numbers, why a session costs what it does.

It computes no split; it names the parts of one. No text from logs enters it but cleaned names.
"""

from collections.abc import Sequence
from typing import NamedTuple

from costtop.analysis.drivers import (
    BLOAT,
    CONTENT,
    DRIVERS,
    MISSES,
    OUTPUT,
    PRICE,
    RETRIES,
    SUBAGENTS,
    WORK,
    Reference,
    SessionUsage,
    Split,
)
from costtop.analysis.ledger import BUCKETS
from costtop.model import Cause, Evidence
from costtop.money import dollars

_WORDS = {
    WORK: ("more turns", "fewer turns"),
    RETRIES: ("retries", "fewer retries"),
    PRICE: ("dearer models", "cheaper models"),
    BLOAT: ("a larger context", "a smaller context"),
    MISSES: ("cache misses", "fewer cache misses"),
    CONTENT: ("more new content", "less new content"),
    OUTPUT: ("longer replies", "shorter replies"),
    SUBAGENTS: ("subagents", "fewer subagents"),
}
_WORTH = 0.1  # share of the difference from which a driver is mentioned


class Standard(NamedTuple):
    """What peers cost, for the sentence."""

    name: str
    peers: int
    median: int
    high: int  # the 95 % point
    most: int  # the dearest of them


def sentence(words: str, reasons: str, peers: Standard | None, ratio: float, each: int = 0) -> str:
    """`words` first, then why, what peers cost, how far beyond it is and what a turn more costs."""
    parts = [words[:1].upper() + words[1:]]
    if reasons:
        parts.append(reasons)
    if peers is not None:
        name = f"{peers.name}, " if peers.name else ""
        few = "few peers, " if peers.peers < 30 else ""
        end = (
            f"p95 ${dollars(peers.high)}"
            if peers.peers >= 30
            else f"the dearest ${dollars(peers.most)}"
        )
        parts.append(f"peers ({name}{few}n={peers.peers}) cost ${dollars(peers.median)}, {end}")
        parts.append(f"now at {ratio:.1f}x")
    if each > 5_000_000:
        parts.append(f"if it goes on, +${dollars(each)} a turn")
    return "; ".join(parts) + "."


def reasons(split: Split) -> str:
    """The largest parts of a difference: "$3.10 from more turns, $0.40 from longer replies"."""
    gap = split.actual - split.usual
    order = sorted(range(len(DRIVERS)), key=lambda nth: -abs(split.parts[nth]))
    named = [nth for nth in order if abs(split.parts[nth]) >= _WORTH * abs(gap)][:3]
    if not named or not gap:
        return ""
    texts = [part(nth, split.parts[nth]) for nth in named]
    more = "more" if gap > 0 else "less"
    return f"${dollars(abs(gap))} {more} than usual: {', '.join(texts)}"


def causes(split: Split, usage: SessionUsage, reference: Reference) -> dict[Cause, int]:
    """The mechanisms' parts by the names of alerts; more work turns are none.

    A context that grew because replies were long belongs to the replies: the bloat is divided in
    proportion to what both added a turn beyond the usual.
    """
    parts = split.parts
    turns = max(1, usage.turns)
    wordy = max(0.0, usage.output / turns - reference.output)
    fresh = max(0.0, (usage.new - usage.prompt) / turns - reference.new)
    to_output = round(parts[BLOAT] * wordy / (wordy + fresh)) if wordy + fresh > 0 else 0
    return {
        "retry_loop": parts[RETRIES],
        "context_growth": parts[BLOAT] - to_output + parts[CONTENT],
        "cache_miss": parts[MISSES],
        "model_shift": parts[PRICE],
        "verbose_output": parts[OUTPUT] + to_output,
        "fan_out": parts[SUBAGENTS],
    }


def shares(books: Sequence[int]) -> Evidence:
    """The filled buckets of a session's books as evidence, nano-dollars each."""
    filled = zip(BUCKETS, books, strict=True)
    return tuple((f"in_{name}", amount) for name, amount in filled if amount)


def part(nth: int, amount: int) -> str:
    """One part of a split in words: "$3.10 from more turns", "-$0.80 from cheaper models"."""
    more, less = _WORDS[nth]
    return f"{'-' if amount < 0 else ''}${dollars(abs(amount))} from {more if amount > 0 else less}"
