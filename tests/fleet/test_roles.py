"""Who may do what on the fleet's server: every role against every table and every function."""

import psycopg
import pytest

from tests.fleet.fleet import NOON, call
from tests.fleet.matrix import EMPTY_AT_FIRST, EVERYBODY_S, LOGINS, MAY_CALL, READABLE


@pytest.fixture
def people(fleet):
    """A reader of team red, `anna`, and calls of both teams."""
    fleet.admin.execute("SELECT costtop.allow('anna', 'red')")
    fleet.ship("a", [call(1), call(2)])
    fleet.ship("c", [call(i) for i in range(5)])
    return fleet


def _as(fleet, user):
    return psycopg.connect(fleet.server.url(fleet.database, user, fleet.port), autocommit=True)


def _tables(fleet):
    return fleet.rows(
        "SELECT relname, relispartition, relrowsecurity AND relforcerowsecurity FROM pg_class"
        " WHERE relnamespace = 'costtop'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')"
    )


def _is_refused(db, sql):
    try:
        db.execute(sql.encode())
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


@pytest.mark.parametrize("who", LOGINS)
def test_a_role_reads_what_it_may_and_writes_nothing(people, who):
    read, written = set(), set()
    with _as(people, LOGINS[who]) as db:
        for table, *_ in _tables(people):
            if not _is_refused(db, f"SELECT count(*) FROM costtop.{table}"):
                read.add(table)
            for deed in (
                f"INSERT INTO costtop.{table} DEFAULT VALUES",
                f"DELETE FROM costtop.{table}",
                f"TRUNCATE costtop.{table}",
                f"ALTER TABLE costtop.{table} DISABLE ROW LEVEL SECURITY",
                f"COPY costtop.{table} FROM STDIN",
            ):
                if not _is_refused(db, deed):
                    written.add(deed)
    assert not written
    assert read == (READABLE if who in ("reader", "operator", "steward") else set())


@pytest.mark.parametrize("who", LOGINS)
def test_a_role_calls_its_own_functions_and_no_other(people, who):
    called = people.rows(
        "SELECT p.proname FROM pg_proc p WHERE pronamespace = 'costtop'::regnamespace"
        " AND has_function_privilege(%s, p.oid, 'EXECUTE')"
        " AND has_schema_privilege(%s, 'costtop', 'USAGE')",
        LOGINS[who],
        LOGINS[who],
    )
    assert set(called) == MAY_CALL[who]


def test_every_table_is_under_row_level_security_its_owner_s_too(fleet):
    bare = {name for name, partition, forced in _tables(fleet) if not partition and not forced}
    assert not bare
    granted = "SELECT has_any_column_privilege('costtop_reader', c.oid, 'SELECT') FROM pg_class c"
    assert set(fleet.rows(f"{granted} WHERE c.relispartition AND c.relkind = 'r'")) == {False}


def test_every_function_that_runs_as_the_owner_looks_for_names_in_one_place_only(fleet):
    paths = fleet.rows(
        "SELECT proname, proconfig::text FROM pg_proc WHERE prosecdef"
        " AND pronamespace = 'costtop'::regnamespace"
    )
    assert {name for name, _ in paths} == set(
        "ingest ingest_sums heartbeat ask answer accept make_partition my_teams command outcome"
        " lead lead_on stand claim sent say".split()
    )
    assert not [name for name, told in paths if "search_path=costtop, pg_temp" not in told]


def test_a_reader_sees_the_teams_that_it_was_granted(people):
    asked = "SELECT count(*) FROM costtop.{}"
    seen = {"anna": {}, "oscar": {}}
    for who, found in seen.items():
        with _as(people, who) as db:
            for table in READABLE - EVERYBODY_S - EMPTY_AT_FIRST:
                found[table] = db.execute(asked.format(table).encode()).fetchone()[0]
    assert seen["anna"] == {
        "calls": 2, "hosts": 2, "minutes": 1, "names": 6, "sessions": 1, "spend": 1, "teams": 1,
        "commands": 0, "deeds": 0,
    }  # fmt: skip
    assert set(seen["oscar"].values()) == {0}


def test_a_reader_s_policy_bites_before_its_limit(people):
    dearest = "SELECT cost FROM costtop.sessions ORDER BY cost DESC LIMIT 1"
    with _as(people, "anna") as db:
        assert db.execute(dearest).fetchone() == (20_000_000,)  # c, of team blue, spent more


def test_a_reader_is_let_in_through_a_role_it_is_a_member_of_and_out_again(people):
    people.admin.execute("SELECT costtop.allow('costtop_steward', 'blue')")
    with _as(people, "stella") as db:
        assert db.execute("SELECT count(*) FROM costtop.calls").fetchone() == (5,)
        with db.transaction():
            db.execute("SET LOCAL ROLE costtop_reader")  # its login is what counts
            assert db.execute("SELECT count(*) FROM costtop.calls").fetchone() == (5,)
        people.admin.execute("SELECT costtop.disallow('costtop_steward', 'blue')")
        assert db.execute("SELECT count(*) FROM costtop.calls").fetchone() == (0,)
    with pytest.raises(psycopg.errors.NoDataFound):
        people.admin.execute("SELECT costtop.allow('anna', 'no such team')")


def test_a_stolen_host_role_reads_nothing(people):
    db = people.link("a")
    for table, *_ in _tables(people):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(f"SELECT * FROM costtop.{table}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(f"COPY costtop.{table} TO STDOUT".encode())
    for tried in (
        "SELECT costtop.standing(1::smallint, '{}')",
        "SELECT costtop.enrol('x', 'blue', 'costtop_host_a')",
        "SELECT costtop.allow('costtop_host_a', 'blue')",
        "SELECT costtop.forget('c', 'blue')",
        "SELECT costtop.my_teams()",
        "SET ROLE costtop_owner",
        "SET ROLE costtop_reader",
        "SET SESSION AUTHORIZATION costtop_host_c",
        "CREATE TABLE costtop.mine (x int)",
        "CREATE FUNCTION costtop.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(tried.encode())


def test_a_stolen_host_role_touches_no_other_host(people):
    before = people.sums()
    of_others = "SELECT host, sum(cost)::bigint FROM costtop.spend GROUP BY 1 ORDER BY 1"
    told = dict(people.rows(of_others))
    people.ship("b", gone=[call(i).key for i in range(5)])  # keys of both other hosts
    people.ship("b", [call(1, cost=1), call(2, cost=1, feature="mine", at=NOON + 1)])
    assert people.sums() == before
    assert dict(people.rows(of_others)) == told
    seen = people.rows("SELECT name, version FROM costtop.hosts ORDER BY name")
    assert seen == [("a", "1.0"), ("b", "1.0"), ("c", "1.0")]


def test_objects_of_a_stolen_role_are_never_used_by_what_runs_as_the_owner(people):
    """Tables, functions and operators of its own, first in its search_path: none is looked at."""
    db = people.connect("a")
    with db, db.transaction():  # one transaction, for the pool lends a connection for just that
        db.execute("CREATE TEMP TABLE hosts (LIKE pg_class)")
        db.execute("CREATE TEMP TABLE meta AS SELECT 99 AS version, 0 AS minutes_from")
        db.execute(
            "CREATE FUNCTION pg_temp.interned(record, text[]) RETURNS int[] LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE 'mine: %', current_user; END $$"
        )
        db.execute(
            "CREATE FUNCTION pg_temp.never(anycompatible, anycompatible) RETURNS boolean"
            " LANGUAGE plpgsql AS $$ BEGIN RAISE 'mine: %', current_user; END $$"
        )
        db.execute(
            "CREATE OPERATOR pg_temp.= (LEFTARG = anycompatible, RIGHTARG = anycompatible,"
            " FUNCTION = pg_temp.never)"
        )
        db.execute("SET LOCAL search_path = pg_temp, pg_catalog, costtop")
        beat = db.execute(
            "SELECT host, schema FROM costtop.heartbeat('1'::text, 1, 0::bigint, 0::bigint, true)"
        ).fetchone()
        assert beat == ("a", people.rows("SELECT version FROM costtop.meta")[0])
        people.links["a"].close()
        del people.links["a"]
    assert people.ship("a", [call(77)]).added == 1


def test_whoever_is_no_host_ships_nothing(people):
    people.admin.execute("GRANT costtop_host TO costtop_host_h")
    try:
        people.links["h"], people.epochs["h"] = people.connect("h"), 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no host of this fleet"):
            people.ship("h", [call(1)])
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no host of this fleet"):
            people.beat("h")
    finally:
        people.admin.execute("REVOKE costtop_host FROM costtop_host_h")


def test_a_forgotten_host_is_gone_exactly_and_the_others_are_as_if_it_had_never_been(people):
    before = people.sums()
    people.ship("b", [call(50 + i, of=i % 2, feature="false") for i in range(40)])
    people.ship("b", [call(1), call(2, output=5000, cost=None, model="false")])
    assert people.sums() != before
    assert people.rows("SELECT costtop.forget('b', 'red')") == [40]
    assert people.sums() == before
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no host of this fleet"):
        people.ship("b", [call(60)])
    with pytest.raises(psycopg.errors.NoDataFound):
        people.rows("SELECT costtop.forget('b', 'red')")
    assert people.ship("a", [call(50)]).added == 1


def test_the_owner_s_latest_own_word_stands_again_when_whoever_told_more_is_forgotten(people):
    people.ship("b", [call(1, output=500, cost=None, model="false")])
    people.ship("a", [call(1, cost=40_000_000, at=NOON - 60_000)])  # smaller: b's counts stand
    told = "SELECT cost, output, at FROM costtop.calls WHERE key = %s AND team = (SELECT team FROM"
    told += " costtop.hosts WHERE name = 'a')"
    assert people.rows(told, call(1).key) == [(None, 500, NOON - 60_000)]
    people.rows("SELECT costtop.forget('b', 'red')")
    assert people.rows(told, call(1).key) == [(40_000_000, 10, NOON - 60_000)]
    assert len(set(people.sums().values())) == 1
