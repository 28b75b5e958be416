"""While older logs are read at first, budgets of the day judge what is spent meanwhile."""

from pathlib import Path

import pytest

from costtop.durations import DAY, HOUR
from costtop.model import Call, Context, Spend, Tokens
from costtop.money import NANO
from costtop.store.alerts import breakers
from tests.daemon import stream
from tests.daemon.stream import BUDGETS, Life, reading

NOW = 1_795_435_200_000  # noon of a day, UTC
SAID = (
    "SELECT rule, tier, state FROM alerts WHERE budget = ? AND rule = 'budget_tier'"
    " AND ? LIKE period || '%' ORDER BY tier"
)


def spent(number: int, at: int, dollars: int) -> Spend:
    call = Call(
        bytes(14) + number.to_bytes(2, "big"), "test", f"s{number}", "m", Tokens(1_000),
        at, Context(feature="shop"),
    )  # fmt: skip
    return Spend(call, f"test/s{number}", dollars * NANO, None, at, "shop")


@pytest.fixture
def life(tmp_path: Path) -> Life:
    it = Life(tmp_path / "costtop.db", NOW, waits=True)
    it.commit(reading([spent(1, NOW - HOUR, 35)]), NOW)
    it._within(lambda: it.watch.begin_today(it.db, NOW))
    return it


def said(life: Life, budget: str) -> list[tuple[str, int, str]]:
    return life.db.execute(SAID, (budget, "2026-11-23")).fetchall()


def test_what_is_true_when_today_has_been_read_is_history(life: Life) -> None:
    assert said(life, "daily") == [("budget_tier", 50, "history")]


def test_a_budget_of_the_day_speaks_while_older_logs_are_read(life: Life) -> None:
    life.commit(reading([spent(2, NOW + 1_000, 20)]), NOW + 1_000)
    assert said(life, "daily") == [
        ("budget_tier", 50, "history"), ("budget_tier", 80, "open")
    ]  # fmt: skip


def test_older_logs_tell_no_budget_anything_and_no_tier_is_told_twice(life: Life) -> None:
    life.commit(reading([spent(2, NOW + 1_000, 20)]), NOW + 1_000)
    old = [spent(number, NOW - number * HOUR - DAY, 100) for number in range(10, 20)]
    life.commit(reading(old), NOW + 2_000)
    assert said(life, "monthly") == []
    life.begin(NOW + 3_000)
    life.wake_up(NOW + 3_000)
    assert {state for *_, state in said(life, "monthly")} == {"history"}
    assert [row[1:] for row in said(life, "daily")] == [(50, "history"), (80, "open")]


def test_a_budget_of_the_day_speaks_while_history_is_learnt(life: Life) -> None:
    life.begin(NOW + 500)
    life.commit(reading([spent(2, NOW + 1_000, 20)]), NOW + 1_000)
    twice = [("budget_tier", 50, "history"), ("budget_tier", 80, "open")]
    assert said(life, "daily") == twice
    life.wake_up(NOW + 2_000)
    assert said(life, "daily") == twice


def test_what_was_rolled_back_is_judged_again(life: Life) -> None:
    life.db.execute("BEGIN IMMEDIATE")
    life._write(reading([spent(2, NOW + 1_000, 20)]), NOW + 1_000)
    life.db.execute("ROLLBACK")
    life.write_context.forget()
    life.watch.fall_asleep()
    life.commit(reading([spent(2, NOW + 1_000, 20)]), NOW + 1_000)
    life._within(lambda: life.watch.begin_today(life.db, NOW + 1_000))
    assert [row[1:] for row in said(life, "daily")] == [(50, "history"), (80, "open")]


def test_a_breaker_of_a_longer_period_outlasts_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gated = (BUDGETS[0]._replace(action="gate"), BUDGETS[1]._replace(action="gate"))
    monkeypatch.setattr(stream, "BUDGETS", gated)
    first = Life(tmp_path / "costtop.db", NOW)
    first.commit(reading([spent(1, NOW - 3 * DAY, 500)]), NOW)
    opened = [one.budget for one in breakers.open_ones(first.db, NOW)]
    first.end()
    second = Life(tmp_path / "costtop.db", NOW + HOUR, waits=True)
    second._within(lambda: second.watch.begin_today(second.db, NOW + HOUR))
    second.commit(reading([spent(2, NOW + HOUR, 1)]), NOW + HOUR)
    second._within(lambda: second.watch.look(second.db, NOW + HOUR))
    assert opened == [one.budget for one in breakers.open_ones(second.db, NOW + HOUR)]
    assert opened == ["monthly"]
