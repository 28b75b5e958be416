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
    until(lambda: instance.once()["good-4"]["calls"] == 1)
    time.sleep(1)  # the time in which a repeated message would come
    instance.stop()
    of_budget = [title for title in inbox.titles if title.startswith("[costtop] budget")]
    assert len(of_budget) == 3, of_budget
    plain = [title for title in inbox.titles if "median 5x" in title]
    assert len(plain) == 1, plain
