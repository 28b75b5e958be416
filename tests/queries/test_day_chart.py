"""The day above the list: it adds up to what reports say, and is flagged by what was told."""

from pathlib import Path

from costtop.durations import HOUR, MINUTE
from costtop.money import NANO
from costtop.queries.live import day_chart
from costtop.queries.live.day_chart import MINUTES, ChartMark, DayChart, affordable, reached
from costtop.queries.live.view import BudgetMeter
from tests.queries.test_surfaces import NOW, written

DAY = BudgetMeter("daily", "day", 0, False, 10 * NANO, (50, 80, 100), NOW + 2 * HOUR)


def told(db, session: str, at: int, *, told: int | None) -> None:
    db.execute(
        "INSERT INTO alerts (ref, identity, subject, rule, severity, session, at, raised, title,"
        " why, evidence, state, reason, told) VALUES (?, ?, ?, 'retry_loop', 'critical', ?, ?, ?,"
        " 't', 'w', '{}', 'open', 'told', ?)",
        (f"{session}{at}", f"{session}{at}", session, session, at, at, told),
    )


def test_the_day_is_the_sum_of_its_minutes_and_flagged_from_the_first_alert_on(tmp_path: Path):
    calls = [
        ("wild", "opus", NOW - 3 * HOUR, 1_000),
        ("wild", "opus", NOW - HOUR, 20_000),
        ("calm", "opus", NOW - HOUR, 300_000),
        ("old", "opus", NOW - 25 * HOUR, 4_000_000),
    ]
    db = written(tmp_path, calls)
    told(db, "claude-code/wild", NOW - 2 * HOUR, told=NOW - 2 * HOUR)
    told(db, "claude-code/calm", NOW - 2 * HOUR, told=None)  # found, and told to nobody
    db.execute(
        "INSERT INTO deeds (at, by, deed, session, detail) VALUES (?, 'ana', 'kill up to TERM',"
        " 'claude-code/wild', ''), (?, 'ana', 'mark watch', 'claude-code/wild', '')",
        (NOW - MINUTE, NOW - MINUTE),
    )
    day = day_chart.read(db, NOW, NOW)
    assert len(day.costs) == len(day.flagged) == MINUTES
    assert day.cost == 321_000
    assert sum(day.flagged) == 20_000
    assert day.marks == (ChartMark(NOW - 2 * HOUR, "alert"), ChartMark(NOW - MINUTE, "kill"))
    assert sum(day_chart.lit(db, "claude-code/wild", NOW)) == 21_000
    assert sum(day_chart.lit(db, "claude-code/nobody", NOW)) == 0
    half = day_chart.read(db, NOW, NOW - 2 * HOUR)  # a day that is played shows no future
    assert half.cost == 1_000
    db.close()


def test_tiers_are_reached_when_the_days_own_minutes_add_up_to_them():
    costs = [0] * MINUTES
    costs[0] = 90 * NANO  # yesterday's
    costs[-300], costs[-200], costs[-100] = 6 * NANO, 2 * NANO, 3 * NANO
    day = DayChart(NOW, tuple(costs), (0,) * MINUTES)
    found = reached(day, DAY, NOW - 10 * HOUR)
    assert [one.tier for one in found] == [50, 80, 100]
    assert [(day.until - one.at) // MINUTE for one in found] == [299, 199, 99]
    assert reached(day, None, 0) == ()


def test_what_the_rest_of_a_budget_allows_an_hour():
    assert affordable(DAY._replace(spent=4 * NANO), NOW) == 3 * NANO
    assert affordable(DAY._replace(spent=10 * NANO), NOW) is None
    assert affordable(None, NOW) is None
