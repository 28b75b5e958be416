"""A fleet's picture in a store of costtop's own says what the server says, to the nano-dollar."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from costtop.durations import DAY, MINUTE, QUARTER, now_ms
from costtop.fleet.mirror import picture
from costtop.fleet.mirror.own_store import OwnStore
from costtop.fleet.shipment import ShippedCall
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse, SessionRow, Snapshot
from costtop.store import meta
from costtop.store.db import open_reader
from tests.fleet.fleet import Fleet, call, session

CENT = 10_000_000


class Reader:
    """A person who may read one team or more, and the store that they look into."""

    def __init__(self, fleet: Fleet, path: Path, teams: str) -> None:
        for team in teams.split():
            fleet.admin.execute("SELECT costtop.allow('anna', %s)", (team,))
        url = fleet.server.url(fleet.database, "anna", fleet.port)
        self.db = psycopg.connect(url, autocommit=True, prepare_threshold=None)
        told = meta.encoded(zone="UTC", finished_after=30 * MINUTE, min_peers=5, budgets=())
        self.store: OwnStore = picture.opened(path, told)
        self.path = path

    def pull(self) -> bool:
        return picture.pull(self.db, self.store)

    def snapshot(self) -> Snapshot:
        """What a screen shows of it."""
        picture.pull_whole(self.db, self.store)
        with closing(open_reader(self.path)) as db:
            return Live(db).take(now_ms(), Pulse(running=True))

    def rows(self) -> dict[str, SessionRow]:
        return {row.key: row for row in self.snapshot().sessions}

    def asked(self, question: str) -> list[tuple[object, ...]]:
        return self.store.db.execute(question).fetchall()

    def close(self) -> None:
        self.db.close()
        self.store.db.close()


@pytest.fixture
def anna(fleet: Fleet, tmp_path: Path) -> Iterator[Reader]:
    made = Reader(fleet, tmp_path / "fleet.db", "red")
    yield made
    made.close()


def test_a_reader_sees_sessions_of_its_teams_alone(fleet: Fleet, anna: Reader) -> None:
    now = now_ms()
    said = [session(0, started=now, last=now)]
    for number, host in enumerate("abc"):
        fleet.ship(host, [call(number, at=now)], sessions=said)
    rows = anna.rows()
    assert set(rows) == {"claude-code/a:s0", "claude-code/b:s0"}
    one = rows["claude-code/a:s0"]
    assert (one.host, one.tags, one.user, one.project) == ("a", '{"team": "red"}', "ann", "shop")
    assert (one.cost, one.calls, one.model, one.feature) == (CENT, 1, "opus", "checkout")
    assert one.rate > 0
    assert one.state == "running"


def test_the_sums_of_a_picture_are_those_of_the_server(fleet: Fleet, anna: Reader) -> None:
    now = now_ms()
    said = [session(n, last=now) for n in range(3)]
    calls = [
        call(n, of=n % 3, at=now - n * 7 * QUARTER, cost=None if n % 5 == 0 else n * 1_001)
        for n in range(60)
    ]
    fleet.ship("a", calls, sessions=said)
    found = anna.snapshot()
    server = fleet.rows(
        "SELECT sum(cost), sum(calls), sum(unpriced), sum(input) FROM costtop.spend"
    )
    sums = "sum(cost), sum(calls), sum(unpriced), sum(input)"
    assert anna.asked(f"SELECT {sums} FROM spend") == [tuple(map(int, server[0]))]
    assert anna.asked(f"SELECT {sums} FROM sessions") == [tuple(map(int, server[0]))]
    assert sum(row.cost for row in found.sessions) == server[0][0]
    assert found.today_short.unpriced == found.unpriced > 0


def test_nothing_new_moves_nothing(fleet: Fleet, anna: Reader) -> None:
    now = now_ms()
    fleet.ship("a", [call(1, at=now)], sessions=[session(0, last=now)])
    picture.pull_whole(anna.db, anna.store)
    assert not anna.pull()
    fleet.beat("a", now=now)
    assert not anna.pull()  # that it lives is no sum
    fleet.ship("a", [call(2, at=now)], sessions=[session(0, last=now)])
    assert anna.pull()


def test_what_is_taken_back_goes(fleet: Fleet, anna: Reader) -> None:
    now = now_ms()
    calls = [call(n, at=now - n * DAY) for n in range(3)]
    fleet.ship("a", calls, sessions=[session(0, last=now)])
    assert anna.snapshot().today == CENT
    fleet.ship("a", gone=[one.key for one in calls], sessions=[])
    for _ in range(80):
        anna.pull()
    assert anna.asked("SELECT count(*) FROM spend") == [(0,)]
    assert anna.snapshot().sessions == ()


def test_a_forgotten_host_is_gone_with_all_that_was_its(fleet: Fleet, anna: Reader) -> None:
    now = now_ms()
    for host in "ab":
        fleet.ship(host, [call(ord(host), at=now, cost=None)], sessions=[session(0, last=now)])
    assert len(anna.rows()) == 2
    fleet.admin.execute("SELECT costtop.forget('a', 'red')")
    assert set(anna.rows()) == {"claude-code/b:s0"}
    for table in ("spend", "floors", "minutes"):
        where = "WHERE session NOT IN (SELECT id FROM sessions)"
        assert anna.asked(f"SELECT count(*) FROM {table} {where}") == [(0,)]


def test_subagents_fold_into_their_session_whichever_comes_first(
    fleet: Fleet, anna: Reader
) -> None:
    now = now_ms()
    agent = session(0, agent="explore", last=now)
    fleet.ship("a", [call(1, at=now)], sessions=[agent])
    assert set(anna.rows()) == {"claude-code/a:s0#explore"}
    fleet.ship("a", [call(2, at=now)], sessions=[session(0, last=now)])
    (row,) = anna.rows().values()
    assert (row.cost, row.calls, len(row.children)) == (2 * CENT, 2, 1)


def test_a_team_that_is_granted_later_comes_whole_and_goes_when_it_is_taken_back(
    fleet: Fleet, anna: Reader
) -> None:
    now = now_ms()
    fleet.ship("c", [call(1, at=now - 9 * DAY), call(2, at=now)], sessions=[session(0, last=now)])
    assert anna.rows() == {}
    fleet.admin.execute("SELECT costtop.allow('anna', 'blue')")
    assert set(anna.rows()) == {"claude-code/c:s0"}
    assert anna.asked("SELECT sum(cost) FROM spend") == [(2 * CENT,)]
    fleet.admin.execute("SELECT costtop.disallow('anna', 'blue')")
    assert anna.rows() == {}
    assert anna.asked("SELECT count(*) FROM spend") == [(0,)]


def test_a_total_that_misses_a_silent_host_is_a_floor(fleet: Fleet, anna: Reader) -> None:
    now = now_ms()
    fleet.ship("a", [call(1, at=now)], sessions=[session(0, last=now)])
    fleet.ship("b", [call(2, at=now)], sessions=[session(0, last=now)])
    assert not anna.snapshot().today_floor
    fleet.admin.execute("UPDATE costtop.hosts SET seen = seen - 46000 WHERE name = 'b'")
    found = anna.snapshot()
    assert found.today_floor
    assert found.today_short.silent
    assert [row.floor for row in sorted(found.sessions)] == [False, True]
    fleet.beat("b", now=now)
    assert not anna.snapshot().today_floor


def test_two_hosts_of_one_name_are_told_apart_by_their_teams(fleet: Fleet, anna: Reader) -> None:
    now = now_ms()
    fleet.admin.execute("UPDATE costtop.hosts SET name = 'a' WHERE name = 'c'")
    fleet.admin.execute("SELECT costtop.allow('anna', 'blue')")
    for host in "ac":
        fleet.ship(host, [call(1, at=now)], sessions=[session(0, last=now)])
    assert set(anna.rows()) == {"claude-code/a@red:s0", "claude-code/a@blue:s0"}


def test_a_store_goes_on_where_it_was_left(fleet: Fleet, anna: Reader) -> None:
    now = now_ms()
    fleet.ship("a", [call(1, at=now)], sessions=[session(0, last=now)])
    picture.pull_whole(anna.db, anna.store)
    anna.store.save_slices()
    anna.store.db.close()
    anna.store = picture.opened(anna.path, {})
    assert not anna.pull()
    assert picture.is_whole(anna.store)
    fleet.ship("a", [call(2, at=now)], sessions=[session(0, last=now)])
    assert anna.rows()["claude-code/a:s0"].calls == 2


_SUMS = "sum({0}.calls), sum({0}.unpriced), sum({0}.cost)"
_THERE = {
    "spend": "SELECT h.name, s.quarter, u.text, p.text, m.text, f.text, "
    + _SUMS.format("s")
    + " FROM costtop.spend s JOIN costtop.hosts h ON h.id = s.host"
    + "".join(
        f" JOIN costtop.names {x} ON {x}.team = s.team AND {x}.id = s.{column}"
        for x, column in (("u", "usr"), ("p", "project"), ("m", "model"), ("f", "feature"))
    )
    + " GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(s.calls) > 0",
    "sessions": "SELECT h.name || ':' || s.session, s.agent, "
    + _SUMS.format("s")
    + " FROM costtop.sessions s JOIN costtop.hosts h ON h.id = s.host"
    " GROUP BY 1, 2 HAVING sum(s.calls) > 0",
    "minutes": "SELECT h.name || ':' || s.session, m.minute, "
    + _SUMS.format("m")
    + " FROM costtop.minutes m JOIN costtop.sessions s ON s.id = m.session"
    " JOIN costtop.hosts h ON h.id = s.host GROUP BY 1, 2 HAVING sum(m.calls) > 0",
}
_HERE = {
    "spend": "SELECT h.text, s.quarter, coalesce(u.text, ''), coalesce(p.text, ''), m.text,"
    " coalesce(f.text, ''), " + _SUMS.format("s") + " FROM spend s"
    " JOIN contexts c ON c.id = s.context JOIN names h ON h.id = c.host"
    " LEFT JOIN names u ON u.id = c.user LEFT JOIN names p ON p.id = c.project"
    " JOIN names m ON m.id = s.model LEFT JOIN names f ON f.id = s.feature"
    " GROUP BY 1, 2, 3, 4, 5, 6",
    "sessions": "SELECT s.session, s.agent, " + _SUMS.format("s") + " FROM sessions s"
    " WHERE s.calls > 0 GROUP BY 1, 2",
    "minutes": "SELECT s.session, m.minute, " + _SUMS.format("m") + " FROM minutes m"
    " JOIN sessions s ON s.id = m.session GROUP BY 1, 2",
}


def agrees(fleet: Fleet, anna: Reader, tables: str) -> None:
    """Whether the picture says what the server says, line by line."""
    for table in tables.split():
        there = {tuple(map(str, row)) for row in fleet.rows(_THERE[table])}
        assert {tuple(map(str, row)) for row in anna.asked(_HERE[table])} == there, table


def _batch(rng: random.Random, now: int, kept: dict[str, list[ShippedCall]], host: str) -> Any:
    """(calls, gone) of a host: new ones, larger and repriced sights, ones that are taken back."""
    costs = [None, 0, 1_001, CENT]
    mine = kept.setdefault(host, [])
    fresh = [
        call(
            rng.getrandbits(60),
            of=rng.randrange(3),
            cost=rng.choice(costs),
            at=now - rng.choice([0, 60_000, 30 * MINUTE, 5 * QUARTER, DAY, 6 * DAY]),
            feature=rng.choice(["", "checkout"]),
            model=rng.choice(["opus", "haiku"]),
        )
        for _ in range(rng.randrange(1, 9))
    ]
    again = [
        one._replace(output=one.output + rng.randrange(3), cost=rng.choice(costs))
        for one in rng.sample(mine, min(len(mine), rng.randrange(4)))
    ]
    told = {one.key for one in again}
    gone = [one.key for one in mine if one.key not in told and rng.random() < 0.1]
    changed = {one.key: one for one in again}
    kept[host] = [changed.get(one.key, one) for one in mine if one.key not in gone] + fresh
    return [*fresh, *again], gone


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_shipped_the_picture_follows(
    fleet: Fleet, anna: Reader, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if seed % 2:
        monkeypatch.setattr(picture, "_FEW", 0)  # as of many hosts: those that told something
    fleet.admin.execute("SELECT costtop.allow('anna', 'blue')")
    rng, now, kept = random.Random(seed), now_ms(), dict[str, list[ShippedCall]]()
    said = [session(n, started=now - 7 * DAY, last=now) for n in range(3)]
    picture.pull_whole(anna.db, anna.store)
    for _ in range(8):
        host = rng.choice("abc")
        calls, gone = _batch(rng, now, kept, host)
        fleet.ship(host, calls, gone, sessions=said)
        anna.pull()
        agrees(fleet, anna, "sessions")
    anna.store.drop_slices(list(anna.store.slices))
    picture.pull_whole(anna.db, anna.store)
    agrees(fleet, anna, "spend sessions minutes")
    anna.store.swept = 0
    assert not anna.pull()


def test_what_a_host_tells_of_anothers_call_comes_when_all_are_asked(
    fleet: Fleet, anna: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "_FEW", 0)
    now = now_ms()
    said = [session(0, last=now)]
    fleet.ship("a", [call(1, at=now)], sessions=said)
    picture.pull_whole(anna.db, anna.store)
    fleet.ship("b", [call(1, at=now, output=99, cost=5 * CENT)], sessions=said)
    anna.store.swept = 0
    anna.pull()
    agrees(fleet, anna, "spend sessions minutes")
    assert anna.rows()["claude-code/a:s0"].cost == 5 * CENT
