"""The price of a completed task is one number on every surface, the rest beside it."""

from zoneinfo import ZoneInfo

from costtop.queries.sessions import tasks
from costtop.queries.spending import days, report, review
from costtop.store.db import open_reader
from tests.queries.weeks import DAY, NOON, call, scanned, work

UTC = ZoneInfo("UTC")


def test_report_review_tasks_and_days_have_one_price_of_a_task(home):
    """Some tasks are given up, some calls belong to no task."""
    lines = work("checkout", 9, 6, lost=0.4)
    lines += [call("free", n, NOON - n * DAY // 3, feature="checkout") for n in range(20)]
    db = open_reader(scanned(home, lines).database)
    begins = NOON // DAY * DAY - 6 * DAY
    found = report.read(db, "feature", UTC, begins, NOON)
    (line,) = found.lines
    assert line.cost_per_task == found.total.cost_per_task
    assert line.cost_per_task < line.spend_per_task
    (one,) = tasks.read(db, "7 days", NOON, UTC).sums
    assert one.each == line.cost_per_task
    assert (one.completed, one.spent.cost) == (line.tasks, line.tasks_cost)
    assert one.lost_spent.cost > 0
    assert review.read(db, NOON, UTC, begins).lines[0].work.each == line.cost_per_task
    by_day = {each.key: each for each in report.read(db, "day", UTC, begins, NOON).lines}
    for each in days.read(db, 7, NOON, UTC):
        assert each.each == by_day[each.key].cost_per_task
        assert each.tasks == by_day[each.key].tasks


def test_where_calls_name_no_task_all_spend_is_shared_by_the_completed_ones(home):
    task = '{"ts": "2026-11-18T10:30:00Z", "event": "task", "session": "s", "task": "T%d",'
    done = [task % n + ' "status": "completed"}' for n in range(2)]
    db = open_reader(scanned(home, [call("s", 0, NOON - DAY // 24), *done]).database)
    total = report.read(db, "total", UTC).total
    assert (total.tasks, total.tasks_told) == (2, 0)
    assert total.cost_per_task == total.spend_per_task == (total.cost + 1) // 2
