"""A store that an earlier costtop has left opens with the same totals, however often killed."""

import gzip
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from costtop import paths
from costtop.cli.main import main
from costtop.store.db import migrations
from tests.store import earlier_logs

EARLIER = sorted((Path(__file__).parent / "earlier").glob("schema-*.db.gz"))
_READ: dict[str, str] = {}
GROUPS = ("model", "day", "session", "user")
OPEN = (
    "import sys; from pathlib import Path; from costtop.store.db import open_writer;"
    " print('go', flush=True); open_writer(Path(sys.argv[1])); print('up', flush=True)"
)


def laid(golden: Path, home: Path) -> Path:
    """The earlier store where this home's is looked for, with its logs' paths in this home."""
    database = paths.find().database
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    database.write_bytes(gzip.decompress(golden.read_bytes()))
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(
            "UPDATE places SET path = CAST(replace(CAST(path AS TEXT), ?, ?) AS BLOB)",
            (earlier_logs.HOME, str(home)),
        )
    return database


def sums(database: Path) -> set[tuple[int, int]]:
    """(calls, cost) by the table of calls and by each roll-up; one pair where they agree."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        return {
            db.execute(f"SELECT sum(calls), sum(cost) FROM {table}").fetchone()
            for table in ("spend", "sessions", "minutes")
        }


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    told = {}
    for by in GROUPS:
        capsys.readouterr()
        assert main(["report", "--by", by, "--csv"]) == 0
        told[by] = capsys.readouterr().out
    return told


@pytest.fixture
def fresh(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What today's costtop reads out of the same logs, in another home of its own."""
    earlier_logs.write(home)
    if _READ:
        return _READ
    with monkeypatch.context() as there:
        there.setenv("COSTTOP_HOME", str(home / "fresh"))
        (home / "fresh").mkdir(mode=0o700)
        shutil.copytree(home / "costtop" / "spool", home / "fresh" / "spool")
        assert main(["scan"]) == 0
        _READ.update(report(capsys))  # the same in each home
        return _READ


@pytest.mark.parametrize("golden", EARLIER, ids=lambda path: path.name[:9])
def test_without_its_logs_it_has_the_totals_that_it_had(golden, home, capsys):
    database = laid(golden, home)
    before = sums(database)
    assert len(before) == 1
    assert main(["scan"]) == 0
    assert sums(database) == before
    assert set(report(capsys)) == set(GROUPS)
    kept = sorted((database.parent / "backups").glob("*.db"))
    schema = int(golden.name[7:9])
    assert [path.name.rpartition("-")[2] for path in kept] == [f"s{schema}.db"]


@pytest.mark.parametrize("golden", EARLIER, ids=lambda path: path.name[:9])
def test_with_its_logs_nothing_is_counted_twice(golden, home, fresh, capsys):
    laid(golden, home)
    assert main(["scan"]) == 0
    assert report(capsys) == fresh


def test_a_copy_takes_the_place_of_what_a_log_that_has_gone_held(home, fresh, capsys):
    database = laid(EARLIER[2], home)
    gone = home / earlier_logs.claude_log(earlier_logs.SESSION)
    gone.unlink()
    assert main(["scan"]) == 0
    told = report(capsys)
    assert (told["model"], told["day"]) == (fresh["model"], fresh["day"])
    assert len(sums(database)) == 1


def test_while_it_is_read_again_nobody_is_given_half_a_sum(home, capsys):
    earlier_logs.write(home)
    database = laid(EARLIER[2], home)
    subprocess.run([sys.executable, "-c", OPEN, str(database)], check=True, capture_output=True)
    from costtop.daemon.lifecycle.instance import hold

    with hold(paths.find()):
        assert main(["report"]) == 78
    assert "reads every log again" in capsys.readouterr().err


@pytest.mark.timeout(240)
def test_killed_in_its_migration_again_and_again_it_has_the_same_totals(home, fresh, capsys):
    """kill -9 at random points of migrations; each goes on, or is begun, by the next.

    ALL_FAULTS=1 kills 25 of them, the suite a third: each is a whole history read again.
    """
    rng, window, landed, versions = Random(9), 0.02, 0, set()
    kills = 25 if os.environ.get("ALL_FAULTS") else 8
    for nth in range(kills):
        golden = EARLIER[nth % len(EARLIER)]
        for left in paths.find().database.parent.glob("costtop.db*"):
            left.unlink()
        database = laid(golden, home)
        before = sums(database)
        with subprocess.Popen(
            [sys.executable, "-c", OPEN, str(database)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None and child.stdout.readline() == "go\n"
            time.sleep(rng.uniform(0, window))
            child.kill()
            up = "up" in child.stdout.read()
        landed += not up
        window = min(window * (0.8 if up else 1.2), 2.0)
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
            versions.add(db.execute("PRAGMA user_version").fetchone()[0])
        assert sums(database) == before
        assert main(["scan"]) == 0
        assert report(capsys) == fresh, golden.name
    assert landed >= kills // 3 and len(versions) > kills // 5, (landed, versions)
    assert max(versions) <= len(migrations())
