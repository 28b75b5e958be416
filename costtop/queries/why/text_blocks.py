"""Paragraphs and small tables of plain text, and what stands in those of days and sessions alike.

Tables are laid out for the width of a character that the surface gives.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from costtop.analysis import ledger
from costtop.named_tuples import NamedTuple
from costtop.queries.plans.billed_span import BilledSpan
from costtop.queries.why.day_sessions import DearStep
from costtop.shown import currency
from costtop.sum_floors import Sum
from costtop.text import clean

_NAME, _WIDTH = 26, 80  # characters of a name, of a line
_TOLD = 10  # a miss is told of a call from a tenth of its cost on
MISSES = {
    "ttl_expiry": "the cache had run out",
    "prefix_break": "the prompt's beginning had changed",
    "model_switch": "the model had been switched",
}

Rows = tuple[tuple[str, ...], ...]


class Block(NamedTuple):
    """A paragraph: a title, a table whose columns in `right` are aligned to the right, notes."""

    title: str = ""
    head: tuple[str, ...] = ()
    rows: Rows = ()
    right: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()


def noted(block: Block, beside: BilledSpan | None) -> Block:
    """The paragraph with a note on what is billed; as it is without a plan."""
    if beside is None:
        return block
    from costtop.queries.plans import billed_words  # who has no plan needs none

    return block._replace(notes=(*block.notes, *wrapped(billed_words.span(beside))))


def amount(spent: Sum) -> str:
    """Dollars without their sign: "?" where nothing is known, "≥" before a floor."""
    known = spent.short.known(spent.cost)
    return currency.figure(known, floor=spent.floor and known is not None)


def billed(spent: Sum) -> str:
    """Dollars with their sign: "$1.25", "≥$1.25" of a floor, "$?" where nothing is known."""
    known = spent.short.known(spent.cost)
    return "$?" if known is None else currency.amount(known, floor=spent.floor)


def wrapped(said: str) -> tuple[str, ...]:
    """In two lines where it is too long for one."""
    head, bracket, rest = said.partition(" (")
    return (said,) if len(said) < _WIDTH else (head, f"  {bracket.strip()}{rest}")


def signed(nanos: int) -> str:
    """An increase or a saving: "+$4.10"."""
    return f"{'-' if nanos < 0 else '+'}{currency.amount(abs(nanos))}"


_WASTE = {
    ledger.RETRIES: "retries",
    ledger.TTL: "expired caches",
    ledger.PREFIX: "changed prompts",
    ledger.SWITCH: "model switches",
}


def largest_waste(books: Sequence[int]) -> str:
    """The largest avoidable line of a ledger, as a share of all: "retries 98 %"."""
    nth = max(_WASTE, key=lambda place: books[place])
    return f"{_WASTE[nth]} {100 * books[nth] / max(1, sum(books)):.0f} %"


def cut(name: str) -> str:
    """A name from a log, harmless and no longer than a cell."""
    text = clean(name)
    return text if len(text) <= _NAME else f"{text[: _NAME - 1]}…"


def describe(one: DearStep, zone: str, *, long: bool = True) -> tuple[str, str]:
    """One call as a step: when, whose, what it cost; and what it sent, got and asked for.

    `long` names the day too.
    """
    local = datetime.fromtimestamp(one.at // 1000, ZoneInfo(zone))
    when = f"{local:%a %-d %b %H:%M:%S}" if long else f"{local:%H:%M:%S}"
    who = f"a subagent of {one.id}" if one.agent else one.id
    turn = f", turn {one.turn}" if one.turn else ""
    first = f"{currency.amount(one.cost)} at {when}: {who}{turn}, {clean(one.model)}"
    cached = 100 * one.cache_read / one.input if one.input else 0
    parts = [f"{one.input:,} in, {cached:.0f} % cached", f"{one.output:,} out"]
    if one.miss and one.premium * _TOLD > one.cost:
        parts.append(f"{MISSES[one.miss]}: +{currency.amount(one.premium)}")
    if one.retry:
        parts.append("it repeated an earlier one")
    if one.tools:
        parts.append(f"asked for {clean(', '.join(one.tools), 20)}")
    return first, "; ".join(parts)


def step(one: DearStep, zone: str, *, long: bool = True) -> Block:
    """The step that cost most, and where it comes from."""
    first, said = describe(one, zone, long=long)
    head = f"Dearest step: {first}"
    notes: tuple[str, ...] = (said, f"costtop explain {one.call[:12]}")
    if len(head) > _WIDTH:  # of a span of days: the day is told too
        head, _, model = head.rpartition(", ")
        notes = (model, *notes)
    return Block(head, notes=notes)


def laid(
    blocks: Sequence[Block], width_of: Callable[[str], int], *, tight: bool = False
) -> list[str]:
    """The blocks as lines; `width_of` gives a text's cells, `tight` leaves no empty lines."""
    lines: list[str] = []
    for block in blocks:
        lines += [""] if lines and not tight else []
        lines += [block.title] if block.title else []
        indent = "  " if block.title or block.head else ""
        rows = [(f"{indent}{first}", *rest) for first, *rest in block.rows]
        lines += _table(
            [tuple(map(currency.headed, block.head)), *rows] if block.head else rows,
            block.right,
            width_of,
        )
        lines += [f"{indent}{note}" for note in block.notes]
    return lines


def _table(
    rows: Sequence[tuple[str, ...]], right: frozenset[int], width_of: Callable[[str], int]
) -> list[str]:
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        blank = [" " * (size - width_of(cell)) for cell, size in zip(row, widths, strict=True)]
        cells = [
            f"{space}{cell}" if nth in right else f"{cell}{space}"
            for nth, (cell, space) in enumerate(zip(row, blank, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
