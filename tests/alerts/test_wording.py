"""Titles word for word, four lines, two lengths, and nothing hostile in any of them."""

import re

import pytest

from costtop import durations
from costtop.alerts.summary import Summary, summary
from costtop.alerts.wording import SHORT, delayed, digest, message, plain, trial
from costtop.model import Finding, Notification

UUID = "claude-code/9f767c4a-77f8-4b0c-9e2d-0123456789ab"
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
USUAL = (("peers", 212), ("median", 1_570_000_000), ("ratio", 3.7), ("q95", 8_300_000_000))


def runaway(**more):
    more = {
        "session": UUID,
        "turn": 31,
        "cost": 5_800_000_000,
        "excess": 4_230_000_000,
        "evidence": USUAL,
        **more,
    }
    title = more.pop("title", "session 9f767c4: $5.80, 3.7x the usual (retry loop)")
    why = more.pop("why", "Turns 14-31 repeated Bash 9 times with the same failure.")
    return Finding("retry_loop", "warning", 0, title, why, **more)


def tier(**more):
    more = {"budget": "daily", "period": "2026-11-23", "tier": 80, "cost": 16_120_000_000, **more}
    more["evidence"] = (("amount", 20_000_000_000),)
    title = more.pop("title", "budget daily: 80 % of $20.00")
    return Finding("budget_tier", "warning", 0, title, "Dearest: checkout $9.10.", **more)


def other(rule):
    return Finding(rule, "warning", 0, "x", "", budget="daily")


def said(finding, *also):
    one = Notification("3f9a2c", "identity", "subject", finding, "first", speaks=True, also=also)
    return message(one)


def test_a_runaway_is_told_as_a_post_mortem_in_four_lines():
    words = said(runaway())
    assert words.title == "[costtop] session 9f767c4: $5.80, 3.7x the usual (retry loop)"
    assert words.body.splitlines() == [
        "Session 9f767c4 (claude-code) has cost $5.80 by turn 31.",
        "Usual is $1.57 (median of 212 finished, 95 of 100 cost at most $8.30): 3.7x, $4.23 more.",
        "Why: Turns 14-31 repeated Bash 9 times with the same failure.",
        "costtop kill 9f767c4 · costtop explain 9f767c4 · costtop alerts ack 3f9a2c",
    ]
    assert words.short == f"{words.title}. costtop kill 9f767c4"


def test_a_budget_is_told_in_four_lines_that_name_every_tier_passed():
    words = said(tier(), tier(tier=50))
    assert words.title == "[costtop] budget daily: 80 % of $20.00"
    assert words.body.splitlines() == [
        "Budget daily (2026-11-23) has spent $16.12 of $20.00.",
        "Passed 50, 80 %.",
        "Why: Dearest: checkout $9.10.",
        "costtop --once --sort rate · costtop budget list · costtop alerts ack 3f9a2c",
    ]


def test_a_budget_names_its_three_dearest_sessions_and_what_to_type():
    one = Notification("3f9a2c", "i", "s", tier(tier=100), "first", speaks=True)
    spenders = [(UUID, 9_100_000_000), ("codex/ab", 4_000_000_000), ("gemini/c", 20_000_000)]
    lines = message(one, spenders, holds=True, living="codex/ab").body.splitlines()
    assert lines[-2] == "Dearest: 9f767c4 $9.10, ab $4.00, c $0.02."
    assert lines[-1] == (
        "costtop explain 9f767c4 · costtop kill ab · costtop override daily"
        " · costtop budget set daily 30 · costtop budget list · costtop alerts ack 3f9a2c"
    )
    assert "kill" not in message(one, spenders).body


def test_a_burn_says_how_fast_against_what():
    evidence = (
        *(("amount", 20_000_000_000), ("burn", 7.2), ("window_ms", HOUR)),
        *(("hourly_nano", 6_000_000_000), ("usual_hourly_nano", 1_500_000_000)),
    )
    burn = Finding(
        "budget_burn", "warning", 0, "burn daily: $6.00 of $20.00 in the last hour", "why",
        budget="daily", period="2026-11-23", cost=10_500_000_000, evidence=evidence,
    )  # fmt: skip
    one = Notification("3f9a2c", "i", "s", burn, "first", speaks=True)
    words = message(one, [("codex/ab", 4_000_000_000)])
    assert words.title == "[costtop] burn daily: $6.00 of $20.00 in the last hour"
    assert words.body.splitlines()[:4] == [
        "Budget daily (2026-11-23) has spent $10.50 of $20.00.",
        "$6.00 an hour, 7.2x what the period allows, your usual hour is $1.50.",
        "Why: why",
        "Dearest of the last 1 h: ab $4.00.",
    ]


@pytest.mark.parametrize(
    ("finding", "title"),
    [
        (tier(), "[costtop] budget daily: 80 % "),
        (tier(title="crossed"), "[costtop] budget daily: 80 % "),
        (runaway(title="dear"), "[costtop] session 9f767c4: "),
        (runaway(session="costtop/checkout-42"), "[costtop] session checkout-42: "),
        (other("budget_forecast"), "[costtop] forecast daily: "),
        (other("budget_burn"), "[costtop] burn daily: "),
        (Finding("blind", "critical", 0, "x", ""), "[costtop] blind: "),
        (runaway(resolved=True), "[costtop] resolved session 9f767c4: "),
        (tier(resolved=True), "[costtop] resolved budget daily: "),
    ],
)
def test_titles_begin_as_filters_expect_whatever_a_detector_wrote(finding, title):
    assert said(finding).title.startswith(title)


def test_the_other_titles():
    assert digest([("warning", "a")], 1, 0, SECOND).title.startswith("[costtop] digest: 1 alert")
    assert trial("phone").title == "[costtop] test"


def test_a_digest_names_the_worst_and_counts_all():
    titles = [("warning", f"[costtop] session s{n}: $1") for n in range(498)]
    words = digest([*titles, ("critical", "[costtop] session bad: $9")], 499, 0, 5 * MINUTE)
    assert words.title == "[costtop] digest: 499 alerts in 5 min, 1 critical"
    assert words.body.splitlines()[0] == "• session bad: $9"
    assert "and 489 more" in words.body


HOSTILE = (
    "@everyone <!channel> [x](https://evil.com/a) **b** `c` ~~d~~ ||e|| <a href=x> & # \\n"
    "\x1b]52;c;x\x07\x9b31m\u202egnp\u200b\nbudget daily: 100 %\r\nfake"
)


@pytest.mark.parametrize("field", ["session", "feature", "user", "title", "why"])
def test_hostile_text_arrives_harmless(field):
    value = f"costtop/{HOSTILE}" if field == "session" else HOSTILE
    words = said(runaway(**{field: value}))
    whole = f"{words.title}\n{words.body}\n{words.short}".replace("[costtop]", "")
    hostile = r"[@<>\[\]*`~|#&\\\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]"
    assert not re.search(hostile, whole)
    assert "://" not in whole
    assert not re.search(r"[a-z]\.com", whole)
    assert "\n" not in words.title + words.short
    assert len(words.body.splitlines()) == 4
    assert len(words.title) <= 210


def test_numbers_and_model_names_keep_their_dots():
    assert plain("claude-opus-4.1 cost $5.80 at 3.7x") == "claude-opus-4.1 cost $5.80 at 3.7x"


def test_the_short_form_is_one_line_that_fits_an_sms():
    assert len(said(runaway(title="x" * 500)).short) <= SHORT


def test_a_late_message_says_how_late_it_is():
    assert delayed("t", "b", 0, 4 * MINUTE) == ("t", "b")
    assert delayed("t", "b", 0, 3 * HOUR) == ("t (delayed 3 h)", "b\ndelayed 3 h")


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 s"),
        (59 * SECOND, "59 s"),
        (MINUTE, "1 min"),
        (HOUR, "1 h"),
        (47 * HOUR, "47 h"),
        (3 * DAY, "3 d"),
    ],
)
def test_ages_are_in_their_largest_unit(ms, text):
    assert durations.words(ms) == text


def test_a_summary_says_spend_trend_the_dearest_and_what_changed():
    values = Summary(
        period="Mon 23 Nov",
        spent=41_200_000_000,
        floor=True,
        before=36_800_000_000,
        usual=30_000_000_000,
        calls=812,
        sessions=14,
        tasks=9,
        dearest=((UUID, 9_100_000_000), ("costtop/checkout-42", 3_000_000_000)),
        changes=("cost per task of checkout rose 31 % in 28 days",),
        alerts=3,
    )
    words = summary(values)
    assert words.title == "[costtop] digest: Mon 23 Nov, ≥$41.20, 12 % more than the one before"
    assert words.body.splitlines() == [
        "Spent ≥$41.20 in 14 sessions and 812 calls, 9 tasks completed at $4.58 each.",
        "Usual is $30.00.",
        "Dearest: 9f767c4 $9.10, checkout-42 $3.00.",
        "Changed: cost per task of checkout rose 31 % in 28 days",
        "costtop report --by session · 3 alerts: costtop alerts list",
    ]
