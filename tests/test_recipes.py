"""The recipes of CONTRIBUTING, each followed with a toy in a copy of the package, and run for real.

One copy takes all toys: two files and a line here, a case there. Children run it; nothing of the
package itself is touched.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from costtop import paths
from tests.patience import PATIENCE, until

ROOT = Path(__file__).resolve().parent.parent

SOURCE = '''"""The logs of Toy, made up for a test."""

import msgspec

from costtop.model import Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import Count, Loose, text
from costtop.sources.fold.formats import Log, below, lines

NAME = "toy"


class _Line(msgspec.Struct):
    id: Loose = None
    at: Loose = None
    model: Loose = None
    used: Count = None
    made: Count = None


_LINE = msgspec.json.Decoder(_Line)


def _line(log: Log, line: _Line) -> None:
    at = log.at(line.at)
    log.about(at)
    key = keys.whole(NAME, log.session, text(line.id))
    log.reply(key, line.model, Tokens(line.used or 0, output=line.made or 0), at)


_ROOTS = below("TOY_HOME", ".toy", "logs")
SOURCE = lines(_LINE, (b'"used"',), _line).source(NAME, "Toy", _ROOTS, "**/*.jsonl")
'''

DETECTOR = '''"""Whether a session is a toy's."""

from costtop.detect.rules.rule import Claim, Memory, Moment


def judge(at: Moment, memory: Memory[None]) -> Claim | None:
    """Any call of the source "toy"."""
    if at.spend.call.source != "toy":
        return None
    cost = at.session.cost
    return Claim(statistic=1.0, limit=0.5, excess=cost, projected=cost, words=lambda: "it is a toy")
'''

COMMAND = '''"""`costtop toy`: says hello."""

import argparse

from costtop.cli.parser import Parser
from costtop.cli.tables import put


def add(parser: Parser, name: str) -> None:
    """Adds `toy`."""
    parser.says("Says hello to somebody.", "costtop toy ana")
    parser.add_argument("who")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Says it."""
    put(f"hello {options.who}")
    return 0
'''

COLUMN = """    Column(
        key="toy",
        title="TOY",
        width=8,
        priority=1,
        cell=lambda shown, look: Span(f"toy-{shown.row.calls}"),
    ),
"""

ASKED = '''@_command
class Toy:
    """Played with."""

    do = "toy"
    times: int = 1


Command = (
    Toy
    | '''

OBEYED = """        match command:
            case Toy(times):
                return reply(said=["toy"] * times)
"""

SEEN = """
import asyncio
from costtop.tui.preferences import Preferences
from tests.tui.stage import played

async def main():
    async with played(settings=Preferences(columns=("session", "toy", "cost"))) as play:
        await play.settle()
        print(play.text)

asyncio.run(main())
"""


def edit(path: Path, before: str, after: str) -> None:
    """One line more, at the place that the recipe names."""
    text = path.read_text()
    assert text.count(before) >= 1, f"{path.name} no longer holds {before!r}"
    path.write_text(text.replace(before, after, 1))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a package that has followed every recipe."""
    folder = tmp_path_factory.mktemp("copy")
    package = folder / "costtop"
    shutil.copytree(ROOT / "costtop", package)

    (package / "sources/agents/toy.py").write_text(SOURCE)
    edit(package / "sources/registry.py", "_FORMATS = {\n",
         '_FORMATS = {\n    "toy": "agents.toy:SOURCE",\n')  # fmt: skip

    (package / "detect/rules/toy.py").write_text(DETECTOR)
    registry = package / "detect/rules/registry.py"
    edit(registry, "    session_cap,\n", "    session_cap,\n    toy,\n")
    edit(registry, "DETECTORS = (\n", 'DETECTORS = (\n    Rule("toy", toy.judge, sure=True),\n')

    (package / "cli/reports/toy.py").write_text(COMMAND)
    edit(
        package / "cli/main.py",
        "MODULES = {\n",
        'MODULES = {\n    "toy": ("reports.toy", "say hello"),\n',
    )

    edit(package / "control/protocol.py", "Command = (\n    ", ASKED)
    obey = package / "daemon/commands/obey.py"
    edit(obey, "    StopSession,\n", "    StopSession,\n    Toy,\n")
    edit(obey, "        match command:\n", OBEYED)

    columns = package / "tui/list/columns.py"
    head = "COLUMNS: tuple[Column[Shown], ...] = (\n"
    edit(columns, head, head + COLUMN)

    steps = sorted((package / "store/migrations").glob("*.sql"))
    number = int(steps[-1].name.partition("_")[0]) + 1
    (package / f"store/migrations/{number:04}_toys.sql").write_text(
        "CREATE TABLE toys (name TEXT NOT NULL);\nINSERT INTO toys VALUES ('ball');\n"
    )
    return folder


@pytest.fixture
def run(copy: Path, home: Path):
    """Runs the copy in a home of its own, and the package as it is where `tree` is given."""

    def ran(*arguments: str, tree: Path = copy, code: int = 0) -> str:
        command = [sys.executable, "-P", "-m", "costtop", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        done = subprocess.run(
            command, env=environment, cwd="/", capture_output=True, text=True, check=False,
            timeout=2 * PATIENCE,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return ran


def log(home: Path, calls: int) -> None:
    """A toy's log: each call of 1,000 tokens in and 100 out of Opus 4.6 costs $0.0075."""
    path = home / ".toy/logs/ball.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    at = time.time_ns() // 1_000_000 - 60_000
    rows = [{"id": f"r{n}", "at": at + n, "model": "claude-opus-4-6", "used": 1000, "made": 100}
            for n in range(calls)]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_source_is_one_file_and_one_line_and_is_counted_and_charged(run, home):
    log(home, 4)
    run("scan")
    (row,) = json.loads(run("report", "--by", "session", "--json"))["rows"]
    assert (row["key"], row["calls"]) == ("toy/ball", 4)
    assert float(row["cost_usd"]) == 0.03
    assert "✓ Toy" in run("doctor", code=1)  # no daemon runs


def test_a_detector_is_one_file_and_one_line_and_judges_every_call(run, home):
    log(home, 4)
    run("scan")
    (told,) = json.loads(run("alerts", "replay", "--json"))["alerts"]
    assert (told["rule"], told["session"]) == ("toy", "toy/ball")


def test_a_column_is_one_value_and_stands_in_the_list(copy):
    environment = {**os.environ, "PYTHONPATH": f"{copy}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", SEEN], env=environment, cwd="/", capture_output=True,
        text=True, check=False, timeout=2 * PATIENCE,
    )  # fmt: skip
    head = next((line for line in done.stdout.splitlines() if "SESSION" in line), done.stderr)
    assert "TOY" in head
    assert "toy-" in done.stdout


def test_a_command_is_one_module_and_one_line(run):
    assert run("toy", "ana") == "hello ana\n"
    assert "say hello" in run("--help")
    assert "costtop toy ana" in run("toy", "--help")


def test_a_deed_is_one_class_and_one_case(copy, home):
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    ask = (
        "from costtop import paths; from costtop.control import client, protocol;"
        "print(client.ask(paths.find().socket, protocol.Toy(3))['said'])"
    )
    daemon = subprocess.Popen(
        [sys.executable, "-P", "-m", "costtop", "daemon"], env=environment, cwd="/",
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: paths.find().socket.exists() or daemon.poll() is not None)
        said = subprocess.run(
            [sys.executable, "-P", "-c", ask], env=environment, capture_output=True, text=True,
            check=True, cwd="/", timeout=PATIENCE,
        ).stdout  # fmt: skip
    finally:
        daemon.terminate()
        daemon.wait(PATIENCE)
    assert said == "['toy', 'toy', 'toy']\n"


def test_a_migration_is_one_file_and_takes_a_store_that_was_there_before(run, home):
    log(home, 1)
    run("scan", tree=ROOT)
    run("scan")
    with closing(sqlite3.connect(paths.find().database)) as db:
        assert db.execute("SELECT name FROM toys").fetchall() == [("ball",)]
        assert db.execute("SELECT count(*) FROM calls").fetchone() == (1,)
