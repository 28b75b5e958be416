"""Windows of plans: which reading begins one, when it is full, who filled it. Values by hand."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.durations import DAY, HOUR, MINUTE
from costtop.plan_reading import PlanReading
from costtop.plans import pace, shares, windows
from costtop.plans.shares import PlanSpend

NOW = 1_790_000_000_000
FIVE, WEEK = 300, 7 * 24 * 60


def told(at: int, used: float, resets: int | None, minutes: int = FIVE) -> PlanReading:
    return PlanReading("codex", "/home/me/.codex", "plus", "", minutes, used, resets, at)


def steady(
    hourly: float, readings: int, every: int, resets: int, minutes: int = FIVE, first: float = 0.0
) -> list[PlanReading]:
    start = NOW - readings * every
    return [
        told(start + n * every, float(int(first + hourly * n * every / HOUR)), resets, minutes)
        for n in range(readings + 1)
    ]


@pytest.mark.parametrize(
    ("minutes", "name"),
    [(300, "5h"), (10080, "week"), (1440, "24h"), (43200, "30d"), (90, "90min"), (60, "1h")],
)
def test_a_window_is_named_by_its_minutes(minutes: int, name: str) -> None:
    assert windows.short_name(minutes) == name


def test_an_anchor_that_moves_ends_nothing() -> None:
    readings = [told(NOW + n * HOUR, 10.0 + n, NOW + n * HOUR + 7 * DAY, WEEK) for n in range(60)]
    (one,) = windows.windows(readings)
    assert (one.used, one.resets) == (69.0, NOW + 59 * HOUR + 7 * DAY)


def test_a_stale_anchor_keeps_counting() -> None:
    readings = [told(NOW + n * 10 * MINUTE, 10.0 + n, NOW - HOUR) for n in range(20)]
    (one,) = windows.windows(readings)
    assert one.used == 29.0


def test_a_fall_begins_a_window_though_the_anchor_stands() -> None:
    readings = [told(NOW, 80.0, NOW + HOUR), told(NOW + MINUTE, 4.0, NOW + HOUR)]
    assert [one.used for one in windows.windows(readings)] == [80.0, 4.0]


def test_a_reset_inside_a_session_begins_a_window() -> None:
    readings = [told(NOW, 41.0, NOW + HOUR), told(NOW + 2 * HOUR, 43.0, NOW + 6 * HOUR)]
    first, second = windows.windows(readings)
    assert (first.used, second.used, second.opened) == (41.0, 43.0, NOW + HOUR)


def test_two_sessions_that_are_answered_at_once_begin_none() -> None:
    readings = [
        told(NOW + n * 1000, used, NOW + HOUR) for n, used in enumerate([60, 61, 60, 62, 61])
    ]
    (one,) = windows.windows(readings)
    assert (one.used, one.top) == (61.0, 62.0)  # the newest counts, and nothing has fallen


def test_a_reading_of_the_future_is_impossible() -> None:
    assert not windows.is_possible(told(NOW + HOUR, 10.0, None), NOW)
    assert windows.is_possible(told(NOW + MINUTE, 10.0, None), NOW)


@given(st.permutations(range(12)))
def test_the_order_in_which_logs_are_read_does_not_matter(order: list[int]) -> None:
    used = [5.0, 9.0, 20.0, 44.0, 80.0, 3.0, 7.0, 30.0, 31.0, 95.0, 1.0, 2.0]
    readings = [told(NOW + n * HOUR, used[n], NOW + (n // 5 + 1) * 5 * HOUR) for n in range(12)]
    assert windows.windows([readings[n] for n in order]) == windows.windows(readings)
    assert [one.used for one in windows.windows(readings)] == [80.0, 95.0, 2.0]


def test_a_changed_plan_takes_the_place_of_the_one_before() -> None:
    old = windows.windows([told(NOW - HOUR, 90.0, NOW + HOUR)])
    new = windows.windows([told(NOW, 2.0, NOW + 4 * HOUR)._replace(plan="pro")])
    other = windows.windows([told(NOW - DAY, 7.0, NOW + DAY, WEEK)._replace(home="/srv/.codex")])
    held = windows.present([old[-1], new[-1], other[-1]], NOW)
    assert [(one.key.plan, one.used) for one in held] == [("pro", 2.0), ("plus", 7.0)]


@pytest.mark.parametrize("hourly", [12.0, 25.0, 60.0, 90.0])
def test_a_steady_pace_tells_when_it_is_full(hourly: float) -> None:
    readings = steady(hourly, 20, 2 * MINUTE, NOW + 4 * HOUR + 20 * MINUTE)
    (one,) = windows.windows(readings)
    stands = pace.outlook(one, NOW)
    full = NOW + round((100 - hourly * 40 / 60) / hourly * HOUR)
    if full > NOW + 4 * HOUR + 20 * MINUTE:
        assert stands.full is None and stands.spare is not None
        assert abs(stands.spare - (full - one.resets)) <= 300 * MINUTE // 10
    else:
        assert stands.full is not None and abs(stands.full - full) <= 300 * MINUTE // 10
        assert stands.earliest is not None and stands.earliest <= full + MINUTE


@given(
    hourly=st.floats(20.0, 95.0),
    elapsed=st.integers(40, 240),
    every=st.integers(1, 10),
    shift=st.integers(0, 59),
)
def test_any_steady_pace_is_foreseen_to_a_tenth_of_the_window(
    hourly: float, elapsed: int, every: int, shift: int
) -> None:
    start = NOW - elapsed * MINUTE
    ats = range(start + shift * 1000, NOW, every * MINUTE)
    readings = [told(at, float(int(hourly * (at - start) / HOUR)), start + 5 * HOUR) for at in ats]
    full = start + round(100 / hourly * HOUR)
    if readings[-1].used >= 100:
        return
    stands = pace.outlook(windows.windows(readings)[-1], NOW)
    said = start + 5 * HOUR + stands.spare if stands.spare is not None else stands.full
    assert said is not None and abs(said - full) <= 30 * MINUTE


def test_a_steady_week_survives() -> None:
    readings = steady(0.5, 96, HOUR, NOW + 3 * DAY, WEEK)
    stands = pace.outlook(windows.windows(readings)[-1], NOW)
    assert stands.full is None
    assert (
        stands.spare is not None
        and abs(stands.spare - (104 * HOUR - 3 * DAY)) < WEEK * MINUTE // 10
    )


def test_a_pace_is_not_made_of_one_per_cent() -> None:
    readings = [told(NOW - HOUR, 0.0, NOW + HOUR), told(NOW, 1.0, NOW + HOUR)]
    assert pace.outlook(windows.windows(readings)[-1], NOW).pace is None


def test_what_stopped_is_not_said_to_go_on() -> None:
    readings = [told(NOW - 3 * HOUR + n * MINUTE, n * 1.0, NOW + 2 * HOUR) for n in range(30)]
    stands = pace.outlook(windows.windows(readings)[-1], NOW)
    assert stands.full is None


def test_a_full_window_is_full_now() -> None:
    readings = [told(NOW - HOUR, 60.0, NOW + HOUR), told(NOW, 100.0, NOW + HOUR)]
    assert pace.outlook(windows.windows(readings)[-1], NOW).full == NOW


def shared(
    steps: Iterable[tuple[int, float]], spent: list[PlanSpend], price: int | None
) -> shares.PlanShares:
    readings = [told(at, used, NOW + 4 * HOUR) for at, used in steps]
    return shares.shared(windows.windows(readings)[-1], spent, price)


def test_per_cents_follow_the_dollars_of_their_time() -> None:
    found = shared(
        [(NOW, 10.0), (NOW + HOUR, 20.0), (NOW + 2 * HOUR, 40.0)],
        [
            PlanSpend(NOW + MINUTE, 1, 300), PlanSpend(NOW + 2 * MINUTE, 2, 100),
            PlanSpend(NOW + HOUR + MINUTE, 2, 50),
        ],
        None,
    )  # fmt: skip
    assert found.by_session == {1: 7.5, 2: 22.5}
    assert found.elsewhere == 10.0


def test_what_was_there_before_is_not_put_on_a_small_call() -> None:
    found = shared(
        [(NOW, 40.0), (NOW + HOUR, 44.0)],
        [PlanSpend(NOW - MINUTE, 1, 100), PlanSpend(NOW + MINUTE, 1, 400)],
        100,
    )
    assert found.by_session == {1: 5.0}
    assert found.elsewhere == 39.0


@given(
    st.lists(st.tuples(st.integers(1, 30), st.floats(0.5, 9.0)), min_size=1, max_size=8),
    st.lists(
        st.tuples(st.integers(-60, 300), st.integers(0, 4), st.integers(1, 10**12)), max_size=20
    ),
)
def test_shares_add_up(gains: list[tuple[int, float]], spends: list[tuple[int, int, int]]) -> None:
    at, used, steps = NOW, 0.0, []
    for minutes, gained in gains:
        at, used = at + minutes * MINUTE, used + gained
        steps.append((at, used))
    found = shared(steps, [PlanSpend(NOW + m * MINUTE, s, c) for m, s, c in spends], None)
    assert sum(found.by_session.values()) + found.elsewhere == pytest.approx(used)


def test_a_per_cent_has_a_price_once_three_were_seen() -> None:
    assert shares.point_price([(2.0, 900)]) is None
    assert shares.point_price([(2.0, 900), (4.0, 1500)]) == 400
    assert shares.point_price([(40.0, 0), (3.0, 300)]) == 100
