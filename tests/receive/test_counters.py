"""Counters of /metrics: few names, none falls, whatever becomes of the totals they come from."""

import pytest

from costtop.daemon.status.counters import COUNTED, MOST, NAMED, OTHER, Counters
from costtop.queries.totals import Total


def total(feature, calls=1, cost=100, model="m", unpriced=0, late=None):
    late = calls if late is None else late
    return Total(
        feature, model, "p", calls, 0, unpriced, cost, 10 * calls, 0, 0, 5 * calls, 0, late, cost
    )


def told(series, field="cost"):
    return {one.labels[0]: one.counters[field] for one in series}


def test_the_dearest_of_the_last_weeks_are_named_and_all_else_is_other():
    many = [total(f"branch-{n}", cost=n) for n in range(1, 3001)]
    old = total("old", cost=10**9, late=0)
    series = Counters().take([*many, old])
    found = told(series)
    assert len(found) == NAMED + 1 and "branch-3000" in found and "branch-2980" not in found
    assert sum(found.values()) == sum(one.cost for one in [*many, old])
    assert "old" not in found and found[OTHER] > 10**9


def test_names_stay_and_other_is_never_taken_back():
    counters = Counters()
    first = [total(f"f{n}", cost=1000 + n) for n in range(NAMED)]
    before = told(counters.take([*first, total("late", cost=1)]))
    assert before[OTHER] == 1
    after = told(counters.take([*first, total("late", calls=2, cost=50_001)]))
    assert after["late"] == 50_000 and after[OTHER] == 1 and set(before) <= set(after)
    for n in range(10):
        more = [total(f"g{n}-{m}", cost=10**6 * (n + 1)) for m in range(NAMED)]
        after = told(counters.take([*first, *more]))
    assert len(after) == MOST + 1 and set(before) <= set(after)


def test_models_beyond_the_named_have_no_provider_either():
    many = [total("f", model=f"m{n}", cost=n) for n in range(1, NAMED + 5)]
    labels = {one.labels for one in Counters().take(many)}
    assert ("f", OTHER, OTHER) in labels and len(labels) == NAMED + 1


def test_another_price_of_the_same_calls_changes_the_gauge_alone():
    counters = Counters()
    counters.take([total("f", calls=10, cost=1000)])
    for cost in (400, 1600):
        assert told(counters.take([total("f", calls=10, cost=cost)])) == {"f": 1000}
        assert counters.correction == cost - 1000
    assert told(counters.take([total("f", calls=11, cost=1760)])) == {"f": 1160}
    assert counters.correction == 600
    assert told(counters.take([total("f", calls=12, cost=900)])) == {"f": 1160}
    assert told(counters.take([total("f", calls=13, cost=980)])) == {"f": 1240}


def test_what_is_removed_and_read_again_is_not_counted_twice():
    counters = Counters()
    whole = [total("f", calls=10, cost=1000), total("g", calls=3, cost=30, model="n")]
    counters.take(whole)
    for calls in (0, 4, 9, 10):
        series = counters.take([total("f", calls=calls, cost=calls * 100)] if calls else [])
        assert told(series) == {"f": 1000, "g": 30} and told(series, "calls") == {"f": 10, "g": 3}
    counters.take(whole)
    assert counters.correction == 0


def test_calls_that_go_to_another_feature_are_not_new():
    counters = Counters()
    counters.take([total("f", calls=10, cost=1000)])
    moved = [total("f", calls=6, cost=600), total("g", calls=4, cost=400)]
    assert told(counters.take(moved)) == {"f": 1000, "g": 0}
    assert counters.correction == 0
    moved[1] = total("g", calls=5, cost=500)
    assert told(counters.take(moved), "calls") == {"f": 10, "g": 1}


def test_no_counter_ever_falls():
    counters, before = Counters(), {}
    for n in range(200):
        step = [
            total(f"f{m}", calls=1 + n * m % 17, cost=(n * 31 + m * 7) % 101, model=f"m{m % 25}")
            for m in range(n % 40, n % 40 + 30)
        ]
        now = {one.labels: dict(one.counters) for one in counters.take(step)}
        assert set(before) <= set(now)
        for labels, counted in before.items():
            assert all(now[labels][field] >= counted[field] for field in COUNTED)
        whole = sum(counted["cost"] for counted in now.values())
        assert whole + counters.correction == sum(one.cost for one in step)
        before = now


def test_unpriced_calls_are_a_gauge_that_keeps_its_series():
    counters = Counters()
    (one,) = counters.take([total("f", unpriced=1, cost=0)])
    assert one.unpriced == 1
    assert [one.unpriced for one in counters.take([total("f", cost=7)])] == [0]
    assert [one.unpriced for one in counters.take([])] == [0]


def gone_on(counters, *totals):
    """Another process after this one, and its series."""
    after = Counters()
    after.restore(counters.kept())
    return after, after.take(totals)


def test_a_new_process_goes_on_where_the_last_one_was_also_after_a_price_fell():
    counters = Counters()
    counters.take([total("f", calls=10, cost=1000), total("g", calls=2, cost=20)])
    after, series = gone_on(counters, total("f", calls=10, cost=400), total("g", calls=3, cost=30))
    assert told(series) == {"f": 1000, "g": 30} and told(series, "calls") == {"f": 10, "g": 3}
    assert after.correction == -600
    series = after.take([total("f", calls=11, cost=440), total("g", calls=3, cost=30)])
    assert told(series) == {"f": 1040, "g": 30} and after.correction == -600
    dearer, series = gone_on(after, total("f", calls=11, cost=9000), total("g", calls=3, cost=30))
    assert told(series) == {"f": 1040, "g": 30} and dearer.correction == 9000 - 1040


def test_names_and_other_go_on_and_what_the_store_forgot_is_named_no_more():
    counters = Counters()
    many = [total(f"f{n}", cost=1000 + n) for n in range(NAMED + 5)]
    before = told(counters.take(many))
    after, series = gone_on(counters, *many, total("new", cost=10**9))
    assert told(series) == before | {OTHER: before[OTHER] + 10**9, "new": 0}
    forgotten, series = gone_on(after, *many)
    assert "new" not in told(series) and b'"new"' in after.kept()
    assert told(series)["f24"] == 1024 and b'"new"' not in forgotten.kept()
    more = told(gone_on(forgotten, *many[1:], total("f0", calls=9, cost=10**8))[1])
    assert more["f0"] == 0 and more[OTHER] - told(series)[OTHER] == 10**8 - 1000


@pytest.mark.parametrize("kept", [b"", b"{", b"[1]", b'[[["f","m","p"],[1],[1]]]', b"\xff\x00"])
def test_a_file_that_is_none_is_as_good_as_nothing(kept):
    counters = Counters()
    counters.restore(kept)
    assert told(counters.take([total("f", cost=7)])) == {"f": 7}
