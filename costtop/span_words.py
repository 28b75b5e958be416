"""Spans of time in people's words: "yesterday", "last week", "7d", "24h", "1 nov to 15 nov".

Every command and screen asks here, so that each word has one meaning: days are local days, "7d" is
from local midnight six days ago, "24h" rolls, a name that could be any year's or week's is the
latest that has begun. Times are int ms UTC.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import HOUR, MINUTE
from costtop.errors import UsageError
from costtop.named_tuples import NamedTuple

EXAMPLES = "today, yesterday, monday, last week, 7d, 24h, november, 2026-11-01, '1 nov to 15 nov'"


class WordedSpan(NamedTuple):
    """[start, end) that somebody named; None is open: since ever, or up to now."""

    said: str  # in small letters, single spaces
    kind: str  # day week month year | days hours: a length up to now | moment | range | all
    start: int | None
    end: int | None


class NoSpan(UsageError):
    """The text names no span of time; the line has examples, and what may have been meant."""


def parse(text: str, now: int, tz: ZoneInfo) -> WordedSpan:
    """The span that `text` names at the moment `now`; raises NoSpan."""
    said = " ".join(text.casefold().split())
    found = _read(said, now, tz)
    if found is None:
        raise NoSpan(f"{text!r} is no span of time{_meant(said, now, tz)} (such as {EXAMPLES})")
    return found


def _read(said: str, now: int, tz: ZoneInfo) -> WordedSpan | None:
    try:
        return _range(said, now, tz) or _single(said, now, tz)
    except (ValueError, OverflowError, periods.NotAPeriod):  # the 31st of November, year 0
        return None


def is_span(word: str) -> bool:
    """Whether one word, in small letters, names a span of time: no name may look like one."""
    shape = re.fullmatch(r"[a-z]+|\d{1,5}[a-z]+|\d{4}(?:-w?\d\d){0,2}", word)  # quick, and enough
    return shape is not None and _read(word, 0, ZoneInfo("UTC")) is not None


def day(text: str, now: int, tz: ZoneInfo) -> periods.Span:
    """The one local day that `text` names; raises NoSpan where it names none, or more."""
    found = parse(text, now, tz)
    if found.kind != "day" or found.start is None:
        raise NoSpan(f"{text!r} is no day (such as today, yesterday, monday, 21 nov, 2026-11-21)")
    return periods.span("day", found.start, tz)


def until(found: WordedSpan) -> int | None:
    """Where "until this" ends: a named day or month counts whole, a length up to now not at all.

    So `--until 7d` ends where `--since 7d` begins.
    """
    return found.start if found.kind in ("moment", "days", "hours") else found.end


def _single(said: str, now: int, tz: ZoneInfo) -> WordedSpan | None:
    """One word or date, no range."""
    if said in ("all", "ever", "always", "everything"):
        return WordedSpan(said, "all", None, None)
    if said == "now":
        return WordedSpan(said, "moment", now, None)
    for reader in _READERS:
        found = reader(said, now, tz)
        if found is not None:
            return found._replace(said=said)
    return None


def _range(said: str, now: int, tz: ZoneInfo) -> WordedSpan | None:
    """Of "A..B", "A to B", "since A", "until B"; None where it is none of them."""
    words = re.sub(r"^(from|between) (?=.* (to|until|and|-|–) )", "", said)
    parts = re.split(r" ?\.\. ?| (?:to|until|and|-|–) ", words, maxsplit=1)
    if len(parts) == 1:
        head, _, rest = said.partition(" ")
        parts = {"since": [rest, ""], "from": [rest, ""], "until": ["", rest]}.get(head, [])
    if not any(parts):
        return None
    first, last = (_single(part, now, tz) if part else _EVER for part in parts)
    if first is None or last is None:
        return None
    end = until(last)
    if first.start is not None and first.start >= (now if end is None else end):
        raise NoSpan(f"{said!r} ends before it begins")
    return WordedSpan(said, "range", first.start, end)


_EVER = WordedSpan("", "all", None, None)


def _today(now: int, tz: ZoneInfo) -> date:
    return datetime.fromtimestamp(now // 1000, tz).date()


def _start(at: date, tz: ZoneInfo) -> int:
    return periods.bounds("day", at.isoformat(), tz)[0]


def _days(kind: str, first: date, after: date, tz: ZoneInfo) -> WordedSpan:
    """Whole local days, `after` not among them."""
    return WordedSpan("", kind, _start(first, tz), _start(after, tz))


def _one(at: date, tz: ZoneInfo) -> WordedSpan:
    return _days("day", at, at + timedelta(1), tz)


def _iso(said: str, now: int, tz: ZoneInfo) -> WordedSpan | None:
    """2026, 2026-11, 2026-W48, 2026-11-01, 2026-11-01T08:00 (+01:00)."""
    if re.fullmatch(r"(19|20)\d\d", said):
        return _days("year", date(int(said), 1, 1), date(int(said) + 1, 1, 1), tz)
    for kind, shape in (("month", r"\d{4}-\d\d"), ("week", r"\d{4}-w\d\d")):
        if re.fullmatch(shape, said):
            return WordedSpan("", kind, *periods.bounds(kind, said.upper(), tz))
    if re.fullmatch(r"\d{4}-\d\d-\d\d", said):
        return _one(date.fromisoformat(said), tz)
    if re.match(r"\d{4}-\d\d-\d\d[t ]\d\d:", said):
        return _moment(datetime.fromisoformat(said.upper()), tz)
    return None


def _moment(at: datetime, tz: ZoneInfo) -> WordedSpan:
    whole = at if at.tzinfo else at.replace(tzinfo=tz)
    return WordedSpan("", "moment", round(whole.timestamp() * 1000), None)


_BACK = {"today": 0, "yesterday": 1, "day before yesterday": 2}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_SHORT = {"tues": "tuesday", "thur": "thursday", "thurs": "thursday", "sept": "september"}


def _nth(word: str, names: tuple[str, ...]) -> int | None:
    """Which of the names it is, in full or by its first three letters."""
    whole = _SHORT.get(word, word)
    return next((nth for nth, name in enumerate(names) if whole in (name, name[:3])), None)


def _named_day(said: str, now: int, tz: ZoneInfo) -> WordedSpan | None:
    """Today, yesterday, monday, "last monday" (never today)."""
    today = _today(now, tz)
    if said in _BACK:
        return _one(today - timedelta(_BACK[said]), tz)
    last, _, name = said.rpartition(" ")
    nth = _nth(name, _WEEKDAYS)
    if nth is None or last not in ("", "last", "on"):
        return None
    back = (today.weekday() - nth) % 7
    return _one(today - timedelta(back or (7 if last == "last" else 0)), tz)


def _calendar(said: str, now: int, tz: ZoneInfo) -> WordedSpan | None:
    """This week, last month, year."""
    found = re.fullmatch(r"(?:(this|the|current|last|previous) )?(week|month|year)", said)
    if not found:
        return None
    kind, back = found[2], found[1] in ("last", "previous")
    if kind == "year":
        year = _today(now, tz).year - back
        return _days(kind, date(year, 1, 1), date(year + 1, 1, 1), tz)
    _, start, end = (periods.before if back else periods.span)(kind, now, tz)
    return WordedSpan("", kind, start, end)


def _month(said: str, now: int, tz: ZoneInfo) -> WordedSpan | None:
    """November, "nov 2025", "last november" (never this one)."""
    found = re.fullmatch(r"(?:(last|in) )?([a-z]+)(?: (\d{4}))?", said)
    nth = _nth(found[2], _MONTHS) if found else None
    if found is None or nth is None:
        return None
    today = _today(now, tz)
    year = int(found[3]) if found[3] else today.year - ((nth + 1, 1) > (today.month, 1))
    year -= found[1] == "last" and (year, nth + 1) == (today.year, today.month)
    first = date(year, nth + 1, 1)
    return _days("month", first, (first + timedelta(32)).replace(day=1), tz)


def _date(said: str, now: int, tz: ZoneInfo) -> WordedSpan | None:
    """21 nov, nov 21, "sat 21 november 2026"; without a year the latest that has begun."""
    words = [word for word in said.replace(",", " ").split() if word not in ("of", "the")]
    weekday = _nth(words[0], _WEEKDAYS) if words else None
    rest = " ".join(words[weekday is not None :])
    found = re.fullmatch(r"(\d\d?)(?:st|nd|rd|th)? ([a-z]+)(?: (\d{4}))?", rest)
    turned = re.fullmatch(r"([a-z]+) (\d\d?)(?:st|nd|rd|th)?(?: (\d{4}))?", rest)
    number, name, year = found.groups() if found else (turned[2], turned[1], turned[3]) \
        if turned else ("", "", "")  # fmt: skip
    nth = _nth(name, _MONTHS) if name else None
    if nth is None:
        return None
    today = _today(now, tz)
    late = (nth + 1, int(number)) > (today.month, today.day)
    at = date(int(year) if year else today.year - late, nth + 1, int(number))
    if weekday is not None and at.weekday() != weekday:
        raise NoSpan(f"{said!r}: {at:%-d %b %Y} is a {_WEEKDAYS[at.weekday()].title()}")
    return _one(at, tz)


_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_UNITS = {
    "m": "minutes", "min": "minutes", "minute": "minutes", "h": "hours", "hr": "hours",
    "hour": "hours", "d": "days", "day": "days", "w": "weeks", "week": "weeks", "mo": "months",
    "month": "months", "y": "years", "year": "years",
}  # fmt: skip


def _length(said: str, now: int, tz: ZoneInfo) -> WordedSpan | None:
    """7d, "last 7 days", 24h, "last hour"; "2 weeks ago" is the one day, "3 h ago" the moment."""
    if said in ("last hour", "last day", "past hour", "past day"):
        return WordedSpan("", "hours", now - (HOUR if "hour" in said else 24 * HOUR), None)
    found = re.fullmatch(r"(?:the )?(?:(?:last|past) )?(\d{1,5}|[a-z]+) ?([a-z]+?)s?( ago)?", said)
    unit = _UNITS.get(found[2]) if found else None
    if found is None or unit is None:
        return None
    count = int(found[1]) if found[1].isdecimal() else _NUMBERS.get(found[1], -1)
    ago = found[3] is not None
    if count < (0 if ago else 1):
        return None
    if unit in ("hours", "minutes"):
        start = now - count * (HOUR if unit == "hours" else MINUTE)
        return WordedSpan("", "moment" if ago else "hours", start, None)
    at = _back(_today(now, tz), count, unit)
    if ago:
        return _one(at, tz)
    return WordedSpan("", "days", _start(at + timedelta(1), tz), None)


def _back(today: date, count: int, unit: str) -> date:
    """The day so long ago; of a month that is shorter its last."""
    if unit in ("days", "weeks"):
        return today - timedelta(count * (7 if unit == "weeks" else 1))
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "years" else 1)
    first = date(months // 12, months % 12 + 1, 1)
    last = (first + timedelta(32)).replace(day=1) - timedelta(1)
    return first.replace(day=min(today.day, last.day))


def _clock(said: str, now: int, tz: ZoneInfo) -> WordedSpan | None:
    """10:25, 9am, "yesterday 22:00", "21 nov at 9:30"; alone, the latest that has been."""
    found = re.fullmatch(r"(.*?) ?(?:\bat )?\b(\d\d?)(?::(\d\d))?(?::(\d\d))? ?(am|pm)?", said)
    if found is None or not (found[3] or found[5]):
        return None
    hour = int(found[2]) % 12 + 12 * (found[5] == "pm") if found[5] else int(found[2])
    on = _single(found[1], now, tz) if found[1] else None
    if found[1] and (on is None or on.kind != "day" or on.start is None):
        return None
    clock = time(hour, int(found[3] or 0), int(found[4] or 0), tzinfo=tz)
    if on is not None and on.start is not None:
        return _moment(datetime.combine(_today(on.start, tz), clock), tz)
    made = datetime.combine(_today(now, tz), clock)
    return _moment(made - timedelta(made.timestamp() * 1000 > now), tz)


_READERS: tuple[Callable[[str, int, ZoneInfo], WordedSpan | None], ...] = (
    _iso, _named_day, _calendar, _length, _month, _date, _clock,
)  # fmt: skip
_WORDS = (
    *_BACK, *_WEEKDAYS, *_MONTHS, "week", "weeks", "month", "months", "year", "day", "days",
    "hours", "minutes", "last", "this", "ago", "since", "until", "everything",
)  # fmt: skip


def _meant(said: str, now: int, tz: ZoneInfo) -> str:
    """What was meant where a word is nearly one and makes sense, else nothing."""
    from difflib import get_close_matches

    words = [
        word if word.isdecimal() else (get_close_matches(word, _WORDS, 1, 0.7) or [word])[0]
        for word in said.split()
    ]
    better = " ".join(words)
    if better == said:
        return ": it lies ahead" if said.startswith(("tomorrow", "next ")) else ""
    try:
        return f": did you mean {parse(better, now, tz).said}?"
    except NoSpan:
        return ""
