"""Any order of what may happen to three hosts, against a plain dictionary: to the nano-dollar."""

import os

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from costtop.fleet.ship_to_server import ship
from costtop.fleet.shipment import Shipment
from tests.fleet.fleet import DAY, NOON, TEAMS, call, clear, session
from tests.fleet.model import Told, compare

# Ways the hosts may go: by hand `COSTTOP_FLEETS=400 scripts/test tests/fleet/test_machine.py` asks
# more. CI takes the same ways each time, directly and through the pool: there the first of them do.
FLEETS = int(os.environ.get("COSTTOP_FLEETS", "24"))
POOLED = max(FLEETS // 3, 1)

HOSTS = st.sampled_from("abc")
COSTS = st.one_of(st.none(), st.integers(0, 10**13))
# Both sides of a midnight, of a minute and of a quarter of an hour, and a month's end.
TIMES = st.sampled_from([NOON, NOON + 59_999, NOON + 60_000, NOON + 900_000, NOON + DAY // 2 - 1,
                         NOON + DAY // 2, NOON - DAY, NOON - 25 * DAY])  # fmt: skip
MODELS = st.sampled_from(["opus", "haiku"])
FEATURES = st.sampled_from(["checkout", "", "über"])
FLAGS = st.integers(0, 3)
SESSIONS = st.integers(0, 2)
PICK = st.integers(0, 10**6)
CUTS = st.sampled_from(["before commit", "after commit", "twice"])


class Machine(RuleBasedStateMachine):
    """Three hosts: what each of them has, and what it `owes`, for no answer came yet."""

    def __init__(self, fleet):
        super().__init__()
        self.fleet, self.told, self.number = fleet, Told(TEAMS), 0
        self.has, self.owes = {x: {} for x in "abc"}, {x: set() for x in "abc"}
        clear(fleet.admin)
        for host in "abc":
            fleet.enrol(host)
            if host in fleet.links:
                fleet.epochs[host] = fleet.beat(host, anew=True).epoch

    def _keep(self, host, key, name, one):
        self.has[host][key] = (name, one)
        self.owes[host].add(key)

    def _any(self, host, pick):
        return sorted(self.has[host])[pick % len(self.has[host])] if self.has[host] else None

    @rule(host=HOSTS, at=TIMES, cost=COSTS, model=MODELS, feature=FEATURES, flags=FLAGS, n=SESSIONS)
    def append(self, host, at, cost, model, feature, flags, n):
        self.number += 1
        one = call(self.number, at=at, cost=cost, computed=None, model=model, feature=feature,
                   flags=flags, cache_read=self.number, cache_write=7)  # fmt: skip
        self._keep(host, one.key, f"s{n}", one)

    @rule(host=HOSTS, pick=PICK, more=st.integers(1, 9), cost=COSTS, model=MODELS)
    def sight_again(self, host, pick, more, cost, model):
        if key := self._any(host, pick):
            name, one = self.has[host][key]
            grown = one._replace(output=one.output + more, cost=cost, model=model)
            self._keep(host, key, name, grown)

    @rule(host=HOSTS, pick=PICK, cost=COSTS)
    def reprice(self, host, pick, cost):
        if key := self._any(host, pick):
            name, one = self.has[host][key]
            self._keep(host, key, name, one._replace(cost=cost))

    @rule(host=HOSTS, pick=PICK, at=TIMES, feature=FEATURES)
    def redate(self, host, pick, at, feature):
        if key := self._any(host, pick):
            name, one = self.has[host][key]
            self._keep(host, key, name, one._replace(at=at, feature=feature))

    @rule(host=HOSTS, pick=PICK)
    def lose(self, host, pick):
        if key := self._any(host, pick):
            del self.has[host][key]
            self.owes[host].add(key)

    @rule(host=HOSTS, to=HOSTS, n=SESSIONS, at=TIMES, less=st.integers(-3, 3))
    def fork(self, host, to, n, at, less):
        for key, (name, one) in list(self.has[host].items()):
            if name == f"s{n}" and host != to and key not in self.has[to]:
                self._keep(to, key, name, one._replace(at=at, output=one.output + less))

    @rule(host=HOSTS)
    def rebuilt(self, host):
        self._rebuild(host)

    def _rebuild(self, host):
        self.owes[host] |= self.has[host].keys()

    @rule(host=HOSTS)
    def forget(self, host):
        """A machine is taken out and comes again, with what it has."""
        self.fleet.rows("SELECT costtop.forget(%s, %s)", host, TEAMS[host])
        self.told.forget(host)
        self._compare()
        self.fleet.enrol(host)
        self._rebuild(host)
        if host in self.fleet.links:
            self.fleet.epochs[host] = self.fleet.beat(host, anew=True).epoch

    @rule(host=HOSTS)
    def ship_well(self, host):
        self._ship(host, "")

    @rule(host=HOSTS, how=CUTS)
    def ship(self, host, how):
        self._ship(host, how)

    def _ship(self, host, how):
        said = {key: self.has[host][key] for key in self.owes[host] & self.has[host].keys()}
        gone = self.owes[host] - said.keys()
        names = sorted({name for name, _ in said.values()})
        batch = Shipment(
            [session(0, session=name, root=name) for name in names],
            [one._replace(of=names.index(name)) for name, one in said.values()],
            list(gone),
        )
        db = self.fleet.link(host)
        if how == "before commit":
            db.execute("BEGIN")
            ship(db, self.fleet.epochs[host], 0, batch)
            self.fleet.cut(host)
            return  # the next comparison sees whether a word of it stayed
        for _ in range(2 if how == "twice" else 1):
            ship(db, self.fleet.epochs[host], 0, batch)
        self.told.batch(host, said, gone)
        if how == "after commit":
            self.fleet.cut(host)
        else:
            self.owes[host].clear()
        self._compare()

    def teardown(self):
        """Whatever is still owed is shipped in the end."""
        for host in "abc":
            self._ship(host, "")

    def _compare(self):
        compare(self.fleet, self.told)


def test_whatever_happens_to_three_hosts_the_fleet_counts_it_once(fleet):
    pooled = fleet.port != fleet.server.port
    run_state_machine_as_test(
        lambda: Machine(fleet),
        settings=settings(
            max_examples=POOLED if pooled else FLEETS,
            stateful_step_count=30,
        ),
    )
