"""What the daemon tells readers of its configuration comes back as it was."""

import sqlite3
from contextlib import closing

from costtop.model import Budget
from costtop.store import meta


def test_budgets_come_back_as_they_were():
    made = (
        Budget("daily", "day", 20_000_000_000),
        Budget("checkout", "hours:5", 1, (90,), (("feature", "c-*"), ("user", "ana")), "kill"),
    )
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
        assert meta.budgets(db) == ()
        meta.put(db, {"budgets": meta.encode_budgets(made)})
        assert meta.budgets(db) == made


def test_budgets_that_an_older_daemon_wrote_are_read():
    text = '[{"name": "d", "period": "day", "amount": 5, "tiers": [100], "scope": {}}]'
    assert meta.decode_budgets(text) == (Budget("d", "day", 5, (100,)),)
