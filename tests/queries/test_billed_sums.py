"""Value and billed: reports of a random store say what the rule says of each call, exactly."""

import random
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from costtop import periods
from costtop.durations import DAY, HOUR
from costtop.plans import billing
from costtop.queries.spending import report
from costtop.queries.spending.report import OTHER
from costtop.queries.spending.spend_filters import Filter
from costtop.store import meta
from costtop.store.db import open_reader, open_writer
from costtop.store.plans import paid_plans
from costtop.store.sessions import accounts
from costtop.store.sessions.accounts import Accounts
from tests.queries.billed_calls import BERLIN, NOW, PLANS, UTC, Made, day, planned, written

BY = ("total", "day", "week", "month", "session", "feature", "model", "user", "task", "agent",
      "hour", "block", "tool", "server", "day,feature", "model,tool", "type",
      "pr", "ticket,tool")  # fmt: skip


@pytest.fixture(scope="module")
def calls() -> list[Made]:
    rng = random.Random(11)
    return [Made(nth, rng) for nth in range(700)]


@pytest.fixture(scope="module", params=PLANS)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, calls: list[Made]
) -> Iterator[object]:
    plans = PLANS[request.param]
    path = tmp_path_factory.mktemp("billed") / "costtop.db"
    planned(path, calls, plans)
    reader = open_reader(path)
    yield reader, plans
    reader.close()


SPANS = (
    (None, None),
    (day("2026-11-02"), None),
    (NOW // HOUR * HOUR - 9 * DAY, NOW // HOUR * HOUR - DAY),
    (day("2026-11-01"), day("2026-11-20")),
)


@pytest.mark.parametrize("tz", [BERLIN, UTC], ids=str)
@pytest.mark.parametrize("by", BY)
def test_every_report_bills_what_each_call_is_billed(
    store: tuple, calls: list[Made], by: str, tz: ZoneInfo
):
    db, plans = store
    for since, until in SPANS:
        found = report.read(db, by, tz, since, until, now=NOW)
        within = [
            one
            for one in calls
            if (since is None or one.call.at >= since) and (until is None or one.call.at < until)
        ]
        assert found.total.billed == sum(one.billed(plans) for one in within)
        assert sum(line.billed or 0 for line in found.lines) == found.total.billed
        assert found.total.cost == sum(one.cost or 0 for one in within)
        assert_whole(found)


def assert_whole(found: report.Report) -> None:
    """Rows and what of the plans' prices they do not carry are the total."""
    assert found.billing is not None
    carried = sum(line.plan_share for line in found.lines)
    left = found.total.plan_share - carried
    assert left >= 0
    assert sum(line.paid for line in found.lines) + left == found.total.paid
    assert found.total.plan_share == sum(one.share for one in found.billing.prices)
    if found.by == "total":
        assert left == 0
    elif found.by not in periods.CALENDAR:
        assert carried == 0


def test_days_carry_their_share_and_months_theirs(store: tuple):
    db, plans = store
    found = report.read(db, "day", BERLIN, day("2026-11-01"), None, now=NOW)
    for line in found.lines:
        bounds = periods.bounds("day", line.key, BERLIN)
        assert line.plan_share == sum(billing.share(plan, *bounds, BERLIN) for plan in plans)
    month = report.read(db, "month", BERLIN, day("2026-11-01"), None, now=NOW)
    (line,) = month.lines
    until = periods.end_of("day", NOW, BERLIN)
    wanted = sum(billing.share(plan, day("2026-11-01"), until, BERLIN) for plan in plans)
    assert line.plan_share == month.total.plan_share == wanted


def test_beyond_the_dearest_nothing_is_lost(store: tuple):
    db, _ = store
    for by in ("day", "feature", "session"):
        found = report.read(db, by, BERLIN, None, None, now=NOW, top=2)
        assert OTHER in {line.key for line in found.lines}
        assert_whole(found)


def test_a_price_is_part_of_a_report_of_its_agent_and_of_no_feature(store: tuple):
    db, plans = store
    for plan in plans:
        of_agent = (Filter("agent", (plan.agent,)),)
        found = report.read(db, "day", BERLIN, None, None, now=NOW, filters=of_agent)
        assert {name for name, _ in found.total.plan_shares} >= {plan.name}
        assert_whole(found)
    found = report.read(db, "day", BERLIN, None, None, now=NOW, filters=(Filter("user", ("ana",)),))
    assert found.total.plan_share == 0


def test_an_account_that_is_named_later_is_found_in_what_was_read_before(
    tmp_path: Path, calls: list[Made]
):
    path, plans = tmp_path / "costtop.db", PLANS["accounts"]
    written(path, calls, ())
    db = open_writer(path)
    for folders in ([plan.account for plan in plans], [], ["/h/.claude-work", "/h/.codex"]):
        db.execute("BEGIN")
        accounts.renew(db, Accounts(folders))
        meta.put(db, paid_plans.encoded(plans))
        db.execute("COMMIT")
        found = report.read(db, "agent", BERLIN, now=NOW)
        if folders:
            assert found.total.billed == sum(one.billed(plans) for one in calls)
        else:
            assert found.total.billed == sum(one.billed(()) for one in calls)
    db.close()


def test_without_a_plan_nothing_is_said_of_it(tmp_path: Path, calls: list[Made]):
    written(tmp_path / "costtop.db", calls, ())
    with open_reader(tmp_path / "costtop.db") as db:
        found = report.read(db, "day", BERLIN, now=NOW)
        assert found.billing is None
        assert {line.billed for line in found.lines} == {None}
        assert found.total.paid == found.total.cost
