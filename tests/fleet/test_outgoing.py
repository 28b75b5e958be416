"""Whatever is done to a store, and whenever it ships, the fleet ends with what the store has."""

import os
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from costtop.fleet.next_shipment import OutgoingBatch
from costtop.model import Context
from tests.fleet.outgoing_machine import DAY, SESSIONS, Machine

# Ways a store may go: by hand `COSTTOP_STORES=2000 scripts/test tests/fleet/test_outgoing.py`.
STORES = int(os.environ.get("COSTTOP_STORES", "30"))


def test_a_call_that_comes_again_under_its_key_is_told_and_not_taken_back(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "calls")
    machine.append_one(1, SESSIONS[0], 1, 0, Context(), "", b"/a", side=False)
    machine.drain()
    row = machine.db.execute("SELECT * FROM calls").fetchone()
    machine.db.execute("DELETE FROM calls")
    machine.db.execute(f"INSERT INTO calls VALUES ({','.join('?' * len(row))})", row)
    batch = machine.outbox.next()
    assert batch is not None
    assert (len(batch.shipment.calls), list(batch.shipment.gone)) == (1, [])
    machine.teardown()


def test_what_is_on_its_way_is_left_out_and_what_comes_meanwhile_is_not(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "calls")
    machine.drain()
    way: list[OutgoingBatch] = []
    for n in range(1, 5):
        machine.append_one(n, SESSIONS[0], n, 0, Context(), "", b"/a", side=False)
        batch = machine.outbox.next(1, [one.done for one in way])
        assert batch is not None
        way.append(batch)
        machine.server.take(batch)
    assert [one.shipment.calls[0].output for one in way] == [1, 2, 3, 4]
    for batch in reversed(way):
        machine.done(batch)
    assert machine.outbox.next() is None
    machine.teardown()


def test_after_all_was_forgotten_a_new_session_is_told_all_the_same(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "calls")
    machine.append_one(1, SESSIONS[0], 1, 0, Context(), "", b"/a", side=False)
    machine.drain()
    machine.forget_one(SESSIONS[0], 3 * DAY)
    machine.tell_one(SESSIONS[1], SESSIONS[0], 0)
    machine.drain()
    assert (SESSIONS[1], "") in machine.server.sessions
    machine.db.close()


def test_what_was_forgotten_before_a_rebuild_is_taken_back_after_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "calls")
    machine.append_one(1, SESSIONS[0], 1, 0, Context(), "", b"/a", side=False)
    machine.drain()
    machine.forget_one(SESSIONS[0], 3 * DAY)
    machine.rebuild()
    machine.drain()
    assert machine.server.calls == {}
    machine.db.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("detail", "stores"), [("calls", 2), ("sessions", 2), ("spend", 1)])
def test_the_fleet_ends_with_what_the_store_has(
    tmp_path_factory: pytest.TempPathFactory, detail: str, stores: int
) -> None:
    many = settings(max_examples=STORES * stores // 2, stateful_step_count=30, deadline=None)
    machine = lambda: Machine(tmp_path_factory.mktemp("m"), detail)  # noqa: E731
    run_state_machine_as_test(machine, settings=many)
