"""Forecasts from the store: of everything and of a budget's scope, shown, spoken and measured."""

import json
import random
from zoneinfo import ZoneInfo

import pytest

from costtop.analysis.backtest import backtest, backtest_month
from costtop.analysis.forecast import SpendDay
from costtop.cli.main import main
from costtop.cli.reports import live
from costtop.daemon.alerting.alerting_loop import forecasts_of
from costtop.model import Budget
from costtop.money import NANO
from costtop.queries.live import head_forecasts
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse
from costtop.queries.spending import spend_forecast
from costtop.queries.spending.spend_forecast import Outlooks
from costtop.store import meta
from costtop.store.db import open_reader, open_writer
from tests.queries.weeks import DAY, HOUR, NOON, call, scanned

UTC = ZoneInfo("UTC")
MIDNIGHT = NOON - NOON % DAY
BUDGETS = """
[[budget]]
name = "daily"
amount = "$40"
[[budget]]
name = "monthly"
period = "month"
amount = "$5000"
[[budget]]
name = "search"
amount = "$12"
scope = { feature = "search" }
[[budget]]
name = "window"
period = "hours:5"
amount = "$12"
"""


def spent(days, today=12):
    """About $2 an hour from 8 to 22 o'clock, a quarter of it by "search"; today until noon."""
    rng = random.Random(7)
    lines = []
    for day in range(days + 1):
        for hour in range(8, 22 if day < days else today):
            at = MIDNIGHT - (days - day) * DAY + hour * HOUR + 1000
            for nth, feature in enumerate(("search", "app", "app", "app")):
                tokens = round(33_000 * rng.lognormvariate(0, 0.3))
                lines.append(call(f"{feature}{day}", f"{hour}-{nth}", at, feature=feature,
                                  input_tokens=0, output_tokens=tokens))  # fmt: skip
    return lines


@pytest.fixture
def paths(home):
    return scanned(home, spent(40), BUDGETS)


@pytest.fixture
def db(paths):
    return open_reader(paths.database)


def test_the_end_of_the_day_is_foreseen_with_an_interval_and_the_hour_of_each_tier(db):
    seen = Outlooks(db, NOON, UTC).of("day", amount=20 * NANO, tiers=(20, 50, 100))
    assert seen.low < seen.expected < seen.high
    assert seen.expected == pytest.approx(28 * NANO, rel=0.2)
    assert seen.breach > 0.9
    assert [tier for tier, _ in seen.hits] == [50, 100]
    assert NOON < seen.hits[0][1] < seen.hits[1][1] < MIDNIGHT + DAY


def test_a_scope_has_its_own_forecast_and_a_rolling_window_none(db):
    outlooks = Outlooks(db, NOON, UTC)
    whole, part = outlooks.of("day"), outlooks.of("day", {"feature": "search"})
    assert part.expected == pytest.approx(whole.expected / 4, rel=0.2)
    assert outlooks.of("hours:5") is None
    assert outlooks.of("day", {"feature": "nobody"}) is None


def test_week_and_month_add_the_days_that_are_left(db):
    outlooks = Outlooks(db, NOON, UTC)
    day, week, month = (outlooks.of(period) for period in ("day", "week", "month"))
    assert week.expected == pytest.approx(7 * 28 * NANO, rel=0.1)
    assert month.expected == pytest.approx(30 * 28 * NANO, rel=0.1)
    assert day.spent < week.spent < month.spent < month.low < month.high


def test_a_young_store_has_no_forecast(home):
    db = open_reader(scanned(home, spent(3)).database)
    assert Outlooks(db, NOON, UTC).of("day") is None
    assert Outlooks(db, NOON, UTC).forecasts() == ()


def test_the_frame_and_its_json_say_where_it_goes(db):
    taken = Live(db).take(NOON, Pulse(running=False))
    taken = head_forecasts.shown(taken, head_forecasts.read(db, NOON, UTC, taken.budgets))
    assert [one.period for one in taken.forecasts] == ["day", "month"]
    by_name = {meter.name: meter for meter in taken.budgets}
    assert by_name["daily"].expected == taken.forecasts[0].expected
    assert by_name["search"].breach < 0.2
    assert by_name["window"].expected is None
    text = live._plain(taken, [])
    assert "expected day $" in text
    assert "ends at $" in text
    tree = json.loads(json.dumps(live._tree(taken, [], {})))
    assert tree["forecasts"][0]["interval"] == 0.8
    assert tree["budgets"][0]["breach"] is not None


def test_budget_list_shows_what_is_expected(paths, capsys, monkeypatch):
    capsys.readouterr()
    monkeypatch.setattr("costtop.cli.control.budget.now_ms", lambda: NOON)
    assert main(["budget", "list"]) == 0
    text = capsys.readouterr().out
    assert "80 % INTERVAL" in text
    assert main(["budget", "list", "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["budgets"][0]["high_usd"] > tree["budgets"][0]["low_usd"]


def test_coverage_is_measured_at_most_hourly_and_shown_beside_the_forecast(paths):
    db = open_writer(paths.database)
    budgets = (Budget("daily", "day", 20 * NANO), Budget("w", "hours:5", NANO))
    first = forecasts_of(db, budgets, UTC, NOON)
    assert [one.budget for one in first.of_budgets] == ["daily"]
    meta.put(db, first.meta)
    assert forecasts_of(db, budgets, UTC, NOON + HOUR - 1).meta == {}
    assert forecasts_of(db, budgets, UTC, NOON + HOUR).meta != {}
    shown = Outlooks(db, NOON, UTC).forecasts()[0]
    assert shown.tested == 19
    assert 0.5 < shown.coverage <= 1
    held = spend_forecast.measured(db)
    assert held.at == NOON
    assert "held on" in live._ahead(shown)


def shape(count, seed):
    """Days of few sessions: at 21 o'clock mostly nothing is still to come."""
    rng = random.Random(seed)
    made = []
    for nth in range(count):
        level = 0.2 if nth % 7 >= 5 else 1.0
        hours = [
            round(NANO * rng.lognormvariate(0, 0.9)) if rng.random() < level * part else 0
            for part in (*[0.02] * 7, *[0.7] * 11, *[0.3] * 4, 0.1, 0.05)
        ]
        made.append(SpendDay(nth % 7 >= 5, tuple(hours)))
    return made


@pytest.mark.parametrize("hour", [9, 12, 15, 18, 21])
def test_the_interval_holds_as_often_as_it_says_late_in_the_evening_too(hour):
    records = [backtest(shape(90, seed), (hour,))[0] for seed in range(4)]
    held = sum(one.coverage for one in records) / len(records)
    assert 0.72 <= held <= 0.95


def test_the_month_is_foreseen_better_than_by_a_straight_line_and_its_interval_holds():
    records = [each for seed in range(3) for each in backtest_month(shape(100, seed), (7, 21))]
    assert all(one.wape < one.linear for one in records if one.on == 7)
    assert 0.7 <= sum(one.coverage for one in records) / len(records) <= 0.97
    assert backtest_month(shape(40, 1)) == []
