"""Stewards as real processes: they count, they tell once, and whoever leads is one."""

import signal

from costtop.durations import now_ms
from costtop.fleet.ship_to_server import ask
from tests.fleet.fleet import Fleet, call
from tests.fleet.stewards import BUDGET
from tests.patience import until

CENT = 10_000_000


def spend(fleet: Fleet, first: int, cents: int, host: str = "a") -> None:
    """Calls of a dime each, made now."""
    fleet.ship(host, [
        call(first + i, at=now_ms() - 1000, cost=10 * CENT, computed=10 * CENT)
        for i in range(cents // 10)
    ])  # fmt: skip


def test_a_crossed_budget_of_the_fleet_is_told_once_and_stands_as_the_ledger_says(red, inbox, life):
    ops = life("ops").start()
    until(lambda: ops.leads, what=ops.errors)
    spend(red, 0, 30, "a")
    spend(red, 100, 30, "b")
    spend(red, 200, 900, "c")  # another team's
    until(lambda: inbox.got)
    assert "50 %" in inbox.titles[0]
    spend(red, 300, 60, "a")
    until(lambda: len(inbox.got) == 2)
    assert "team" in inbox.titles[1]
    assert "exceeded" in inbox.titles[1] or "100 %" in inbox.titles[1]
    until(lambda: red.rows("SELECT spent FROM costtop.standing") == [120 * CENT])
    until(lambda: red.rows("SELECT count(*) FROM costtop.outbox WHERE state = 'sent'") == [2])


def test_a_leader_that_slept_tells_nothing_when_it_wakes_and_its_writes_change_nothing(
    red, inbox, life
):
    sleeper = life("ops-1").start(lease=1.0)
    until(lambda: sleeper.leads)
    spend(red, 0, 50)
    until(lambda: len(inbox.got) == 1)
    other = life("ops-2").start(lease=1.0)
    until(lambda: other.state.get("leader") == "ops-1")
    sleeper.signal(signal.SIGSTOP)
    until(lambda: other.leads)  # its connection stands, and with it its lock: its word is over
    spend(red, 100, 30)
    until(lambda: len(inbox.got) == 2)
    epochs = set(red.rows("SELECT epoch FROM costtop.standing"))
    sleeper.signal(signal.SIGCONT)
    until(lambda: sleeper.state.get("leader") == "ops-2")
    until(lambda: set(red.rows("SELECT state FROM costtop.outbox")) == {"sent"})
    assert set(red.rows("SELECT epoch FROM costtop.standing")) == epochs
    assert len(inbox.got) == 2


def test_what_is_crossed_under_six_kills_of_leaders_is_told_once_or_twice_where_one_died(
    red, inbox, life
):
    tiers = list(range(10, 101, 10))
    both = [life(name, f"{BUDGET}tiers = {tiers}\n").start() for name in ("ops-1", "ops-2")]
    for round_ in range(6):
        until(lambda: any(one.leads for one in both))
        assert len([one for one in both if one.leads]) == 1
        leader = next(one for one in both if one.leads)
        spend(red, 100 * round_, 10 * (1 + round_ % 2))
        if round_ % 3:
            told = len(inbox.got)
            until(lambda told=told: len(inbox.got) > told)
        leader.end()
        until(lambda leader=leader: any(one.leads for one in both if one is not leader))
        (leader.home / "says").unlink()
        leader.start()
    until(lambda: set(red.rows("SELECT state FROM costtop.outbox")) == {"sent"})
    spent = red.rows("SELECT max(spent) FROM costtop.standing")[0]
    passed = [tier for tier in tiers if tier * CENT <= spent]
    assert sorted(red.rows("SELECT tier FROM costtop.alerts WHERE tier IS NOT NULL")) == passed
    letters = red.rows("SELECT title FROM costtop.outbox")
    assert len(letters) == len(set(letters))
    assert set(inbox.titles) == set(letters)
    assert len(inbox.titles) - len(letters) <= 6  # a letter whose sender died before it said so


def test_a_steward_behind_a_pool_says_so_and_leads_nothing(red, inbox, life, pool):
    ops = life("ops", port=pool.port).start()
    until(lambda: "leads through a pool" in ops.state.get("trouble", ""))
    assert red.rows("SELECT * FROM costtop.leader") == []


def test_a_budget_that_holds_gives_each_active_host_a_share_and_holds_on_all_when_it_is_spent(
    red, inbox, life
):
    gate = f'{BUDGET}action = "gate"\noffline = "hold"\n'
    ops = life("ops", gate).start()
    spend(red, 0, 40, "a")
    spend(red, 100, 20, "b")

    def guard(host: str) -> dict:
        said = ask(red.link(host))["guards"]
        return dict(said[0]) if said else {}

    until(lambda: guard("a").get("share") == 40 * CENT, what=ops.errors)  # 40 left, 2 hosts, twice
    assert not guard("a")["open"]
    assert ask(red.link("c"))["guards"] == []  # another team's
    spend(red, 200, 50, "b")
    until(lambda: guard("a")["confirmed"])
    assert guard("a")["why"] == "budget team is spent: $1.10 of $1.00"
    assert guard("a")["until_in_ms"] > 0
    assert guard("a") | {"age_ms": 0, "until_in_ms": 0} == guard("b") | {
        "age_ms": 0,
        "until_in_ms": 0,
    }
    assert until(lambda: [one for one in inbox.titles if "refuse" in one])
