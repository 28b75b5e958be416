"""A message for each crossing: exactly one, within seconds of the line, also over restarts."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.instance import Instance
from tests.notify.desk import Inbox
from tests.patience import until

CONFIG = """
timezone = "UTC"
[[source]]
name = "fleet"
paths = ["{home}/fleet/*.jsonl"]
[[budget]]
name = "daily"
period = "day"
amount = "$10"
[[notify]]
label = "chat"
url = "json://127.0.0.1:{port}/hook"
"""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.close()


class Fleet:
    """Sessions in costtop's own lines; a million output tokens of Sonnet 4.5 cost $15."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._calls = 0

    def spend(self, session: str, dollars: float, ago: timedelta = timedelta(0)) -> None:
        self._calls += 1
        line = {
            "ts": (datetime.now(UTC) - ago).isoformat(), "id": f"r{self._calls}",
            "session": session, "feature": "checkout", "model": "claude-sonnet-4-5",
            "input_tokens": 0, "output_tokens": round(dollars * 1e6 / 15),
        }  # fmt: skip
        self._instance.append("fleet/a.jsonl", json.dumps(line) + "\n")

    def past(self) -> None:
        """Finished sessions of forty cents, days dearer than the budget: all history.

        Enough of it that learning takes longer than the first lines after it.
        """
        for nth in range(2000):
            self.spend(f"old-{nth // 20}", 0.02, timedelta(days=9, hours=-nth // 20))


def test_each_tier_and_a_session_past_five_medians_is_told_once_also_over_restarts(instance, inbox):
    fleet = Fleet(instance)
    fleet.past()
    instance.configure(CONFIG.format(home=instance.home, port=inbox.port))

    def one_more(wanted: str) -> None:
        """Waits for the message that begins so: no crossing may be told before or late."""
        until(lambda: next((one for one in inbox.titles if one.startswith(wanted)), None))

    instance.start()
    for _ in range(7):  # 30 cents and more each: past $2.00 with the last one
        assert not [title for title in inbox.titles if "median 5x" in title]
        fleet.spend("runaway-1", 0.3)
    one_more("[costtop] session runaway-1: $2.10, 5.3x")
    for nth in range(2):
        fleet.spend(f"good-{nth}", 1.5)
    one_more("[costtop] budget daily: 50 % of $10.00")
    until(lambda: instance.ask("SELECT count(*) FROM outbox WHERE state = 'pending'") == 0)
    instance.kill9()
    fleet.spend("good-2", 1.5)  # nobody watches
    instance.start()
    fleet.spend("good-3", 1.5)
    one_more("[costtop] budget daily: 80 % of $10.00")
    instance.stop()
    instance.start()
    fleet.spend("runaway-1", 0.1)
    fleet.spend("good-4", 1.9)
    one_more("[costtop] budget daily: 100 % of $10.00")
    instance.stop()
    instance.start()
    until(lambda: instance.once().get("good-4", {}).get("calls") == 1)
    time.sleep(1)  # the time in which a repeated message would come
    instance.stop()
    of_budget = [title for title in inbox.titles if title.startswith("[costtop] budget")]
    assert len(of_budget) == 3, of_budget
    plain = [title for title in inbox.titles if "median 5x" in title]
    assert len(plain) == 1, plain


def test_a_changed_amount_is_told_its_own_tiers_once_each_also_through_kills(instance, inbox):
    fleet = Fleet(instance)
    instance.configure(CONFIG.format(home=instance.home, port=inbox.port))
    fleet.spend("w-0", 0.001)
    instance.start()

    def told(wanted: str) -> None:
        until(lambda: f"[costtop] budget daily: {wanted}" in inbox.titles)
        until(lambda: instance.ask("SELECT count(*) FROM outbox WHERE state = 'pending'") == 0)

    fleet.spend("w-1", 11.0)
    told("100 % of $10.00")
    assert "$10.00 a day → $30.00 a day" in instance.cli("budget", "set", "daily", "30")
    fleet.spend("w-2", 4.5)
    told("50 % of $30.00")
    instance.kill9()
    fleet.spend("w-3", 9.0)  # nobody watches
    instance.start()
    told("80 % of $30.00")
    assert "stays as it is" in instance.cli("budget", "set", "daily", "30")
    instance.kill9()
    instance.start()
    fleet.spend("w-4", 7.0)  # $31.50
    told("100 % of $30.00")
    instance.kill9()
    instance.start()
    fleet.spend("w-5", 0.1)
    until(lambda: instance.once().get("w-5", {}).get("calls") == 1)
    instance.cli("budget", "set", "daily", "15")  # lowered below what is spent
    told("100 % of $15.00")
    time.sleep(1)  # the time in which a repeated message would come
    instance.stop()
    of_budget = [title for title in inbox.titles if title.startswith("[costtop] budget")]
    wanted = ["100 % of $10.00", "50 % of $30.00", "80 % of $30.00", "100 % of $30.00"]
    assert of_budget == [f"[costtop] budget daily: {one}" for one in [*wanted, "100 % of $15.00"]]
    half = next(body for body in inbox.bodies if "Passed 50 %" in body)
    assert "Dearest: w-1 $11.00, w-2 $4.50, w-0 $0.00." in half
    open_ones = "SELECT count(*) FROM alerts WHERE state = 'open' AND amount <> 15000000000"
    assert instance.ask(open_ones) == 0
    deeds = "SELECT count(*) FROM deeds WHERE deed = 'budget daily'"
    assert instance.ask(deeds) == 3


def test_a_budget_changed_in_the_file_is_journalled_and_announced_once(instance, inbox):
    text = CONFIG.format(home=instance.home, port=inbox.port)
    instance.configure(text)
    instance.start()
    instance.stop()
    instance.configure(text.replace('"$10"', '"$12"'))
    instance.start()
    until(lambda: "[costtop] deed: budget daily" in inbox.titles)
    instance.stop()
    instance.start()
    instance.stop()
    said = instance.ask("SELECT group_concat(detail) FROM deeds WHERE deed = 'budget daily'")
    assert said == (
        "budget daily is changed: $10.00 a day → $12.00 a day. Now $12.00 a day, tiers 50 80 100 %"
    )
