"""The constants of judgement, each at its very edge: what a changed one would change."""

from zoneinfo import ZoneInfo

import pytest

from costtop.detect import levels
from costtop.detect.budgets import burn
from costtop.detect.budgets.budget_monitor import FINE, HYSTERESIS, Budgets
from costtop.detect.rules.excess import projected
from costtop.detect.rules.registry import DETECTORS
from costtop.detect.rules.rule import Claim, Moment
from costtop.detect.sessions.finished_peer import GRID
from costtop.detect.sessions.peers import PeerGroups, tail
from costtop.detect.sessions.running_session import RunningSession, book, remember
from costtop.detect.settings import Settings
from costtop.model import Budget
from costtop.money import NANO

DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000
RULES = {rule.name: rule for rule in DETECTORS}


def moment(log, start, *, peers=0, cost=1.0, settings=None, own=0.5):
    """A session of one turn, beside so many finished ones of one turn and that cost."""
    settings = settings or Settings()
    groups = PeerGroups(settings)
    for nth in range(peers):
        spend = log.spend(f"p{nth}", start, cost)
        done = RunningSession(spend)
        book(done, spend)
        groups.add(remember(done, start, censored=False))
    spend = log.spend("x", start, own)
    session = RunningSession(spend)
    at = Moment(session, groups.view("test", "", False), settings)
    at.spend, at.moved = spend, book(session, spend)
    return at


def test_the_defaults_are_those_of_the_specification():
    assert Settings() == Settings(
        multiplier=5.0, min_peers=5, floor=250_000_000, finished_after=1_800_000,
        plain_rule="warning", session_cap=10_000_000_000, daily_budget=None, window=400,
        window_ms=2_419_200_000, alpha=0.002, learnt_from=30,
    )  # fmt: skip


def test_ages_grow_by_a_quarter_up_to_a_thousand():
    assert GRID == (
        1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 31, 38, 48, 60, 75, 93, 116, 146, 182, 227, 284,
        355, 444, 555, 694, 867,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("peers", "cost", "realised", "rate", "total"),
    [
        (0, 1.0, 0.04, 0.42, 0.25),  # half a turn to come: 0.04 + 0.21
        (0, 1.0, 0.039_999_999, 9.0, None),  # below $0.04 it is a hunch
        (0, 1.0, 0.04, 0.419, None),  # $0.2495 is below the floor of $0.25
        (5, 2.0, 0.06, 0.88, 0.50),  # 3 % of the median, then a quarter of it
        (5, 2.0, 0.059_999_999, 9.0, None),
        (5, 2.0, 0.06, 0.878, None),
    ],
)
def test_a_mechanism_must_have_cost_something_and_go_on_to_cost_more(
    log, start, peers, cost, realised, rate, total
):
    at = moment(log, start, peers=peers, cost=cost)
    found = projected(at, round(realised * NANO), rate * NANO)
    assert found == (None if total is None else pytest.approx(total * NANO, abs=2))


def claim(**what):
    given = {
        "statistic": 6.0,
        "limit": 5.0,
        "excess": NANO,
        "projected": NANO,
        "words": lambda: "w",
    }
    return Claim(**{**given, **what})


@pytest.mark.parametrize(
    ("rule", "what", "settings", "peers", "severity"),
    [
        ("median_5x", {}, {}, 5, "warning"),  # $6 at its first turn, beside five of $1
        ("median_5x", {}, {}, 4, "notice"),  # too few to say
        ("median_5x", {}, {"plain_rule": "notice"}, 5, "notice"),
        ("median_5x", {"statistic": 99.0}, {"plain_rule": "notice"}, 5, "notice"),
        ("median_5x", {"excess": NANO - 1}, {}, 5, "notice"),  # below four floors
        ("median_5x", {"excess": 900 * NANO}, {}, 5, "warning"),  # critical by a budget only
        ("median_5x", {"excess": 4 * NANO}, {"daily_budget": 20 * NANO}, 5, "critical"),
        ("median_5x", {"excess": 4 * NANO - 1}, {"daily_budget": 20 * NANO}, 5, "warning"),
        ("cost_outlier", {"learnt": 30}, {}, 30, "warning"),
        ("cost_outlier", {"learnt": 29}, {}, 29, "notice"),
        ("cost_outlier", {"learnt": 30, "excess": 900 * NANO}, {}, 30, "warning"),
        ("cache_miss", {}, {}, 5, "warning"),
        ("cache_miss", {"excess": 900 * NANO}, {}, 5, "warning"),  # no day is known to be usual
        ("cache_miss", {"excess": 4 * NANO}, {"daily_budget": 20 * NANO}, 5, "critical"),
        ("cache_miss", {"excess": NANO // 2 - 1}, {}, 4, "notice"),  # nothing is known to be usual
        ("cache_miss", {"excess": NANO // 2}, {}, 4, "warning"),  # and yet two floors are gone
        ("retry_loop", {}, {}, 0, "warning"),
        ("fan_out", {}, {}, 0, "warning"),
        ("session_cap", {}, {}, 0, "warning"),
        ("retry_loop_usage", {}, {}, 5, "warning"),
        ("retry_loop_usage", {"worth": False}, {}, 5, "notice"),
        ("retry_loop_usage", {}, {}, 4, "notice"),
    ],
)
def test_how_loud_a_claim_is(log, start, rule, what, settings, peers, severity):
    at = moment(log, start, peers=peers, settings=Settings(**settings), own=6.0)
    assert levels.severity(RULES[rule], claim(**what), at, start) == severity


@pytest.mark.parametrize(
    ("rule", "what", "severity"),
    [
        ("cache_miss", {"excess": 4 * NANO}, "critical"),  # a fifth of a usual day of $20
        ("cache_miss", {"excess": 4 * NANO - 1}, "warning"),
        ("cost_outlier", {"learnt": 30, "excess": 90 * NANO}, "warning"),  # size is no evidence
        ("median_5x", {"excess": NANO}, "warning"),  # a twentieth
        ("median_5x", {"excess": NANO - 1}, "notice"),
        ("retry_loop", {"excess": NANO, "projected": 10 * NANO}, "critical"),  # 10 x the median
        ("retry_loop", {"excess": NANO, "projected": 10 * NANO - 1}, "warning"),
    ],
)
def test_how_loud_beside_the_users_own_day(log, start, rule, what, severity):
    """Five days of twenty sessions at a dollar each."""
    at = moment(log, start, peers=0, own=6.0)
    for day in range(5):
        for nth in range(20):
            spend = log.spend(f"d{day}-{nth}", start, 1.0)
            done = RunningSession(spend)
            book(done, spend)
            at.peers.peers.add(remember(done, start - (day + 1) * DAY, censored=False))
    assert at.peers.peers.usual_day(start) == 20 * NANO
    assert levels.severity(RULES[rule], claim(**what), at, start) == severity


def test_which_rules_end_with_their_session_and_which_may_speak_alone():
    assert {name for name, rule in RULES.items() if rule.lasts} == {
        "median_5x", "cost_outlier", "age_outlier", "session_cap"
    }  # fmt: skip
    assert {name for name, rule in RULES.items() if rule.sure} == {
        "retry_loop", "fan_out", "session_cap"
    }  # fmt: skip
    assert {name for name, rule in RULES.items() if rule.plain} == {"median_5x"}


def test_a_calibrated_limit_is_worked_out_from_quantiles():
    """150 peaks 0.00 … 1.49: q50 .745, q90 1.341; exponential tails to 2 in 1000."""
    peaks = [nth / 100 for nth in range(150)]
    assert tail(peaks[:29], 0.002, 4.0) == 4.0
    assert tail(peaks[:30], 0.002, 4.0) == 4.0
    # ln(0.1 / 0.002) = 3.912; 1.341 + .596 / ln 5 * 3.912 = 2.790, and by q95: 1.761
    assert tail(peaks, 0.002, 4.0) == pytest.approx(2.7897, abs=5e-4)
    # 90 peaks: half of the way from the start to 0.801 + .356 / ln 5 * 3.912
    assert tail(peaks[:90], 0.002, 4.0) == pytest.approx((4.0 + 1.6663) / 2, abs=5e-4)


def test_burns_are_looked_at_over_these_pairs_of_windows():
    assert burn.PAIRS == {
        "day": ((6.0, HOUR, 10 * MINUTE, "warning"), (2.0, 3 * HOUR, 30 * MINUTE, "notice")),
        "week": ((8.4, HOUR, 5 * MINUTE, "warning"), (3.5, 6 * HOUR, 30 * MINUTE, "notice")),
        "month": (
            (14.4, HOUR, 5 * MINUTE, "warning"),
            (6.0, 6 * HOUR, 30 * MINUTE, "warning"),
            (1.0, 72 * HOUR, 6 * HOUR, "notice"),
        ),
    }
    assert (FINE, burn.SURE, HYSTERESIS) == (73 * HOUR, 0.8, 5)


@pytest.mark.parametrize(("left", "ends"), [(7_600_000_000, False), (7_599_999_999, True)])
def test_a_level_ends_five_per_cent_below_its_tier(log, start, left, ends):
    budgets = Budgets([Budget("b", "day", 10 * NANO, tiers=(80,))], ZoneInfo("UTC"))
    call = log.spend("s", start, 8.0)
    assert [x.tier for x in budgets.observe(call, start)] == [80]
    less = call._replace(new=False, previous=call.cost, cost=left)
    assert [x.resolved for x in budgets.observe(less, start)] == [True] * ends


@pytest.mark.parametrize(("amount", "reached"), [(7_999_999_999, [50]), (8_000_000_000, [80, 50])])
def test_a_tier_is_reached_at_its_very_amount(log, start, amount, reached):
    budgets = Budgets([Budget("b", "day", 10 * NANO)], ZoneInfo("UTC"))
    call = log.spend("s", start)._replace(cost=amount)
    assert [x.tier for x in budgets.observe(call, start)] == reached
