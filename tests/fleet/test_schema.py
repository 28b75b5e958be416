"""The fleet's tables: made by steps, once, by whoever may make roles and is no superuser."""

import threading

import psycopg
import pytest

from costtop.errors import FleetError
from costtop.fleet import schema


def _admin(server, database):
    return psycopg.connect(server.url(database, "admin"), autocommit=True)


def test_an_admin_who_is_no_superuser_makes_the_tables(server, empty):
    with _admin(server, empty) as db:
        assert schema.version(db) == 0
        assert schema.migrate(db) == len(schema.steps()) == schema.version(db)
        assert schema.migrate(db) == len(schema.steps())  # a second time changes nothing


def test_two_who_make_the_tables_at_once_are_as_one_after_the_other(server, empty):
    versions = []

    def make():
        with _admin(server, empty) as db:
            versions.append(schema.migrate(db))

    threads = [threading.Thread(target=make) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert versions == [len(schema.steps())] * 3


def test_a_step_that_fails_leaves_nothing_of_itself(server, empty, monkeypatch):
    good = schema.steps()
    broken = [*good[:2], good[2] + "; SELECT 1/0;"]
    monkeypatch.setattr(schema, "steps", lambda: broken)
    with _admin(server, empty) as db:
        with pytest.raises(psycopg.errors.DivisionByZero):
            schema.migrate(db)
        assert schema.version(db) == 2
        monkeypatch.setattr(schema, "steps", lambda: good)
        assert schema.migrate(db) == len(good)


def test_a_server_with_newer_tables_is_not_touched_and_said_so(server, empty):
    with _admin(server, empty) as db:
        schema.migrate(db)
        db.execute("UPDATE costtop.meta SET version = 99")
        with pytest.raises(FleetError, match="schema 99, this costtop knows"):
            schema.migrate(db)


def test_team_stands_first_in_every_key(server, database):
    with _admin(server, database) as db:
        keys = db.execute("""
            SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'costtop'
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
            WHERE NOT c.relispartition""").fetchall()
    others = {"meta": {"one"}, "teams": {"id", "name"}, "hosts": {"team", "role"}}
    found = {}
    for table, first in keys:
        found.setdefault(table, set()).add(first)
    assert len(found) >= 10
    assert {t: f for t, f in found.items() if f != {"team"}} == others


def test_what_shares_its_database_with_others_leaves_their_schema_alone(server, empty):
    with _admin(server, empty) as db, psycopg.connect(server.url(empty), autocommit=True) as root:
        root.execute("CREATE TABLE public.theirs (x int); GRANT SELECT ON public.theirs TO PUBLIC")
        schema.migrate(db)
        with psycopg.connect(server.url(empty, "sam")) as stranger:
            assert stranger.execute("SELECT count(*) FROM theirs").fetchone() == (0,)


def test_a_database_of_its_own_shows_nobody_anything_in_public(server, database):
    with psycopg.connect(server.url(database, "sam")) as stranger:
        told = "SELECT has_schema_privilege('public', x) FROM unnest(ARRAY['USAGE', 'CREATE']) x"
        assert stranger.execute(told).fetchall() == [(False,), (False,)]
