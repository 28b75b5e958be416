"""Why a span cost what it did, as lines of text: what the command and the screen show."""

import sqlite3
from collections.abc import Callable
from zoneinfo import ZoneInfo

from costtop import span_words
from costtop.queries.why import advice, blocks, day_words, why_day
from costtop.queries.why.blocks import Block
from costtop.queries.why.why_day import WhyDay


def paragraphs(found: WhyDay, now: int) -> tuple[Block, ...]:
    """The answer with what to do."""
    return (*day_words.day(found, now), advice.day(found))


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
    return tuple(blocks.laid(paragraphs(found, now), width_of))
