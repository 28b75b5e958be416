"""Stewards as real processes: they count, they tell once, and whoever leads is one."""

import pytest

from costtop.durations import now_ms
from tests.fleet.fleet import Fleet, call
from tests.fleet.postgres import Postgres
from tests.fleet.stewards import BUDGET, StewardLife
from tests.notify.desk import Inbox
from tests.patience import until

CENT = 10_000_000


@pytest.fixture
def red(server: Postgres, database: str):
    """A fleet whose stewards read team red."""
    with Fleet(server, database, server.port) as made:
        made.admin.execute("SELECT costtop.allow('stella', 'red')")
        yield made


@pytest.fixture
def inbox():
    made = Inbox()
    yield made
    made.close()


@pytest.fixture
def life(red, inbox, tmp_path):
    """Makes stewards by name."""
    made = []

    def one(name: str, budgets: str = BUDGET, port: int = 0) -> StewardLife:
        made.append(StewardLife(tmp_path / name, red, inbox.port, budgets, port))
        return made[-1]

    yield one
    for each in made:
        each.end()


def _spend(fleet: Fleet, first: int, cents: int, host: str = "a") -> None:
    """Calls of a dime each, made now."""
    fleet.ship(host, [
        call(first + i, at=now_ms() - 1000, cost=10 * CENT, computed=10 * CENT)
        for i in range(cents // 10)
    ])  # fmt: skip


def test_a_crossed_budget_of_the_fleet_is_told_once_and_stands_as_the_ledger_says(red, inbox, life):
    ops = life("ops").start()
    until(lambda: ops.leads, what=ops.errors)
    _spend(red, 0, 30, "a")
    _spend(red, 100, 30, "b")
    _spend(red, 200, 900, "c")  # another team's
    until(lambda: inbox.got)
    assert "50 %" in inbox.titles[0]
    _spend(red, 300, 60, "a")
    until(lambda: len(inbox.got) == 2)
    assert "team" in inbox.titles[1]
    assert "exceeded" in inbox.titles[1] or "100 %" in inbox.titles[1]
    until(lambda: red.rows("SELECT spent FROM costtop.standing") == [120 * CENT])
    until(lambda: red.rows("SELECT count(*) FROM costtop.outbox WHERE state = 'sent'") == [2])
