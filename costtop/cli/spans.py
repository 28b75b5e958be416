"""What people give on the command line: spans of time in words, and amounts of dollars."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from costtop import money, span_words
from costtop.errors import UsageError
from costtop.span_words import WordedSpan

if TYPE_CHECKING:
    import argparse

    from costtop.cli.parser import Parser

_SPAN = "a span in words: yesterday, 'last week', november, '1 nov to 15 nov'"


def add_span(parser: "Parser", default: str | None = None) -> None:
    """Lets a command be asked of a span: `SPAN`, or `--since D` with `--until D`."""
    parser.add_argument("span", nargs="*", metavar="SPAN", help=_SPAN)
    first = "its beginning: 7d, 24h, monday, 2026-11-01"
    parser.add_argument(
        "--since", metavar="D", help=first + (f" (default {default})" * bool(default))
    )
    parser.add_argument("--until", metavar="D", help="its end; a day is included whole")
    parser.set_defaults(usual=default)


def asked(options: "argparse.Namespace", now: int, tz: ZoneInfo) -> tuple[int | None, int | None]:
    """[since, until) in ms UTC that was asked for; None where it is open. Raises UsageError."""
    found = asked_span(options, now, tz)
    return found.start, found.end


def asked_span(options: "argparse.Namespace", now: int, tz: ZoneInfo) -> WordedSpan:
    """The span that was asked for, in words or by its ends; raises UsageError."""
    since, until, words = options.since, options.until, " ".join(options.span)
    if words and (since or until):
        since, until = _rejoined(since, until, words, now, tz)
    elif words:
        found = span_words.parse(words, now, tz)
        if found.start is not None and found.start > now:
            raise UsageError(f"{found.said} lies ahead")
        return found
    since = since or options.usual
    one = span_words.parse(since, now, tz) if since and not until else None
    start, end = between(since, until, now, tz)
    kind = one.kind if one and one.kind in ("days", "hours") else "range"
    return WordedSpan(since or "", kind if start is not None else "all", start, end)


def _rejoined(
    since: str | None, until: str | None, words: str, now: int, tz: ZoneInfo
) -> tuple[str | None, str | None]:
    """What `--since 2 weeks ago` means, which a shell hands over in three words."""
    try:
        if since and until:
            raise span_words.NoSpan(words)
        span_words.parse(f"{since or until} {words}", now, tz)
    except span_words.NoSpan:
        twice = "the span is given twice: in words, and with --since or --until"
        raise UsageError(twice) from None
    return since and f"{since} {words}", until and f"{until} {words}"


def between(
    since: str | None, until: str | None, now: int, tz: ZoneInfo
) -> tuple[int | None, int | None]:
    """[since, until) in ms UTC, None where it is open; raises UsageError where it is none."""
    first = None if since is None else span_words.parse(since, now, tz)
    last = None if until is None else span_words.parse(until, now, tz)
    start = first and first.start
    end = last and span_words.until(last)
    if first and not last and first.kind == "range":
        end = first.end
    if start is not None and start >= (now if end is None else end):
        raise UsageError(f"--since {since} is not before --until {until or 'now'}")
    return start, end


def amount(text: str) -> int:
    """Nano-dollars of "20" or "2.50". Its error has no `$` in it, which a shell would eat."""
    try:
        nanos = money.parse(text)
    except money.NotMoney:
        nanos = 0
    if nanos <= 0:
        raise UsageError(f"{text!r} is no amount of dollars over 0; write it as 20 or 2.50")
    return nanos
