"""Says in plain words, with numbers, why a session costs what it does.

What it says comes from one reference, the `Standing` of a moment: the alert, the list, the pane
and `costtop alerts` ask here, so that no two of them disagree. It computes nothing, and loads no
ledger: a list by command must be quick. No text from logs enters it but cleaned names.
"""

import json
from typing import TYPE_CHECKING

from costtop.money import NANO
from costtop.named_tuples import NamedTuple
from costtop.shown import currency

if TYPE_CHECKING:
    from costtop.model import Cause

CAUSES: "dict[Cause, str]" = {
    "retry_loop": "retry loop",
    "context_growth": "context grows",
    "cache_miss": "cache misses",
    "model_shift": "dearer model",
    "verbose_output": "long output",
    "fan_out": "many subagents",
}
LINES = {
    "first_prompt": "first prompt",
    "new_content": "new content",
    "context_carry": "context carried on",
    "miss_ttl_expiry": "cache ran out",
    "miss_prefix_break": "cache broken",
    "miss_model_switch": "model switched",
    "compaction": "compaction",
    "output": "output",
    "retries": "retries",
    "subagents": "subagents",
    "searches": "web searches",
    "unsplit": "not split",
}
"""The lines of the ledger in words, in the order of its buckets."""
AVOIDABLE = ("miss_ttl_expiry", "miss_prefix_break", "miss_model_switch", "retries")
"""Lines that need not have been paid."""
_AVOIDABLE = tuple(map(list(LINES).index, AVOIDABLE))
TELLING = 1.5  # times the usual from which the multiple is worth a word
_LEADS = 0.2  # share of the cost from which what could be avoided comes before the cause
_SAVES = 0.05  # share of the cost from which it is mentioned at all


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
            f"p95 {currency.amount(peers.high)}"
            if peers.peers >= 30
            else f"the dearest {currency.amount(peers.most)}"
        )
        said = f"peers ({name}{few}n={peers.peers}) cost {currency.amount(peers.median)}, {end}"
        parts.append(f"{said}: {times(ratio)}" if ratio >= TELLING else said)
    if each > 5_000_000:
        parts.append(f"if it goes on, +{currency.amount(each)} a turn")
    return "; ".join(parts) + "."


def times(ratio: float) -> str:
    """A multiple: "5.3x", "31x"."""
    return f"{ratio:.1f}x" if ratio < 9.95 else f"{ratio:.0f}x"


class Standing(NamedTuple):
    """A session beside its peers at one moment; money in nano-dollars."""

    at: int  # ms UTC
    turn: int
    cost: int
    books: tuple[int, ...]  # the ledger, in the order of its BUCKETS
    cause: "Cause | None"  # the largest driver of what is more than usual; None: its length
    peers: int = 0  # finished sessions that it is measured against; 0: too few to say
    median: int = 0
    high: int = 0  # their 95 % point
    level: str = ""  # whose sessions: feature label source all
    of: str = ""  # its name, "all features"

    @property
    def ratio(self) -> float:
        """The cost in times of the usual; 0.0 while nothing is known to be usual."""
        return round(self.cost / self.median, 4) if self.median else 0.0

    @property
    def avoidable(self) -> int:
        """What cache misses and retries cost, nano-dollars."""
        return sum(self.books[bucket] for bucket in _AVOIDABLE)


def encoded(one: Standing) -> str:
    """The standing as the store keeps it."""
    return json.dumps(one)


def decoded(text: str) -> Standing:
    """The standing that `encoded` wrote."""
    found = Standing(*json.loads(text))
    return found._replace(books=tuple(found.books))


def words(one: Standing) -> str:
    """Why it costs that, in the few words of a cell, with the multiple and what is avoidable.

    `retries 98 % · 31x usual · $16.6 avoidable`, `longer than usual · 5.3x usual`.
    """
    parts = [driver(one)]
    if one.ratio >= TELLING:
        parts.append(f"{times(one.ratio)} usual")
    if one.avoidable >= _SAVES * one.cost > 0:
        parts.append(f"{currency.shown().sign}{_figure(one.avoidable)} avoidable")
    return " · ".join(parts)


def driver(one: Standing) -> str:
    """The largest line of its ledger that could have been avoided, else the cause."""
    if one.avoidable >= _LEADS * one.cost > 0:
        bucket = max(_AVOIDABLE, key=lambda nth: one.books[nth])
        share = 100 * one.books[bucket] / one.cost
        return f"{list(LINES.values())[bucket]} {share:.0f} %"
    if one.cause is not None:
        return CAUSES[one.cause]
    if not one.peers:
        return "nothing to compare with yet"
    return "longer than usual" if one.ratio >= TELLING else "dear for its age"


def _figure(amount: int) -> str:
    """Three digits of an amount of dollars."""
    return currency.figure(
        amount, places=0 if amount >= 100 * NANO else 1 if amount >= 10 * NANO else 2
    )
