"""Three real stores, one real server: whatever happens to both, each call counts once."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from costtop.fleet.naming import Naming
from costtop.fleet.next_shipment import OutgoingBatch, ShippingOutbox
from costtop.fleet.ship_to_server import ship
from costtop.fleet.shipment import Shipment
from costtop.model import Call, Context, Price, Tokens
from costtop.store import outgoing
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.repricing import reprice
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.forgetting import removal, tombstones
from tests.fleet.fleet import DAY, NOON, TEAMS, Fleet, clear
from tests.fleet.model import Told, compare

# By hand `COSTTOP_FLEETS=200 scripts/test tests/fleet/test_three_stores.py` asks more.
FLEETS = int(os.environ.get("COSTTOP_FLEETS", "12"))
HOSTS = st.sampled_from("abc")
SESSIONS = st.sampled_from([f"5e551000-0000-4000-8000-00000000000{n}" for n in range(3)])
NUMBERS = st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True)
TIMES = st.sampled_from([0, 60_000, DAY // 2 - 1, DAY // 2, -DAY])
CUTS = st.sampled_from(["", "", "before commit", "after commit", "killed"])


class Store:
    """One machine: its logs, its store, what its forwarder has of it."""

    def __init__(self, place: Path) -> None:
        self.place, self.files = place, 0
        self.logs: list[Reading] = []
        self.forgotten: set[str] = set()
        self.open()

    def open(self) -> None:
        self.files += 1
        self.db = open_writer(self.place / str(self.files) / "costtop.db")
        self.into = WriteContext(lambda context, source, model: context.feature)
        self.began()
        self.begin()

    def began(self) -> None:
        """A new forwarder: it knows nothing but what the store says."""
        self.outbox = ShippingOutbox(
            self.db, Naming(("model", "feature", "project", "user"), b"k" * 32)
        )

    def begin(self) -> None:
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            outgoing.begin(self.db, str(self.files))

    def read(self, made: Reading) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        record(self.db, self.into, [made], NOON)
        self.db.execute("COMMIT")

    def rebuild(self) -> None:
        """From its logs alone; what was forgotten the journal knows."""
        kept = [("forgotten", "?,?,?"), ("forgotten_calls", "?")]
        rows = {name: self.db.execute(f"SELECT * FROM {name}").fetchall() for name, _ in kept}
        self.db.close()
        self.open()
        for name, marks in kept:
            self.db.executemany(f"INSERT INTO {name} VALUES ({marks})", rows[name])
        self.into.forgotten.forget()
        with self.db:
            outgoing.again(self.db)  # with the keys of the journal
        for made in self.logs:
            self.read(made)

    def forget(self, session: str) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        tombstones.put(self.db, [(tombstones.who("claude-code", session), NOON + 9 * DAY)], NOON)
        while removal.calls(self.db).calls:
            pass
        removal.rest(self.db)
        self.db.execute("COMMIT")
        self.into.forget()
        self.into.forgotten.forget()
        self.forgotten.add(session)

    def keys(self) -> set[bytes]:
        return {row[0][:8] for row in self.db.execute("SELECT key FROM calls")}


class Machine(RuleBasedStateMachine):
    """Hosts a, b of one team and c of another; `told` is what the server must have."""

    def __init__(self, fleet: Fleet, place: Path) -> None:
        super().__init__()
        self.fleet, self.told = fleet, Told(TEAMS)
        clear(fleet.admin)
        for host in "abc":
            fleet.enrol(host)
            if host in fleet.links:
                fleet.epochs[host] = fleet.beat(host, anew=True).epoch
        self.stores = {host: Store(place / host) for host in "abc"}

    @rule(host=HOSTS, numbers=NUMBERS, session=SESSIONS, output=st.integers(0, 4), at=TIMES)
    def append(self, host: str, numbers: list[int], session: str, output: int, at: int) -> None:
        """New calls, larger and earlier sights of them; another host may have the same ones."""
        calls = [
            Call(key=bytes([n]) * 16, source="claude-code", session=session, model="opus",
                 at=NOON + n + at, tokens=Tokens(10, 1, 2, 0, output), request=f"r{n}",
                 context=Context(project="shop", user="ann", feature="f"))
            for n in numbers
        ]  # fmt: skip
        priced = [Priced(one, one.tokens.output, one.tokens.output, None) for one in calls]
        made = Reading("claude-code", session.encode(), "{}", "{}", 1, False, priced,
                       [], [], [], [])  # fmt: skip
        self.stores[host].logs.append(made)
        self.stores[host].read(made)

    @rule(host=HOSTS, to=HOSTS)
    def fork(self, host: str, to: str) -> None:
        """The same logs are seen on another machine."""
        if host != to:
            for made in self.stores[host].logs[-3:]:
                self.stores[to].logs.append(made)
                self.stores[to].read(made)

    @rule(host=HOSTS, factor=st.integers(0, 3))
    def reprice(self, host: str, factor: int) -> None:
        store = self.stores[host]
        store.db.execute("BEGIN IMMEDIATE")
        price = lambda call: Price(call.tokens.output * factor or None, None)  # noqa: E731
        reprice(store.db, store.into, price, lambda computed, _: computed, 0, {})
        store.db.execute("COMMIT")

    @rule(host=HOSTS, session=SESSIONS)
    def forget(self, host: str, session: str) -> None:
        self.stores[host].forget(session)

    @rule(host=HOSTS)
    def rebuild(self, host: str) -> None:
        self.stores[host].rebuild()

    @rule(host=HOSTS)
    def taken_out(self, host: str) -> None:
        """An administrator forgets the host, and takes it in again."""
        self.fleet.rows("SELECT costtop.forget(%s, %s)", host, TEAMS[host])
        self.told.forget(host)
        self.fleet.enrol(host)
        if host in self.fleet.links:
            self.fleet.epochs[host] = self.fleet.beat(host, anew=True).epoch
        with self.stores[host].db:
            outgoing.again(self.stores[host].db)

    @rule(host=HOSTS, how=CUTS, limit=st.integers(1, 20))
    def ship(self, host: str, how: str, limit: int) -> None:
        batch = self.stores[host].outbox.next(limit)
        if batch is not None:
            self._ship(host, batch, how)
            compare(self.fleet, self.told)

    def _ship(self, host: str, batch: OutgoingBatch, how: str) -> None:
        db, shipment, store = self.fleet.link(host), batch.shipment, self.stores[host]
        assert isinstance(shipment, Shipment)
        if how == "before commit":
            db.execute("BEGIN")
            ship(db, self.fleet.epochs[host], batch.upto, shipment)
            self.fleet.cut(host)
            return
        ship(db, self.fleet.epochs[host], batch.upto, shipment)
        said = {call.key: (shipment.sessions[call.of].session, call) for call in shipment.calls}
        self.told.batch(host, said, set(shipment.gone))
        if how == "killed":
            store.began()
        elif how == "after commit":
            self.fleet.cut(host)
        else:
            done = json.loads(json.dumps(batch.done))
            with store.db:
                outgoing.sent(store.db, done)

    @rule(host=HOSTS)
    def drain(self, host: str) -> None:
        while (batch := self.stores[host].outbox.next(5)) is not None:
            self._ship(host, batch, "")

    def teardown(self) -> None:
        """All has arrived: the fleet has what any store of the team has, but what was forgotten."""
        for host in "abc":
            self.drain(host)
        compare(self.fleet, self.told)
        calls: dict[str, set[bytes]] = {"red": set(), "blue": set()}
        for team, key in self.fleet.rows(
            "SELECT t.name, c.key FROM costtop.calls c JOIN costtop.teams t ON t.id = c.team"
        ):
            calls[team].add(bytes(key)[:8])
        for team, hosts in (("red", "ab"), ("blue", "c")):
            stores = [self.stores[host] for host in hosts]
            has: set[bytes] = set().union(*(one.keys() for one in stores))
            assert calls[team] <= has
            if not any(one.forgotten for one in stores):  # an owner takes a call from all
                assert calls[team] == has
        sums = self.fleet.sums()
        assert sums["calls"] == sums["spend"] == sums["sessions"]
        for one in self.stores.values():
            one.db.close()


def test_whatever_happens_to_three_stores_each_call_counts_once(
    fleet: Fleet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    many = FLEETS if fleet.port == fleet.server.port else max(FLEETS // 3, 1)
    run_state_machine_as_test(
        lambda: Machine(fleet, tmp_path_factory.mktemp("stores")),
        settings=settings(max_examples=many, stateful_step_count=30, deadline=None),
    )
