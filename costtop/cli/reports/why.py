"""`costtop why`: why a day, or a session, cost what it did, on one screen."""

import shutil
import sqlite3
import sys
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from costtop import paths, span_words
from costtop.cli import catching_up
from costtop.cli.reports import why_json
from costtop.cli.tables import put, put_json, width
from costtop.durations import now_ms
from costtop.errors import NothingFound, UsageError
from costtop.queries import shown_currency
from costtop.queries.plans import billed_span
from costtop.queries.plans.billed_span import BilledSpan
from costtop.queries.sessions import lookup
from costtop.queries.why import session_words, text_blocks, why_day, why_session, why_text
from costtop.queries.why.text_blocks import Block
from costtop.span_words import WordedSpan
from costtop.store import meta

if TYPE_CHECKING:
    import argparse

    from costtop.cli.parser import Parser

_ROOMY = 32  # lines of a window from which paragraphs are parted


def add(parser: "Parser", name: str) -> None:
    """Adds `why`."""
    parser.says(
        "Why a day (or a session) cost what it did: against like days, what rose, by what.",
        "costtop why",
        "costtop why monday",
        "costtop why 'last week' --feature checkout",
        "costtop why 7b4acd3a",
    )
    what = "a day or span in words, or a beginning of a session's id (default: yesterday)"
    parser.add_argument("what", nargs="*", metavar="DAY|SESSION", help=what)
    parser.add_argument("--feature", metavar="F", default="", help="only what was for this feature")
    parser.add_argument("--fleet", action="store_true", help="of all machines of [fleet]")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: "argparse.Namespace") -> int:
    """Prints why."""
    now, what = now_ms(), " ".join(options.what) or "yesterday"
    db = _opened(options, what, now)
    tz = meta.shared(db).zone
    if not options.json:
        shown_currency.use_of(db, now)
    span = _span(what, now, tz)
    if span is None:
        tree, shown = _session(db, what, tz, now)
    else:
        tree, shown = _day(db, span, now, tz, options.feature)
    if options.json:
        put_json(tree)
    else:
        text = "\n".join(text_blocks.laid(shown, width, tight=_small()))
        put("\n\n".join((text, *shown_currency.said())))
    return 0


def _opened(options: "argparse.Namespace", what: str, now: int) -> sqlite3.Connection:
    found = paths.find()
    if not options.fleet:
        return catching_up.open_fresh(found)
    from costtop.cli.reports import fleet_reading

    span = _span(what, now, fleet_reading.zone(found))
    if span is None:
        return fleet_reading.of_session(found, what)
    return fleet_reading.of_day(found, span, now, options.feature)


def _span(what: str, now: int, tz: ZoneInfo) -> WordedSpan | None:
    """The span asked for; None where the text names none: then it is a session."""
    try:
        found = span_words.parse(what, now, tz)
    except span_words.NoSpan:
        return None
    if found.start is None or found.start > now:
        raise UsageError(f"{found.said} is compared with nothing; such as: costtop why yesterday")
    return found


def _day(
    db: sqlite3.Connection, span: WordedSpan, now: int, tz: ZoneInfo, feature: str
) -> tuple[dict[str, Any], tuple[Block, ...]]:
    found = why_day.read(db, span, now, tz, feature)
    if feature and not found.whole.spent.calls and not found.whole.more:
        raise NothingFound(
            f"nothing was spent for feature {feature!r}; see: costtop report --by feature"
        )
    beside = why_text.billed(db, found, now, tz)
    tree = why_json.day(found, now) | _billed(beside)
    return tree, why_text.paragraphs(found, now, beside)


def _session(
    db: sqlite3.Connection, what: str, tz: ZoneInfo, now: int
) -> tuple[dict[str, Any], tuple[Block, ...]]:
    try:
        key = lookup.session(db, what)
    except NothingFound:
        try:
            span_words.parse(what, now, tz)
        except span_words.NoSpan as error:
            raise NothingFound(f"{error}; and no session begins so") from None
        raise
    found = why_session.read(db, key, now, tz)
    if found is None:
        raise NothingFound(f"{key} has made no call that can be read")
    beside = billed_span.of_session(db, key)
    first, *rest = session_words.session(found)
    return why_json.session(found) | _billed(beside), (text_blocks.noted(first, beside), *rest)


def _billed(beside: BilledSpan | None) -> dict[str, object]:
    if beside is None:
        return {}
    from costtop.queries.plans import billed_words  # who has no plan needs none

    return billed_words.span_tree(beside)


def _small() -> bool:
    """Whether it goes to a window in which a blank line costs a line of the answer."""
    return sys.stdout.isatty() and shutil.get_terminal_size().lines < _ROOMY
