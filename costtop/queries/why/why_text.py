"""Why a span cost what it did, as lines of text: what the command and the screen show."""

import sqlite3
from collections.abc import Callable
from zoneinfo import ZoneInfo

from costtop import span_words
from costtop.queries.plans import billed_span
from costtop.queries.plans.billed_span import BilledSpan
from costtop.queries.why import advice, day_words, text_blocks, why_day
from costtop.queries.why.text_blocks import Block
from costtop.queries.why.why_day import WhyDay


def paragraphs(found: WhyDay, now: int, beside: BilledSpan | None = None) -> tuple[Block, ...]:
    """The answer with what to do; `beside` is what is billed, where that is no news of the cost."""
    first, *rest = day_words.day(found, now)
    return (text_blocks.noted(first, beside), *rest, advice.day(found))


def billed(db: sqlite3.Connection, found: WhyDay, now: int, tz: ZoneInfo) -> BilledSpan | None:
    """What is billed of it; None without a plan."""
    return billed_span.of_span(db, found.start, found.end, now, tz, found.feature)


def lines(
    db: sqlite3.Connection,
    said: str,
    feature: str,
    now: int,
    tz: ZoneInfo,
    *,
    width_of: Callable[[str], int],
) -> tuple[str, ...]:
    """Of a span in words, and of one feature (or ""); `width_of` gives a text's cells."""
    found = why_day.read(db, span_words.parse(said, now, tz), now, tz, feature)
    beside = billed(db, found, now, tz)
    return tuple(text_blocks.laid(paragraphs(found, now, beside), width_of))
