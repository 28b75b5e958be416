"""Partitions: made ahead, made late without a loss, and dropped where minutes are old."""

import psycopg
import pytest

from costtop.fleet import schema
from costtop.fleet.ship_to_server import ship
from costtop.fleet.shipment import Shipment
from tests.fleet.fleet import DAY, Fleet, call, session


@pytest.fixture
def anew(server, empty):
    """A fleet whose tables were made today."""
    with psycopg.connect(server.url(empty, "admin"), autocommit=True) as db:
        schema.migrate(db)
    with Fleet(server, empty, server.port, "a") as made:
        made.link("a")
        yield made


def _now(fleet):
    return fleet.rows("SELECT (extract(epoch FROM now()) * 1000)::bigint")[0]


def _days(fleet, table):
    return fleet.rows(
        "SELECT to_date(right(c.relname, 8), 'YYYYMMDD') - costtop.today() FROM pg_class c"
        f" WHERE c.relname ~ '^{table}_\\d{{8}}$' AND relispartition ORDER BY 1"
    )


def _drop(fleet, day):
    """Drops the partitions of one day, counted from today, and of its month."""
    for table, name in (("calls", "YYYYMMDD"), ("minutes", "YYYYMMDD"), ("spend", "YYYYMM")):
        (part,) = fleet.rows(f"SELECT to_char(costtop.today() + {day}, '\"{table}_\"{name}')")
        fleet.admin.execute(f"DROP TABLE costtop.{part}".encode())


def _beats(fleet):
    """Heartbeats until one has nothing more to make; how many partitions were made."""
    made = 0
    while found := fleet.beat("a").partitions:
        made += found
    return made


def test_partitions_stand_from_eight_days_back_to_three_ahead(anew):
    assert _days(anew, "calls") == _days(anew, "minutes") == list(range(-8, 4))
    assert anew.beat("a", anew=True).partitions == 0


def test_a_missing_day_is_made_by_the_next_heartbeats(anew):
    for part in anew.rows(
        "SELECT part FROM costtop.wanted(costtop.today() + 1, costtop.today() + 3)"
        " WHERE parent = 'calls'"
    ):
        anew.admin.execute(f"DROP TABLE costtop.{part}".encode())
    assert _days(anew, "calls") == list(range(-8, 1))
    assert _beats(anew) == 3
    assert _days(anew, "calls") == list(range(-8, 4))


def test_rows_without_a_partition_are_counted_and_move_when_it_is_made(anew):
    _drop(anew, 0)
    now = _now(anew)
    anew.ship("a", [call(i, at=now - i) for i in range(10)])
    before = anew.sums()
    strays = anew.rows("SELECT costtop.strays()")[0]
    assert strays >= 12
    seen = anew.beat("a")
    assert (seen.partitions, seen.strays < strays) == (1, True)
    assert _beats(anew) == 2
    assert anew.beat("a").strays == 0
    assert anew.sums() == before
    again = anew.ship("a", [call(i, at=now - i) for i in range(10)])
    assert (again.added, again.changed) == (0, 0)
    anew.ship("a", gone=[call(i).key for i in range(10)])
    assert anew.sums()["spend"] == (0, 0, 0, 0)


def test_history_from_before_the_fleet_is_no_stray(anew):
    now = _now(anew)
    anew.ship("a", [call(1, at=now - 400 * DAY), call(2, at=now - 20 * DAY), call(3, at=now)])
    assert anew.beat("a").strays == 0
    sums = anew.sums()
    assert sums["calls"] == sums["spend"] == sums["sessions"] == (3, 0, 30_000_000, 330)
    assert sums["minutes"] == (1, 0, 10_000_000, 110)  # eight days of them are kept
    anew.ship("a", gone=[call(1).key, call(2).key])
    assert anew.sums()["minutes"] == (1, 0, 10_000_000, 110)


def test_minutes_older_than_eight_days_are_dropped_and_leave_nothing_behind(anew):
    now = _now(anew)
    anew.admin.execute("UPDATE costtop.meta SET minutes_from = minutes_from - 1440")
    assert _beats(anew) == 0  # nobody makes a day that is about to be dropped
    anew.rows(
        "SELECT costtop.make_partition(parent, part, col, low, high) FROM"
        " costtop.wanted(costtop.today() - 9, costtop.today() - 9) WHERE parent = 'minutes'"
    )
    anew.ship("a", [call(1, at=now - 9 * DAY), call(2, at=now)])
    assert anew.sums()["minutes"][0] == 2
    anew.beat("a")
    assert _days(anew, "minutes") == list(range(-8, 4))
    assert anew.sums()["minutes"][0] == 1
    anew.ship("a", gone=[call(1).key])
    assert anew.sums()["minutes"] == (1, 0, 10_000_000, 110)


def test_a_day_whose_minutes_are_dropped_gets_its_calls_back_and_no_minutes(anew):
    _drop(anew, -5)
    anew.rows("UPDATE costtop.meta SET minutes_from = costtop.since_1970(costtop.today() - 3, 60)"
              " RETURNING 1")  # fmt: skip
    anew.ship("a", [call(1, at=_now(anew) - 5 * DAY)])
    assert _beats(anew) == 2  # calls and spend
    assert anew.beat("a").strays == 0
    assert -5 in _days(anew, "calls")
    assert -5 not in _days(anew, "minutes")


def test_a_heartbeat_does_not_wait_for_a_busy_table(anew):
    _drop(anew, 0)
    with anew.connect("a") as other, other.transaction():
        ship(other, anew.epochs["a"], 0, Shipment([session(0)], [call(1)]))  # not committed yet
        assert anew.rows("SELECT costtop.make_ahead()") == [0]
    assert anew.rows("SELECT costtop.make_ahead()") == [1]
