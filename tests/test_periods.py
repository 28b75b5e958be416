"""Periods in zones where days are 23 and 25 hours long, months end, and midnights are skipped."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop import periods
from costtop.durations import HOUR
from costtop.errors import ConfigError

BERLIN = ZoneInfo("Europe/Berlin")


def ms(text, zone=UTC):
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 1000


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-23", 24)]
)
def test_a_day_of_a_clock_change_has_23_or_25_hours(day, hours):
    start, end = periods.bounds("day", day, BERLIN)
    assert (end - start) == hours * HOUR
    assert periods.key("day", start, BERLIN) == day
    assert periods.key("day", end - 1, BERLIN) == day
    assert periods.key("day", end, BERLIN) != day


def test_a_skipped_midnight_starts_the_day_where_the_clock_jumps_to():
    cairo = ZoneInfo("Africa/Cairo")  # 2026-04-24 00:00 does not exist
    start, end = periods.bounds("day", "2026-04-24", cairo)
    assert end - start == 23 * HOUR
    assert periods.key("day", start, cairo) == "2026-04-24"
    assert periods.key("day", start - 1, cairo) == "2026-04-23"


def test_a_midnight_that_comes_twice_belongs_to_the_day_it_begins_first():
    havana = ZoneInfo("America/Havana")  # 2026-11-01 01:00 goes back to 00:00
    start, end = periods.bounds("day", "2026-11-01", havana)
    assert end - start == 25 * HOUR


def test_months_end_where_the_calendar_says():
    for month, days in (("2026-02", 28), ("2028-02", 29), ("2026-04", 30)):
        start, end = periods.bounds("month", month, UTC_ZONE)
        assert end - start == days * 24 * HOUR
    assert periods.end_of("month", ms("2026-12-31T23:59:59"), UTC_ZONE) == ms("2027-01-01T00:00:00")


def test_weeks_start_on_monday_and_carry_the_iso_year():
    assert periods.key("week", ms("2027-01-01T12:00:00"), UTC_ZONE) == "2026-W53"
    assert periods.start_of("week", ms("2026-11-23T00:00:00"), UTC_ZONE) == ms(
        "2026-11-23T00:00:00"
    )
    assert periods.bounds("week", "2026-W53", UTC_ZONE)[1] == ms("2027-01-04T00:00:00")


def test_rolling_hours_reach_back_from_now_and_are_named_by_their_block():
    at = ms("2026-11-23T12:34:00")
    assert periods.reach("hours:5", at, BERLIN) == at - 5 * HOUR
    key = periods.key("hours:5", at, BERLIN)
    start, end = periods.bounds("hours:5", key, BERLIN)
    assert start <= at < end
    assert end - start == 5 * HOUR


@pytest.mark.parametrize("text", ["", "year", "hours", "hours:0", "hours:x", "hours:-1", "hours:²"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(periods.NotAPeriod):
        periods.check(text)


def test_an_unknown_zone_or_key_is_a_config_error():
    with pytest.raises(ConfigError, match="Mars/Base"):
        periods.zone("Mars/Base")
    with pytest.raises(periods.NotAPeriod):
        periods.bounds("month", "2026-13", UTC_ZONE)


def test_the_system_zone_is_what_tz_says_or_a_real_zone(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    assert periods.system_zone() == "Asia/Kolkata"
    monkeypatch.setenv("TZ", "nonsense")
    assert periods.zone(periods.system_zone())


def test_labels_are_for_people():
    at = ms("2026-11-23T12:00:00")
    assert periods.label("day", at, UTC_ZONE) == "Mon 23 Nov"
    assert periods.label("month", at, UTC_ZONE) == "November 2026"
    assert periods.label("week", at, UTC_ZONE) == "week 48"
    assert periods.label("hours:5", at, UTC_ZONE) == "5 hours"


UTC_ZONE = ZoneInfo("UTC")
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Africa/Cairo", "Pacific/Apia", "Asia/Kolkata"]


@given(
    st.integers(ms("2011-01-01T00:00:00"), ms("2040-01-01T00:00:00")),
    st.sampled_from(["day", "week", "month", "hours:5", "hours:24"]),
    st.sampled_from(ZONES),
)
def test_every_moment_lies_in_exactly_the_period_that_its_key_names(at, period, name):
    zone = ZoneInfo(name)
    span = periods.span(period, at, zone)
    assert span.start <= at < span.end
    assert periods.bounds(period, span.key, zone) == (span.start, span.end)
    assert periods.span(period, span.end, zone).start == span.end
    assert periods.before(period, at, zone).end == span.start


def test_days_cover_a_stretch_without_a_gap():
    since, until = ms("2026-10-24T22:00:00"), ms("2026-10-27T05:00:00")
    days = periods.days(since, until, BERLIN)
    assert [day.key for day in days] == ["2026-10-25", "2026-10-26", "2026-10-27"]
    assert all(one.end == two.start for one, two in pairwise(days))
    assert periods.days(until, since, BERLIN) == []
