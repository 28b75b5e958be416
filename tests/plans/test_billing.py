"""What a plan covers, and what of its price falls on a span: exact however a span is cut."""

import random
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from costtop import periods
from costtop.durations import DAY, MINUTE
from costtop.money import NANO
from costtop.nouns.paid_plan import PaidPlan
from costtop.plans import billing

BERLIN = ZoneInfo("Europe/Berlin")
NOW = 1_795_444_327_000
PLAN = PaidPlan("Max", "claude", ("claude-code", "claude-stream"), 200 * NANO)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Australia/Lord_Howe"])
def test_parts_of_a_span_cost_the_whole_wherever_it_is_cut(zone: str):
    rng, tz = random.Random(3), ZoneInfo(zone)
    for _ in range(300):
        price = rng.choice([20 * NANO, 200 * NANO, 17, NANO + 1, 0])
        plan = PLAN._replace(price=price)
        since = NOW - rng.randrange(500 * DAY)
        until = since + rng.randrange(200 * DAY)
        cuts = sorted(rng.randrange(since, until + 1) for _ in range(rng.randrange(6)))
        edges = [since, *cuts, until]
        parts = [billing.share(plan, *edge, tz) for edge in pairwise(edges)]
        assert sum(parts) == billing.share(plan, since, until, tz)
        assert all(part >= 0 for part in parts)


def test_a_month_costs_its_price_also_with_a_day_of_23_hours():
    for key, days in (("2026-03", 31), ("2026-10", 31), ("2026-02", 28), ("2028-02", 29)):
        start, end = periods.bounds("month", key, BERLIN)
        assert billing.share(PLAN, start, end, BERLIN) == 200 * NANO
        shares = [
            billing.share(PLAN, one.start, one.end, BERLIN)
            for one in periods.days(start, end, BERLIN)
        ]
        assert len(shares) == days
        assert max(shares) - min(shares) <= 1


def test_a_plan_costs_nothing_before_it_begins_and_after_it_ends():
    start, end = periods.bounds("month", "2026-11", BERLIN)
    tenth, twentieth = (periods.bounds("day", f"2026-11-{n}", BERLIN)[0] for n in (10, 20))
    plan = PLAN._replace(since=tenth, until=twentieth, price=30 * NANO)
    assert billing.share(plan, start, end, BERLIN) == 10 * NANO
    assert billing.share(plan, start, tenth, BERLIN) == 0
    assert billing.share(plan, twentieth, end, BERLIN) == 0


def test_what_a_plan_covers_is_billed_nothing_and_all_else_its_value_or_what_is_charged():
    plan = PLAN._replace(since=NOW, until=NOW + DAY)
    work = plan._replace(name="Work", since=None, until=None, account="/home/a/.claude-work")

    def billed(
        source: str, account: str = "", at: int = NOW, reported: int | None = None, cost: int = 7
    ) -> int:
        return billing.billed([plan, work], source, account, at, cost=cost, reported=reported)

    assert billed("claude-code") == billed("claude-stream") == 0
    assert billed("claude-code", at=NOW - 1) == billed("claude-code", at=NOW + DAY) == 7
    assert billed("claude-code", "/home/a/.claude-work", at=NOW - MINUTE) == 0
    assert billed("claude-code", "/home/a/.claude", at=NOW - MINUTE) == 7
    assert billed("codex") == 7
    assert billed("codex", reported=5) == 7  # an estimate of the tool, no charge
    assert billed("copilot", reported=5) == 5
    assert billed("copilot", reported=0) == 0
    assert billed("copilot") == 7
    assert billing.billed([], "codex", "", NOW, cost=None, reported=None) == 0
