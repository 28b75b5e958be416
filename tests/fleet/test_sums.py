"""A host that ships sums: what it says last of a quarter and of a session is what stands."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from costtop.fleet.naming import Naming
from costtop.fleet.next_shipment import ShippingOutbox
from costtop.fleet.ship_to_server import OTHER_DETAIL, ship
from costtop.fleet.shipment import ShippedLine, SumShipment
from costtop.model import Call, Context, Price, Tokens
from costtop.store import outgoing
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.repricing import reprice
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.forgetting import removal, tombstones
from costtop.store.unsent_sums import StoredTotals
from tests.fleet.fleet import NOON, Fleet, call, session

LINE = ShippedLine(NOON // 900_000, "ann", "shop", "opus", "f", 2, 1, 1, 1, 700, 10, 5, 3, 40)
_SPEND = (
    "SELECT quarter, u.text, p.text, m.text, f.text, calls, errors, unpriced, short, cost, input,"
    " cache_read, cache_write, output FROM costtop.spend s JOIN costtop.names u ON u.id = s.usr"
    " JOIN costtop.names p ON p.id = s.project JOIN costtop.names m ON m.id = s.model"
    " JOIN costtop.names f ON f.id = s.feature WHERE calls > 0"
)


def say(fleet: Fleet, shipment: SumShipment, host: str = "a") -> Any:
    db = fleet.link(host)
    return ship(db, fleet.epochs[host], 7, shipment)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    db = open_writer(tmp_path / "costtop.db")
    outgoing.begin(db, "how", sums=True)
    yield db
    db.close()


def read(db: sqlite3.Connection, *numbers: int, cost: int | None = 700, at: int = NOON) -> None:
    calls = [
        Call(key=bytes([n]) * 16, source="claude-code", session=f"5e55100{n % 3}a", model="opus",
             at=at + n * 60_000, tokens=Tokens(100, 10, 5, 0, n), request=f"r{n}",
             context=Context(project="/srv/shop", user="ann"))
        for n in numbers
    ]  # fmt: skip
    priced = [Priced(one, cost, cost, None) for one in calls]
    made = Reading("claude-code", b"/log", "{}", "{}", 1, False, priced, [], [], [], [])
    db.execute("BEGIN IMMEDIATE")
    record(db, WriteContext(lambda context, source, model: "f"), [made], NOON)
    db.execute("COMMIT")


def drain(fleet: Fleet, db: sqlite3.Connection, detail: str = "sessions", limit: int = 30) -> None:
    outbox = ShippingOutbox(db, Naming(("model", "feature", "project", "user"), b"k" * 32), detail)
    while (batch := outbox.next(limit)) is not None:
        for _ in range(2):  # the second time changes nothing
            answer = ship(fleet.link("a"), fleet.epochs["a"], batch.upto, batch.shipment)
        assert (answer.changed, answer.removed) == (0, 0)
        db.execute("BEGIN IMMEDIATE")
        outgoing.sent(db, batch.done)
        db.execute("COMMIT")


def agree(fleet: Fleet, db: sqlite3.Connection) -> None:
    """The server's spend, sessions and minutes are the store's."""
    columns = "calls, unpriced, cost, cache_read, output"
    sums = ", ".join(f"coalesce(sum({one}), 0)" for one in columns.split(", "))
    for table in ("spend", "sessions"):
        here = db.execute(f"SELECT {sums} FROM {table}").fetchone()
        assert tuple(map(int, fleet.rows(f"SELECT {sums} FROM costtop.{table}")[0])) == here
    query = "SELECT s.session, m.minute, m.cost, m.tokens, m.calls FROM {}minutes m JOIN"
    query += " {}sessions s ON s.id = m.session WHERE m.calls > 0 ORDER BY 1, 2"
    there = [tuple(row) for row in fleet.rows(query.format("costtop.", "costtop."))]
    assert there == db.execute(query.format("", "")).fetchall()


def test_a_store_and_the_server_have_the_same_sums(fleet: Fleet, store: sqlite3.Connection) -> None:
    read(store, *range(20))
    read(store, *range(20, 40), cost=None, at=NOON - 86_400_000)
    drain(fleet, store)
    agree(fleet, store)
    assert fleet.rows("SELECT count(*) FROM costtop.calls") == [0]
    store.execute("BEGIN IMMEDIATE")
    reprice(store, WriteContext(lambda *_: "g"), lambda c: Price(c.tokens.output * 3, None),
            lambda computed, reported: computed, 0, {})  # fmt: skip
    store.execute("COMMIT")
    drain(fleet, store)
    agree(fleet, store)
    assert {row[4] for row in fleet.rows(_SPEND)} == {"g"}
    store.execute("BEGIN IMMEDIATE")
    tombstones.put(store, [(tombstones.who("claude-code", "5e551001a"), NOON * 2)], NOON)
    while removal.calls(store).calls:
        pass
    removal.rest(store)
    store.execute("COMMIT")
    drain(fleet, store)
    agree(fleet, store)


def test_with_spend_alone_no_session_leaves(fleet: Fleet, store: sqlite3.Connection) -> None:
    read(store, *range(20))
    drain(fleet, store, "spend")
    assert fleet.rows("SELECT sum(cost) FROM costtop.spend") == [14_000]
    assert fleet.rows("SELECT count(*) FROM costtop.sessions") == [0]
    assert fleet.rows("SELECT detail FROM costtop.hosts WHERE name = 'a'") == ["spend"]


def test_a_line_is_as_it_was_said_last_and_gone_where_it_is_not_said(fleet: Fleet) -> None:
    say(fleet, SumShipment("spend", [LINE.quarter], [LINE, LINE._replace(user="bob")]))
    assert sorted(row[1] for row in fleet.rows(_SPEND)) == ["ann", "bob"]
    less = LINE._replace(cost=3, calls=1)
    answer = say(fleet, SumShipment("spend", [LINE.quarter], [less]))
    assert (answer.acked, answer.changed) == (7, 2)
    assert fleet.rows(_SPEND) == [tuple(less)]
    assert say(fleet, SumShipment("spend", [LINE.quarter], [less])).changed == 0


def test_another_hosts_lines_are_left_alone(fleet: Fleet) -> None:
    say(fleet, SumShipment("spend", [LINE.quarter], [LINE]), "b")
    say(fleet, SumShipment("spend", [LINE.quarter], []), "a")
    assert fleet.rows(_SPEND) == [tuple(LINE)]


@pytest.mark.parametrize("sums_first", [True, False])
def test_a_host_ships_calls_or_sums_but_not_both(fleet: Fleet, sums_first: bool) -> None:
    words = [
        lambda: say(fleet, SumShipment("spend", [LINE.quarter], [LINE])),
        lambda: fleet.ship("a", [call(1)]),
    ]
    first, second = words if sums_first else reversed(words)
    first()
    with pytest.raises(psycopg.Error, match="forget it before it ships") as caught:
        second()
    assert caught.value.sqlstate == OTHER_DETAIL
    fleet.rows("SELECT costtop.forget('a', 'red')")
    fleet.cut("a")
    fleet.enrol("a")
    second()


@pytest.mark.parametrize(
    "line",
    [
        LINE._replace(cost=3 * 10**13),
        LINE._replace(calls=-1),
        LINE._replace(output=-5),
        LINE._replace(user="x" * 201),
    ],
)
def test_a_sum_beyond_the_limits_is_refused_whole(fleet: Fleet, line: ShippedLine) -> None:
    with pytest.raises(psycopg.Error) as caught:
        say(fleet, SumShipment("spend", [line.quarter], [LINE._replace(model="m"), line]))
    assert caught.value.sqlstate == "CT002"
    assert fleet.rows("SELECT count(*) FROM costtop.spend") == [0]


def test_too_many_sessions_are_refused(fleet: Fleet) -> None:
    told = [session(n) for n in range(2_001)]
    sums = [StoredTotals(0, 0, 0, 0, 0, 0, 0, 0, 0)] * len(told)
    with pytest.raises(psycopg.Error, match="more than 2,000"):
        say(fleet, SumShipment("sessions", (), (), told, sums))


def test_an_older_connection_says_no_sums_any_more(fleet: Fleet) -> None:
    db, epoch = fleet.link("a"), fleet.epochs["a"]
    fleet.beat("a", anew=True)
    with pytest.raises(psycopg.Error, match="another connection"):
        ship(db, epoch, 1, SumShipment("spend", [LINE.quarter], [LINE]))
