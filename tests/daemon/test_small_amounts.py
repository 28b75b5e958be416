"""Of a budget worth a few calls, two may be over: the second denied turn is the last one."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop.daemon.alerting.escalations import slips
from costtop.model import Breaker, Budget
from costtop.store import meta
from costtop.store.alerts import breakers
from costtop.store.db import open_writer
from costtop.store.sessions import gate_calls
from costtop.store.sessions.gate_calls import GateCall
from tests.store.test_floors import T0, call, priced, write

KEY = "claude-code/s1"
EACH = 150  # nano-dollars of a call
OPENED = T0 + 3_000


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Three calls, a second apart, and a gate that answers."""
    connection = open_writer(tmp_path / "home" / "costtop.db")
    more(connection, 1, 2, 3)
    gate_calls.put(connection, "claude-code", GateCall(OPENED, 1, KEY))
    yield connection
    connection.close()


def more(db: sqlite3.Connection, *seconds: float) -> None:
    """Calls at these seconds."""
    write(db, *(priced(call(f"c{at}", at=T0 + int(1000 * at))) for at in seconds))


def deny(db: sqlite3.Connection, *seconds: float) -> None:
    for at in seconds:
        breakers.denied(db, KEY, T0 + int(1000 * at))


def of(db: sqlite3.Connection, calls: int) -> Breaker:
    """A breaker of a budget worth so many calls."""
    budget = Budget("daily", "day", calls * EACH, (100,), (), "gate")
    meta.put(db, {"budgets": meta.encode_budgets([budget])})
    return Breaker(*("daily", "", "gate", (), "spent", OPENED), confirmed=OPENED, escalate="pause")


@pytest.mark.parametrize(("calls", "slipped"), [(3, True), (9, True), (10, False)])
def test_a_call_under_way_at_the_first_denial_counts_where_few_make_the_amount(db, calls, slipped):
    more(db, 4)
    deny(db, 4.1)
    more(db, 5.2)
    deny(db, 5.3)
    assert slips(db, of(db, calls), KEY) is slipped
    more(db, 6.2)
    assert slips(db, of(db, calls), KEY)


def test_two_denials_of_one_turn_and_its_summary_are_no_argument(db):
    more(db, 4.05)
    deny(db, 4.1, 4.15)
    more(db, 5.2)
    assert not slips(db, of(db, 3), KEY)


def test_nor_is_the_first_turn_after_a_denial_in_time(db):
    deny(db, 3.1)
    more(db, 4.1)
    deny(db, 4.2)
    assert not slips(db, of(db, 3), KEY)
    more(db, 5.1)
    assert slips(db, of(db, 3), KEY)
