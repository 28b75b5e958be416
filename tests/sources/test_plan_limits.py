"""Windows of plans as agents tell them: Codex in its rollouts, Claude Code to its status line."""

import json

import pytest

from costtop.durations import HOUR
from costtop.plan_reading import PlanReading
from costtop.sources.claude import status_limits
from costtop.sources.fold.times import moment
from tests.sources.lines import events, of

ID = "019f9000-0000-7000-8000-000000000001"
PATH = f"/home/ana/.codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-{ID}.jsonl"
AT = moment("2026-11-20T10:00:00.000Z")
ENDS = AT // 1000 + 7200


def limits(second=0, **told):
    return {
        "timestamp": f"2026-11-20T10:{second // 60:02}:{second % 60:02}.000Z",
        "type": "event_msg",
        "payload": {"type": "token_count", "info": None, "rate_limits": told},
    }


def window(used, minutes=300, **reset):
    return {"used_percent": used, "window_minutes": minutes, **(reset or {"resets_at": ENDS})}


def read(*rows, path=PATH):
    return of(PlanReading, events("codex", *rows, path=path))


def test_a_window_is_what_its_minutes_say():
    found = read(limits(primary=window(12.0, 10080), plan_type="pro"))
    assert [(one.minutes, one.used, one.plan, one.limit) for one in found] == [
        (10080, 12, "pro", "")
    ]
    assert (found[0].home, found[0].at, found[0].resets) == ("/home/ana/.codex", AT, ENDS * 1000)


def test_both_windows_are_told_and_what_is_told_again_is_not():
    both = {"primary": window(1.0), "secondary": window(7, 10080)}
    found = read(limits(**both), limits(30, **both), limits(60, **both | {"primary": window(2)}))
    assert [(one.minutes, one.used) for one in found] == [
        (300, 1),
        (10080, 7),
        (300, 2),
        (10080, 7),
    ]


@pytest.mark.parametrize(
    ("reset", "moment"),
    [
        ({"resets_at": ENDS}, ENDS * 1000),
        ({"reset_at": ENDS}, ENDS * 1000),
        ({"resets_at": ENDS * 1000}, ENDS * 1000),
        ({"resets_in_seconds": 3600}, AT + HOUR),
        ({"resets_at": None}, None),
        ({"resets_at": "soon"}, None),
    ],
)
def test_the_end_has_had_three_names(reset, moment):
    assert [one.resets for one in read(limits(primary=window(3, **reset)))] == [moment]


@pytest.mark.parametrize(
    ("told", "minutes"), [(299, 300), (10079, 10080), (300, 300), (90, 90), (1, 1), (301.0, 300)]
)
def test_a_minute_more_or_less_is_the_same_window(told, minutes):
    assert [one.minutes for one in read(limits(primary=window(3, minutes=told)))] == [minutes]


def test_another_limit_is_another_window():
    rows = [
        limits(primary=window(5), limit_id="codex"),
        limits(30, primary=window(50), limit_id="codex_spark", limit_name="Spark"),
        limits(60, primary=window(5), limit_id="codex"),
    ]
    assert [(one.limit, one.used) for one in read(*rows)] == [("", 5), ("Spark", 50)]


@pytest.mark.parametrize(
    "told",
    [
        {"primary": None, "secondary": None},
        {"primary": {"used_percent": 4}},
        {"primary": {"window_minutes": 300}},
        {"primary": window("much")},
        {"primary": window(True)},
        {"primary": window(3, minutes=0)},
        {"primary": [1, 2]},
        {},
    ],
)
def test_what_is_not_told_is_not_made_up(told):
    assert read(limits(**told)) == []


def test_limits_of_an_odd_kind_cost_no_call():
    used = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
    row = limits(primary=window(1))
    row["payload"]["info"] = {"total_token_usage": used, "last_token_usage": used}
    row["payload"]["rate_limits"] = "none"
    found = events("codex", row, path=PATH)
    assert [type(one).__name__ for one in found] == ["Call"]


def test_a_fork_does_not_tell_its_parents_windows_as_its_own():
    meta = {
        "timestamp": "2026-11-20T10:00:00.000Z",
        "type": "session_meta",
        "payload": {"id": ID, "forked_from_id": ID.replace("1", "2")},
    }
    found = read(meta, limits(1, primary=window(90)), limits(40, primary=window(4)))
    assert [one.used for one in found] == [4]


def status(**windows):
    log = "/home/ana/.claude/projects/-home-ana-app/s1.jsonl"
    return status_limits.told(json.dumps(windows), log, AT)


def used(share, resets=ENDS):
    return {"used_percentage": share, "resets_at": resets}


def test_claude_codes_windows_have_their_length_in_their_names():
    found = status(five_hour=used(61), seven_day=used(22.5), seven_day_opus=used(3))
    assert [(one.minutes, one.limit, one.used) for one in found] == [
        (300, "", 61), (10080, "", 22.5), (10080, "opus", 3)
    ]  # fmt: skip
    assert {(one.source, one.home, one.resets, one.at) for one in found} == {
        ("claude-code", "/home/ana/.claude", ENDS * 1000, AT)
    }


def test_a_window_without_an_end_is_a_window():
    assert [one.resets for one in status(five_hour={"used_percentage": 4})] == [None]


@pytest.mark.parametrize(
    "windows",
    [
        {"five_hour": {}}, {"five_hour": None}, {"five_hour": {"used_percentage": "61"}},
        {"five_hour": {"used_percentage": -1}}, {"some_day": used(3)}, {"extra_usage": used(3)}, {},
    ],
)  # fmt: skip
def test_windows_that_say_nothing_are_none(windows):
    assert status(**windows) == []


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{", '{"five_hour": {"used_percentage": 1e999}}']
)
def test_no_text_is_too_odd(text):
    assert status_limits.told(text, "", AT) == []


def test_a_rollout_cannot_tell_of_limits_without_end():
    rows = [limits(n % 60, primary=window(n % 90), limit_id=f"made-up-{n}") for n in range(200)]
    assert len({one.limit for one in read(*rows)}) == 16
    (long,) = read(limits(primary=window(1), limit_id="x" * 500))
    assert len(long.limit) == 40
