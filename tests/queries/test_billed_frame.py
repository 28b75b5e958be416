"""Heads, lists and past moments of a random store say of each session what the rule says."""

import random
from collections import defaultdict
from pathlib import Path

import pytest

from costtop import periods
from costtop.daemon.status.prometheus import exposition
from costtop.durations import DAY, HOUR, MINUTE, QUARTER
from costtop.money import NANO, dollars
from costtop.nouns.paid_plan import PaidPlan
from costtop.plans import billing
from costtop.queries.live import past_frame
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse, SessionRow
from costtop.queries.sessions import spent_sessions
from costtop.queries.sessions.spent_sessions import Within
from costtop.queries.totals import Totals, spending_line
from costtop.store import meta
from costtop.store.db import open_reader, open_writer
from costtop.store.plans import paid_plans
from costtop.store.sessions import accounts
from costtop.store.sessions.accounts import Accounts
from tests.queries.billed_calls import BERLIN, NOW, PLANS, Made, planned, written

RUNS = Pulse(running=True)


@pytest.fixture(scope="module")
def calls() -> list[Made]:
    rng = random.Random(5)
    return [Made(nth, rng) for nth in range(700)]


def by_session(calls: list[Made], plans: tuple[PaidPlan, ...]) -> dict[str, int]:
    """Billed by the key of each row: subagents have rows of their own."""
    found: dict[str, int] = defaultdict(int)
    for one in calls:
        found[f"{one.call.source}/{one.call.session}#{one.call.agent}"] += one.billed(plans)
    return found


def rows(sessions: tuple[SessionRow, ...]) -> dict[str, int | None]:
    found = {}
    for row in sessions:
        own = (row.billed or 0) - sum(child.billed or 0 for child in row.children)
        found[f"{row.key}#"] = own
        found |= {child.key: child.billed for child in row.children}
    return found


def assert_rows(sessions: tuple[SessionRow, ...], wanted: dict[str, int]) -> None:
    found = rows(sessions)
    for key in found.keys() | wanted.keys():
        assert (found.get(key) or 0) == wanted.get(key, 0), key


@pytest.mark.parametrize("kind", PLANS)
def test_a_frame_bills_its_sessions_its_day_and_its_month_by_the_rule(
    tmp_path: Path, calls: list[Made], kind: str
):
    plans = PLANS[kind]
    planned(tmp_path / "costtop.db", calls, plans)
    with open_reader(tmp_path / "costtop.db") as db:
        live = Live(db)
        for _ in range(2):  # the second time with what it remembers
            frame = live.take(NOW, RUNS, window=100 * DAY)
            assert_rows(frame.sessions, by_session(calls, plans))
            assert frame.billed is not None
            for period in ("day", "month"):
                start, end = (
                    periods.start_of(period, NOW, BERLIN),
                    periods.end_of("day", NOW, BERLIN),
                )
                beyond = sum(one.billed(plans) for one in calls if one.call.at >= start)
                share = sum(billing.share(plan, start, end, BERLIN) for plan in plans)
                of = frame.billed
                told = (of.today, of.today_share) if period == "day" else (of.month, of.month_share)
                assert told == (beyond, share)
        assert live.billed(NOW) == frame.billed == Totals(db).read(NOW).billed


def test_a_past_moment_bills_what_had_been_spent_by_then(tmp_path: Path, calls: list[Made]):
    plans = PLANS["dated"]
    planned(tmp_path / "costtop.db", calls, plans)
    rng = random.Random(1)
    with open_reader(tmp_path / "costtop.db") as db:
        for _ in range(12):
            at = NOW - rng.randrange(20 * DAY)
            frame = past_frame.take(db, at, BERLIN)
            shown = {child.key for row in frame.sessions for child in row.children}
            shown |= {  # one whose own calls are older than a day shows those of its subagents
                f"{row.key}#"
                for row in frame.sessions
                if row.calls > sum(child.calls for child in row.children)
            }
            before = by_session([one for one in calls if one.call.at <= at], plans)
            assert_rows(frame.sessions, {k: v for k, v in before.items() if k in shown})
            start = periods.start_of("day", at, BERLIN)
            until = (at // MINUTE + 1) * MINUTE
            beyond = sum(one.billed(plans) for one in calls if start <= one.call.at < until)
            assert frame.billed is not None
            assert frame.billed.today == beyond


def test_the_sessions_of_a_span_bill_what_they_spent_within(tmp_path: Path, calls: list[Made]):
    plans = PLANS["accounts"]
    planned(tmp_path / "costtop.db", calls, plans)
    since = (NOW - 9 * DAY) // QUARTER * QUARTER
    with open_reader(tmp_path / "costtop.db") as db:
        found = spent_sessions.read(db, Within("9 days", since, NOW - HOUR), NOW)
    until = (NOW - HOUR) // QUARTER * QUARTER
    wanted: dict[str, int] = defaultdict(int)
    for one in calls:
        if since <= one.call.at < until:
            wanted[f"{one.call.source}/{one.call.session}"] += one.billed(plans)
    assert {row.key: row.billed for row in found.rows} == dict(wanted)


def test_a_plan_that_is_taken_out_or_of_another_account_changes_the_next_frame(
    tmp_path: Path, calls: list[Made]
):
    path, plans = tmp_path / "costtop.db", PLANS["accounts"]
    written(path, calls, ())
    db, reader = open_writer(path), open_reader(path)
    live = Live(reader)
    assert live.take(NOW, RUNS, window=100 * DAY).billed is None
    moved = tuple(plan._replace(account=plan.account.replace("-work", "")) for plan in plans)
    for now_holding in (plans, moved, (), plans):
        db.execute("BEGIN")
        meta.put(db, paid_plans.encoded(now_holding))
        accounts.renew(db, Accounts(plan.account for plan in now_holding))
        db.execute("COMMIT")
        frame = live.take(NOW, RUNS, window=100 * DAY)
        if not now_holding:
            assert frame.billed is None
            assert {row.billed for row in frame.sessions} == {None}
            continue
        assert_rows(frame.sessions, by_session(calls, now_holding))
        assert frame.billed is not None
        month = periods.start_of("month", NOW, BERLIN)
        beyond = sum(one.billed(now_holding) for one in calls if one.call.at >= month)
        assert frame.billed.month == beyond
    db.close()
    reader.close()


def test_metrics_tell_what_is_billed_and_without_a_plan_nothing_of_it(
    tmp_path: Path, calls: list[Made]
):
    planned(tmp_path / "costtop.db", calls, PLANS["whole"])
    with open_reader(tmp_path / "costtop.db") as db:
        told = Totals(db).read(NOW)
        assert told.billed is not None
        text = exposition(told).decode()
        assert f'costtop_billed_usd{{period="month"}} {told.billed.month / NANO}' in text
        assert f'costtop_plan_share_usd{{period="today"}} {told.billed.today_share / NANO}' in text
        assert "billed" not in exposition(told._replace(billed=None)).decode()


def test_a_status_bar_says_that_it_is_value_and_what_is_billed(tmp_path: Path, calls: list[Made]):
    planned(tmp_path / "costtop.db", calls, PLANS["whole"])
    with open_reader(tmp_path / "costtop.db") as db:
        live = Live(db)
        today, burn, meters = live.glance(NOW, RUNS)
        said = spending_line(today, burn, meters, (), live.billed(NOW))
        billed = live.billed(NOW)
        assert billed is not None
        assert f"${dollars(today.cost)} value · billed ${dollars(billed.today)}" in said
        assert "value" not in spending_line(today, burn, meters)
