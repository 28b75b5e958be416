"""Times of records: read, clamped, never a reason to lose a call (RELIABILITY R8, V7)."""

import pytest

from costtop.sources.fold.times import AHEAD, EARLIEST, moment, stamp

SEEN = 1_795_478_400_000
TEN = 1_795_428_000_000


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23T10:00:00Z", TEN),
        ("2026-11-23T10:00:00.123Z", TEN + 123),
        ("2026-11-23T10:00:00.123456Z", TEN + 123),
        ("2026-11-23T11:00:00+01:00", TEN),
        ("2026-11-23T10:00:00", TEN),
        ("2026-11-23 10:00:00Z", TEN),
        (TEN // 1000, TEN),
        (TEN, TEN),
        (TEN / 1000 + 0.5, TEN + 500),
    ],
)
def test_a_time_is_read_in_every_usual_form(text, at):
    assert stamp(text, SEEN) == at


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-02-30T10:00:00Z", "2026-11-23T10:00:60Z", "2026-11-23T25:00:00Z",
     "2026-11-23T10:00:00+99:00", None, True, [], -5, 1e18, float("nan"), "２026-11-23T10:00:00Z"],
)  # fmt: skip
def test_what_is_no_time_becomes_the_receive_time(text):
    assert moment(text) is None
    assert stamp(text, SEEN) == SEEN


def test_times_out_of_range_are_held_at_its_edges():
    assert stamp("9999-01-01T00:00:00Z", SEEN) == SEEN + AHEAD
    assert stamp("0001-01-01T00:00:00Z", SEEN) == EARLIEST
    assert stamp("2026-11-25T00:00:00Z", SEEN) == SEEN + AHEAD
    assert stamp("2026-11-24T00:04:59Z", SEEN) == SEEN + 299_000
