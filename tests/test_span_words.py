"""Each span in words has one meaning: local days, in zones where days have 23 and 25 hours."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop import compared_spans, periods, span_words
from costtop.durations import DAY, HOUR

BERLIN = ZoneInfo("Europe/Berlin")


def ms(text: str, zone: ZoneInfo = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


NOW = ms("2026-11-28T10:25")  # a Saturday


def shown(at: int | None) -> str:
    return "" if at is None else f"{datetime.fromtimestamp(at / 1000, BERLIN):%Y-%m-%d %H:%M}"


def days(first: str, after: str = "") -> tuple[str, str]:
    return f"{first} 00:00", f"{after} 00:00" if after else ""


MEANINGS = {
    "today": days("2026-11-28", "2026-11-29"),
    "Yesterday": days("2026-11-27", "2026-11-28"),
    "day before yesterday": days("2026-11-26", "2026-11-27"),
    "monday": days("2026-11-23", "2026-11-24"),
    "sat": days("2026-11-28", "2026-11-29"),
    "last saturday": days("2026-11-21", "2026-11-22"),
    "week": days("2026-11-23", "2026-11-30"),
    "last  week": days("2026-11-16", "2026-11-23"),
    "this month": days("2026-11-01", "2026-12-01"),
    "last month": days("2026-10-01", "2026-11-01"),
    "last year": days("2025-01-01", "2026-01-01"),
    "7d": days("2026-11-22"),
    "7 days": days("2026-11-22"),
    "last 7 days": days("2026-11-22"),
    "1d": days("2026-11-28"),
    "2 weeks": days("2026-11-15"),
    "3 months": days("2026-08-29"),
    "2 weeks ago": days("2026-11-14", "2026-11-15"),
    "a week ago": days("2026-11-21", "2026-11-22"),
    "1 month ago": days("2026-10-28", "2026-10-29"),
    "24h": ("2026-11-27 10:25", ""),
    "last day": ("2026-11-27 10:25", ""),
    "90 min": ("2026-11-28 08:55", ""),
    "3 hours ago": ("2026-11-28 07:25", ""),
    "november": days("2026-11-01", "2026-12-01"),
    "december": days("2025-12-01", "2026-01-01"),
    "last november": days("2025-11-01", "2025-12-01"),
    "nov 2025": days("2025-11-01", "2025-12-01"),
    "2026-11": days("2026-11-01", "2026-12-01"),
    "2026-W48": days("2026-11-23", "2026-11-30"),
    "2026": days("2026-01-01", "2027-01-01"),
    "2026-11-21": days("2026-11-21", "2026-11-22"),
    "21 nov": days("2026-11-21", "2026-11-22"),
    "Sat 21 Nov": days("2026-11-21", "2026-11-22"),
    "november 21st": days("2026-11-21", "2026-11-22"),
    "29 nov": days("2025-11-29", "2025-11-30"),
    "21 nov 2025": days("2025-11-21", "2025-11-22"),
    "10:25": ("2026-11-28 10:25", ""),
    "22:00": ("2026-11-27 22:00", ""),
    "yesterday 9am": ("2026-11-27 09:00", ""),
    "21 nov at 12:30": ("2026-11-21 12:30", ""),
    "2026-11-01T08:00": ("2026-11-01 08:00", ""),
    "2026-11-01 08:00": ("2026-11-01 08:00", ""),
    "2026-11-01T08:00Z": ("2026-11-01 09:00", ""),
    "1 nov to 15 nov": days("2026-11-01", "2026-11-16"),
    "2026-11-01..2026-11-15": days("2026-11-01", "2026-11-16"),
    "from monday to yesterday": days("2026-11-23", "2026-11-28"),
    "between 1 nov and 3 nov": days("2026-11-01", "2026-11-04"),
    "14d to 7d": days("2026-11-15", "2026-11-22"),
    "yesterday 22:00 - 6am": ("2026-11-27 22:00", "2026-11-28 06:00"),
    "since monday": days("2026-11-23"),
    "until yesterday": ("", "2026-11-28 00:00"),
    "everything": ("", ""),
}


@pytest.mark.parametrize("text", MEANINGS)
def test_a_span_in_words_has_one_meaning(text: str) -> None:
    found = span_words.parse(text, NOW, BERLIN)
    assert (shown(found.start), shown(found.end)) == MEANINGS[text]


SLIPS = {
    "yesteday": "did you mean yesterday?",
    "2 weks ago": "did you mean 2 weeks ago?",
    "lats week": "did you mean last week?",
    "tomorrow": "it lies ahead",
    "mon 21 nov": "21 Nov 2026 is a Saturday",
    "yesterday to monday": "ends before it begins",
    **dict.fromkeys(
        ("", "soon", "31 nov", "2026-13", "2026-02-30", "0d", "-7d", "7x", "25:00", "10:61", "5",
         "99999 years", "9" * 30 + "d", "12/11/2026", "7d to", "nov nov", "0000-01-01"),
        "such as today, yesterday, monday",
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", SLIPS)
def test_what_is_no_span_gets_one_line_that_helps(text: str) -> None:
    with pytest.raises(span_words.NoSpan) as told:
        span_words.parse(text, NOW, BERLIN)
    assert SLIPS[text] in str(told.value)
    assert "\n" not in str(told.value)


WORDS = st.sampled_from((*span_words._WORDS, "7d", "to", "..", "9", "9am", "2026-11", "a"))


@given(st.text(max_size=30) | st.lists(WORDS, max_size=5).map(" ".join))
def test_no_text_breaks_it(text: str) -> None:
    try:
        found = span_words.parse(text, NOW, BERLIN)
    except span_words.NoSpan:
        return
    if found.start is not None and found.end is not None:
        assert found.start < found.end


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_days_keep_to_the_calendar_when_clocks_change_and_hours_do_not(
    day: str, hours: int
) -> None:
    now = ms(f"{day}T12:00") + 24 * HOUR
    for words in ("yesterday", "1 day ago", day):
        found = span_words.parse(words, now, BERLIN)
        assert found.start == ms(f"{day}T00:00")
        assert (found.end or 0) - (found.start or 0) == hours * HOUR
    assert span_words.parse("2d", now, BERLIN).start == ms(f"{day}T00:00")
    assert span_words.parse("24h", now, BERLIN).start == now - DAY


@given(st.integers(ms("2020-01-01"), ms("2030-01-01")), st.integers(1, 400))
def test_n_days_are_n_local_days_with_today(now: int, count: int) -> None:
    found = span_words.parse(f"{count}d", now, BERLIN)
    assert found.start == periods.days(found.start or 0, now + 1, BERLIN)[0].start
    assert len(periods.days(found.start or 0, now + 1, BERLIN)) == count
    assert span_words.until(found) == found.start


BEFORE = {
    "today": ("2026-11-27 00:00", "2026-11-27 10:25"),
    "yesterday": ("2026-11-26 00:00", "2026-11-27 00:00"),
    "7 days": ("2026-11-15 00:00", "2026-11-21 10:25"),
    "this week": ("2026-11-16 00:00", "2026-11-21 10:25"),
    "last week": ("2026-11-09 00:00", "2026-11-16 00:00"),
    "month": ("2026-10-01 00:00", "2026-10-28 09:25"),  # so long a time: clocks have changed
    "october": ("2026-09-01 00:00", "2026-10-01 00:00"),
    "2025": ("2024-01-01 00:00", "2025-01-01 00:00"),
    "september": ("2026-08-01 00:00", "2026-09-01 00:00"),
    "24h": ("2026-11-26 10:25", "2026-11-27 10:25"),
    "1 nov to 15 nov": ("2026-10-17 00:00", "2026-11-01 00:00"),
}


@pytest.mark.parametrize("text", BEFORE)
def test_the_span_before_is_as_long_as_this_one_has_come(text: str) -> None:
    start, end = compared_spans.before(span_words.parse(text, NOW, BERLIN), NOW, BERLIN)
    assert (shown(start), shown(end)) == BEFORE[text]


def test_like_days_are_the_same_weekday_at_the_same_hours() -> None:
    start, end = ms("2026-11-02T00:00"), ms("2026-11-02T10:00")
    found = compared_spans.like(start, end, BERLIN, ms("2026-10-12T00:00"))
    assert found is not None
    assert found.name == "Mondays"
    assert [(shown(a), shown(b)) for a, b in found.spans] == [
        (f"2026-{day} 00:00", f"2026-{day} 10:00") for day in ("10-26", "10-19", "10-12")
    ]
    days = ms("2026-11-01T00:00"), ms("2026-11-11T00:00")
    ten_days = compared_spans.like(*days, BERLIN, ms("2026-01-01T00:00"))
    assert ten_days is not None
    assert [shown(a)[:10] for a, _ in ten_days.spans] == [
        "2026-10-18", "2026-10-04", "2026-09-20", "2026-09-06",
    ]  # fmt: skip


def test_with_few_of_a_weekday_other_working_days_are_like_it() -> None:
    start, end = ms("2026-11-02T00:00"), ms("2026-11-02T10:00")
    found = compared_spans.like(start, end, BERLIN, ms("2026-10-24T00:00"))
    assert found is not None
    assert found.name == "working days"
    assert [shown(a)[5:10] for a, _ in found.spans] == [f"10-{day}" for day in (30, 29, 28, 27, 26)]
    assert compared_spans.like(start, end, BERLIN, start) is None
