"""Every role against every table, column, sequence and function of the schema, by doing it."""

import psycopg
import pytest

from tests.fleet.matrix import LOGINS, MAY_CALL, MAY_READ, READABLE

_FUNCTIONS = """
SELECT p.proname, 'SELECT costtop.' || quote_ident(p.proname) || '(' || (
    SELECT coalesce(string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n), '')
    FROM unnest(p.proargtypes) WITH ORDINALITY a(t, n)) || ')'
FROM pg_proc p WHERE p.pronamespace = 'costtop'::regnamespace ORDER BY 1"""


def _as(server, database, user):
    return psycopg.connect(server.url(database, user), autocommit=True)


def _asked(server, database, sql):
    with _as(server, database, "admin") as db:
        return db.execute(sql.encode()).fetchall()


def test_every_table_has_a_line_in_the_matrix(server, database):
    told = "SELECT relname FROM pg_class WHERE relnamespace = 'costtop'::regnamespace"
    found = _asked(server, database, f"{told} AND relkind IN ('r', 'p', 'v', 'm', 'f')"
                   " AND NOT relispartition")  # fmt: skip
    assert {name for (name,) in found} == set(MAY_READ)


@pytest.mark.parametrize("who", LOGINS)
def test_a_function_that_is_not_for_a_role_is_refused_it_whatever_it_says(server, database, who):
    """Each is run: a refusal to run it, not one that it makes itself, is what is asked for."""
    functions = _asked(server, database, _FUNCTIONS)
    assert {name for name, _ in functions} > MAY_CALL[who]
    with _as(server, database, LOGINS[who]) as db:
        for name, call in functions:
            if name not in MAY_CALL[who]:
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                    db.execute(call.encode())


@pytest.mark.parametrize("who", LOGINS)
def test_a_column_of_a_table_that_a_role_may_not_read_is_refused_too(server, database, who):
    columns = _asked(
        server, database,
        "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = 'costtop'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND a.attnum > -7 AND a.attnum <> 0 AND NOT a.attisdropped",
    )  # fmt: skip
    read = set()
    with _as(server, database, LOGINS[who]) as db:
        for table, column in columns:
            try:
                db.execute(f"SELECT {column} FROM costtop.{table} LIMIT 0".encode())
                read.add((table, column))
            except psycopg.errors.InsufficientPrivilege:
                pass
    assert {table for table, _ in read} == {x for x, roles in MAY_READ.items() if who in roles}
    assert ("leader", "lock") not in read


@pytest.mark.parametrize("who", LOGINS)
def test_nobody_turns_a_sequence_or_makes_anything(server, database, who):
    sequences = _asked(
        server, database,
        "SELECT relname FROM pg_class WHERE relnamespace = 'costtop'::regnamespace"
        " AND relkind = 'S'",
    )  # fmt: skip
    assert len(sequences) >= 4
    deeds = [f"SELECT nextval('costtop.{one}')" for (one,) in sequences]
    deeds += [f"SELECT last_value FROM costtop.{one}" for (one,) in sequences]
    deeds += ["CREATE TABLE costtop.mine (x int)", "CREATE SCHEMA mine", "DROP SCHEMA costtop"]
    deeds += ["CREATE ROLE mine", "GRANT costtop_owner TO CURRENT_USER"]
    deeds += [f"SET ROLE costtop_{role}" for role in ("owner", *LOGINS) if role not in
              (who, "stranger", "reader")]  # fmt: skip
    with _as(server, database, LOGINS[who]) as db:
        for deed in deeds:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(deed.encode())


# What a made-up row says in columns that take no other word; by their types the others.
_WORDS = {"verb": "'mark'", "state": "'asked'", "key": "decode(repeat('ab', 16), 'hex')"}
_BY_TYPE = {
    "text": "'x'", "name": "'x'", "jsonb": "'{}'", "date": "CURRENT_DATE", "boolean": "true",
    "uuid": "gen_random_uuid()", "smallint[]": "ARRAY[{team}]::smallint[]", "bytea": "'x'",
    "integer[]": "'{1}'", "text[]": "'{x}'",
}  # fmt: skip


def _rows_of_two_teams(db):
    """Fills every readable table of teams with one row of each team; their numbers."""
    teams = [
        db.execute("INSERT INTO costtop.teams (name) VALUES (%s) RETURNING id", (name,)).fetchone()
        for name in ("red", "blue")
    ]
    for (team,) in teams:
        for table in READABLE - {"meta", "teams"}:
            columns = db.execute(
                "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                " AND attidentity <> 'a'", (f"costtop.{table}",),
            ).fetchall()  # fmt: skip
            said = {
                name: _WORDS.get(name) or _BY_TYPE.get(kind, "1").replace("{team}", str(team))
                for name, kind in columns
            } | {"team": str(team)}  # fmt: skip
            said |= {"role": f"'x{team}'"} if table == "hosts" else {}
            db.execute(
                f"INSERT INTO costtop.{table} ({', '.join(said)})"
                f" VALUES ({', '.join(said.values())})".encode()
            )
    return [team for (team,) in teams]


def test_of_each_table_a_reader_sees_its_own_teams_rows_and_no_others(server, database):
    with psycopg.connect(server.url(database), autocommit=True) as db:
        red, blue = _rows_of_two_teams(db)
        db.execute("SELECT costtop.allow('anna', 'red')")
        with _as(server, database, "anna") as anna, _as(server, database, "oscar") as oscar:
            for table in READABLE - {"meta"}:
                team = "id" if table == "teams" else "team"
                asked = f"SELECT {team} FROM costtop.{table} ORDER BY 1".encode()
                assert db.execute(asked).fetchall() == [(red,), (blue,)], table
                assert anna.execute(asked).fetchall() == [(red,)], table
                assert oscar.execute(asked).fetchall() == [], table
