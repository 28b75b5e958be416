"""Cuts before, within and after a batch, and a server that crashes: nothing is lost or doubled."""

import random
import signal
import threading

import psycopg
import pytest

from costtop.fleet.ship_to_server import passes
from tests.fleet.fleet import NOON, Fleet, call
from tests.fleet.wire import Wire
from tests.patience import until

BATCHES, ROWS = 24, 15


@pytest.fixture
def wired(server, database):
    """Hosts a and b, each over a wire of its own."""
    wires = {host: Wire(server.port) for host in "ab"}
    with Fleet(server, database, server.port, "ab") as made:
        yield made, wires
    for each in wires.values():
        each.close()


def _over(fleet, wire, host):
    url = fleet.server.url(fleet.database, f"costtop_host_{host}", wire.port)
    return psycopg.connect(url, autocommit=True, prepare_threshold=None)


def _sent(fleet, wire, host, batch):
    """Whether the batch was answered; a new connection where the old one is gone."""
    try:
        if fleet.links[host].closed:
            fleet.links[host] = _over(fleet, wire, host)
            fleet.epochs[host] = fleet.beat(host, anew=True).epoch
        fleet.ship(host, batch, upto=1)
    except psycopg.Error as error:
        if not passes(error):
            raise
        fleet.links[host].close()
        return False
    return True


def _batches(host):
    """Of each host: its own calls, a fifth that both tell, a tenth told again with more."""
    for i in range(BATCHES):
        shared = [call(i * ROWS + j, at=NOON + i) for j in range(3)]
        own = [call(10_000 * (ord(host) - 96) + i * ROWS + j, of=1) for j in range(ROWS - 3)]
        yield [*shared, *own]
        yield [each._replace(output=50, cost=77) for each in own[:2]]


@pytest.mark.parametrize("where", ["before", "within", "after"])
def test_a_batch_that_is_cut_is_sent_again_and_counts_once(wired, where):
    fleet, wires = wired
    fleet.links["a"] = _over(fleet, wires["a"], "a")
    fleet.epochs["a"] = fleet.beat("a", anew=True).epoch
    wires["a"].cut_next(where)
    batch = [call(i) for i in range(30)]
    assert not _sent(fleet, wires["a"], "a", batch)
    if where == "after":  # it was committed, and only the answer was lost
        until(lambda: fleet.sums()["calls"][0] == 30)
    else:
        assert fleet.sums()["calls"][0] == 0
    assert _sent(fleet, wires["a"], "a", batch)
    assert fleet.sums()["calls"] == (30, 0, 300_000_000, 3300)


def test_two_hosts_under_cuts_and_a_crash_lose_nothing_and_double_nothing(wired):
    fleet, wires = wired
    tries = dict.fromkeys("ab", 0)
    half = threading.Event()

    def tell(host):
        chance = random.Random(host)
        for n, batch in enumerate(_batches(host)):
            if n % 3 == 0:
                wires[host].cut_next(chance.choice(["before", "within", "after"]))
            if n == BATCHES:
                half.set()
            until(lambda batch=batch: _try(host, batch), what=host)

    def _try(host, batch):
        tries[host] += 1
        return _sent(fleet, wires[host], host, batch)

    for host in "ab":
        fleet.links[host] = _over(fleet, wires[host], host)
        fleet.epochs[host] = fleet.beat(host, anew=True).epoch
    threads = [threading.Thread(target=tell, args=(host,)) for host in "ab"]
    for each in threads:
        each.start()
    assert half.wait(120)
    fleet.server.end(signal.SIGQUIT)
    fleet.server.start()
    for each in threads:
        each.join()
    fleet.admin.close()
    fleet.admin = psycopg.connect(fleet.server.url(fleet.database, "admin"), autocommit=True)
    shared, own = BATCHES * 3, 2 * BATCHES * (ROWS - 3)
    told_again = 2 * BATCHES * 2
    cost = (shared + own - told_again) * 10_000_000 + told_again * 77
    tokens = (shared + own) * 110 + told_again * 40
    expected = (shared + own, 0, cost, tokens)
    assert fleet.sums() == dict.fromkeys(("calls", "spend", "sessions", "minutes"), expected)
    assert all(each.cuts >= 10 for each in wires.values())
    assert sum(tries.values()) > 2 * 2 * BATCHES
