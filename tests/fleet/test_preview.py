"""`costtop fleet preview` prints the rows that would leave, and sends and changes nothing."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop import paths
from costtop.cli.main import main
from costtop.daemon.opened_instance import join
from costtop.fleet.naming import Naming, hash_key
from costtop.fleet.next_shipment import ShippingOutbox
from costtop.fleet.shipment import ShippedCall
from costtop.model import Call, Context, SessionFact, Tokens
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse
from costtop.settings.fleet_settings import Fleet
from costtop.store import outgoing
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.unsent import ToldSession

T0 = 1_795_000_000_000
FLEET = "[fleet]\nurl_env = 'FLEET_URL'\nsend = ['model', 'project']\n"


@pytest.fixture
def db(home: Path) -> Iterator[sqlite3.Connection]:
    connection = open_writer(paths.find().database)
    record_calls(connection, *range(3))
    yield connection
    connection.close()


def record_calls(
    db: sqlite3.Connection, *numbers: int, ended: int | None = None, model: str = "opus"
) -> None:
    calls = [
        Call(key=bytes([n]) * 16, source="claude-code", session="5e55100a", model=model, at=T0 + n,
             tokens=Tokens(1_000, output=n), context=Context(project="/srv/shop", user="ann"))
        for n in numbers
    ]  # fmt: skip
    fact = SessionFact(source="claude-code", session="5e55100a", ended=ended)
    read = Reading("claude-code", b"/log", "{}", "{}", 1, False,
                   [Priced(one, 7_000, 7_000, None) for one in calls],
                   [fact] if ended else [], [], [], [])  # fmt: skip
    db.execute("BEGIN IMMEDIATE")
    record(db, WriteContext(lambda context, source, model: "f"), [read], T0)
    db.execute("COMMIT")


def configured(text: str = FLEET) -> None:
    found = paths.find().config
    found.parent.mkdir(parents=True, exist_ok=True)
    found.write_text(text)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["fleet", "preview", *words]) == 0
    return capsys.readouterr().out


def joined(db: sqlite3.Connection) -> ShippingOutbox:
    fleet = Fleet(url_env="FLEET_URL", send=("model", "project"))
    join(db, fleet, paths.find())
    return ShippingOutbox(db, Naming(fleet.send, hash_key(fleet, paths.find())))


def test_a_session_goes_by_the_model_that_the_list_says_the_dearest_though_another_is_the_latest(
    db: sqlite3.Connection,
) -> None:
    record_calls(db, 7, model="haiku")
    (row,) = Live(db).take(T0 + 10, Pulse(running=True)).sessions
    assert (row.model, row.model_now) == ("opus", "haiku")
    batch = joined(db).next()
    assert batch is not None
    assert [one.model for one in batch.shipment.sessions] == [row.model]


def test_the_rows_that_are_shown_are_those_that_leave(
    db: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    configured()
    outbox = joined(db)
    shown = json.loads(printed(capsys, "--json"))
    batch = outbox.next()
    assert batch is not None
    assert [ToldSession(**one) for one in shown["sessions"]] == batch.shipment.sessions
    calls = [ShippedCall(**one | {"key": bytes.fromhex(one["key"])}) for one in shown["calls"]]
    assert calls == batch.shipment.calls
    assert calls[0].user.startswith("user#")
    assert (calls[0].project, calls[0].model) == ("shop", "opus")
    assert calls[0].feature.startswith("feature#")


def test_it_says_whether_anything_leaves(
    db: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no fleet is set up" in printed(capsys)
    assert not paths.find().fleet_key.exists()
    configured()
    assert "once the daemon has read [fleet] (sent as they are: model, project" in printed(capsys)
    outbox = joined(db)
    assert "these leave next" in printed(capsys)
    while (batch := outbox.next()) is not None:
        outgoing.sent(db, batch.done)
    told = printed(capsys)
    assert "nothing waits; the newest that has left" in told
    assert "$0.000007" in told


def test_what_changed_and_what_is_gone_is_shown(
    db: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    configured()
    outbox = joined(db)
    while (batch := outbox.next()) is not None:
        outgoing.sent(db, batch.done)
    record_calls(db, ended=T0 + 100)
    assert "changed:\n  claude-code 5e55100a\n" in printed(capsys)
    db.execute("DELETE FROM calls WHERE key = ?", (bytes([2]) * 16,))
    assert f"gone here, by their keys:\n  {'02' * 16}\n" in printed(capsys)


def test_an_empty_store_has_nothing_to_show(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_writer(paths.find().database).close()
    assert main(["fleet", "preview"]) != 0
    assert "nothing is stored yet" in capsys.readouterr().err
