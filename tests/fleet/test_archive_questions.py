"""docs/fleet-archive.md: its questions are asked of a real archive in DuckDB; its columns hold."""

import psycopg
import pytest

from tests.docs import blocks
from tests.fleet.fleet import DAY, NOON, Fleet, call, session

duckdb = pytest.importorskip("duckdb", reason="needs duckdb: pip install duckdb")
parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")

from costtop.fleet.archive import archive_columns, parquet_days  # noqa: E402

PAGE = blocks.ROOT / "docs/fleet-archive.md"
LAYOUT, *QUESTIONS = [
    each.text
    for each in blocks.read(PAGE)
    if each.said.get("tested by", "").endswith("questions.py")
]


@pytest.fixture
def archive(server, database, tmp_path):
    """A fortnight of two teams, in a reader's archive."""
    with Fleet(server, database, server.port) as fleet:
        for host in "abc":
            for day in range(14):
                rows = [
                    call(
                        (ord(host) * 100 + day) * 100 + i,
                        of=i % 2,
                        at=NOON - day * DAY + i,
                        cost=None if i == 7 else 10**7 * (i + 1) // (day + 1),
                        model=("opus", "haiku")[i % 2],
                        cache_read=i,
                    )
                    for i in range(12)
                ]
                fleet.ship(host, rows, sessions=[session(0), session(1, agent="a1", root="s0")])
        fleet.ship("b", [call(ord("a") * 10_000 + 1, output=9999)])
        for team in ("red", "blue"):
            fleet.admin.execute("SELECT costtop.allow('anna', %s)", (team,))
        with psycopg.connect(server.url(database, "anna"), autocommit=True) as db:
            parquet_days.export(db, tmp_path, None, None, lambda one, new: None)
        yield fleet, tmp_path


def _row(db, question):
    return db.execute(question).fetchone()


def test_every_documented_question_is_answered_and_the_sums_are_the_server_s(archive):
    fleet, folder = archive
    with duckdb.connect() as db:
        db.execute(f"SET file_search_path = '{folder}'")
        by_day, dearest, dearer, cached, twice = (db.execute(one).fetchall() for one in QUESTIONS)
        sums = _row(db, "SELECT count(*), sum(cost)::BIGINT FROM 'calls/*/*.parquet'")
        folded = _row(db, "SELECT sum(calls), sum(cost) FROM 'sessions/*/*.parquet'")
    told = fleet.sums()["calls"]
    assert sums == (told[0], told[2]) == tuple(map(int, folded))
    assert len(by_day) == 28
    assert (sum(row[2] for row in by_day), sum(row[3] for row in by_day)) == told[:2]
    assert round(sum(row[4] for row in by_day) * 1e9) == told[2]
    assert {tuple(row[:4]) for row in dearest} == {
        (team, host, "claude-code", "s0")
        for team, host in (("red", "a"), ("red", "b"), ("blue", "c"))
    }
    assert len(dearer) >= 2 and dearer[-1][3] is not None
    assert {row[0] for row in cached} == {"opus", "haiku"}
    assert twice == [("a", "b", 1)]


def test_the_folder_is_laid_out_as_the_page_shows(archive):
    _, folder = archive
    assert len(LAYOUT.splitlines()) == 4
    for line in LAYOUT.splitlines():
        assert (folder / line.removeprefix("archive/")).is_file()


def test_the_page_names_every_column_of_the_files(archive):
    _, folder = archive
    text = PAGE.read_text()
    for table in archive_columns.TABLES:
        told = text.partition(f"<!-- columns of: {table.name} -->\n")[2].partition("<!--")[0]
        assert told.strip() == archive_columns.described(table)
        path = next(folder.glob(f"{table.name}/day=*/{table.name}.parquet"))
        found = parquet.read_schema(path)
        assert found.names == [one.name for one in table.columns]
    assert {str(one.type) for one in found} <= {"string", "int64", "timestamp[ms, tz=UTC]"}
