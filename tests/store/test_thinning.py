"""Details of old sessions go on demand; every sum stays, and who asks for them is told."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop import config, paths
from costtop.cli.main import main
from costtop.durations import DAY, now_ms
from costtop.errors import ConfigError
from costtop.model import Call, ToolUse
from costtop.queries.live import day_chart
from costtop.queries.sessions import session
from costtop.store.db import open_writer
from costtop.store.forgetting import thinning
from costtop.tui.widgets import cause_table
from tests.store.test_calls import call, reading, write

SUMS = ("calls", "spend", "days", "sessions", "session_models", "task_sums", "tasks", "floors")


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    connection = open_writer(paths.find().database)
    yield connection
    connection.close()


def used(name: str, session: str, ago: int, **more: object) -> Call:
    tool = ToolUse("Bash", "k", error=False, result="r")
    return call(name, session, at=now_ms() - ago * DAY, tools=(tool,), **more)


def counts(db: sqlite3.Connection) -> tuple[int, int]:
    tools, minutes = (
        db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("tools", "minutes")
    )
    return tools, minutes


def sums(db: sqlite3.Connection) -> list[list[tuple[object, ...]]]:
    return [db.execute(f"SELECT * FROM {name} ORDER BY 1, 2, 3").fetchall() for name in SUMS]


def thin(db: sqlite3.Connection, ago: int = 90) -> int:
    found, after = 0, (0, 0)
    while (step := thinning.step(db, now_ms() - ago * DAY, after)) is not None:
        found, after = found + step.sessions, step.after
    return found


def test_old_sessions_lose_their_tools_and_minutes_and_no_sum(db: sqlite3.Connection) -> None:
    old = [used(f"o{n}/r", f"old{n}", 200 - n) for n in range(30)]
    write(db, reading(*old, used("y/r", "young", 2)))
    before = sums(db)
    assert counts(db) == (31, 31)
    assert thin(db) == 30
    assert counts(db) == (1, 1)
    assert sums(db) == before
    assert thin(db) == 0  # nothing is done again


def test_a_session_is_kept_whole_while_any_of_its_family_is_young(db: sqlite3.Connection) -> None:
    write(db, reading(used("a/r", "s", 200), used("b/r", "s", 3, agent="a1")))
    assert thin(db) == 0
    assert counts(db) == (2, 2)


def test_one_that_goes_on_has_details_again_until_it_is_old_anew(db: sqlite3.Connection) -> None:
    write(db, reading(used("a/r", "s", 200)))
    assert thin(db) == 1
    write(db, reading(used("b/r", "s", 150)))
    assert counts(db) == (1, 1)
    assert thin(db) == 1
    assert counts(db) == (0, 0)


def test_a_call_that_grows_after_all_leaves_no_minute_of_nothing(db: sqlite3.Connection) -> None:
    write(db, reading(used("a/r", "s", 200, output=5)))
    thin(db)
    write(db, reading(used("a/r", "s", 200, output=9)))
    assert db.execute("SELECT count(*) FROM minutes WHERE calls <= 0").fetchone()[0] == 0
    assert db.execute("SELECT output FROM sessions").fetchone()[0] == 9


def test_compact_says_what_has_gone_and_a_report_by_tool_that_it_has(
    db: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    write(db, reading(used("a/r", "s", 200), used("b/r", "t", 1)))
    db.close()
    assert main(["compact", "--older", "30d"]) == 2
    assert main(["compact"]) == 0
    assert "1 sessions older than 90 days, 1 tools, 1 minutes" in capsys.readouterr().out
    assert main(["report", "--by", "tool"]) == 0
    assert "Tools of 1 sessions are no longer kept" in capsys.readouterr().out
    assert main(["report", "7d", "--by", "tool"]) == 0
    assert "no longer kept" not in capsys.readouterr().out
    main(["doctor"])
    said = capsys.readouterr().out
    assert "1 sessions have no tools and minutes any more" in said
    assert "MB a month" in said


def test_less_than_ninety_days_are_refused_in_the_configuration(tmp_path: Path) -> None:
    place = paths.find()
    place.config.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.config.write_text('keep_details = "30d"\n')
    with pytest.raises(ConfigError, match="90 d or more"):
        config.load(place)
    place.config.write_text('keep_details = "120d"\n')
    assert config.details_kept(config.load(place)) == 120 * DAY


def test_a_session_says_that_its_tools_are_gone_and_its_day_is_drawn_as_before(
    db: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = [used(f"o{n}/r", f"old{n % 2}", 100 + n % 3) for n in range(9)]
    write(db, reading(*calls, used("y/r", "old1", 99, unreadable=True)))
    days = [now_ms() - ago * DAY + DAY // 2 for ago in (99, 100, 101, 102)]
    before = [day_chart.read(db, day, now_ms()) for day in days]
    assert any(one.cost for one in before)
    assert session.read(db, "claude-code/old0").thinned is None
    assert main(["explain", "claude-code/old0"]) == 0
    assert "compacted" not in capsys.readouterr().out
    assert thin(db) == 2
    assert counts(db) == (0, 0)
    assert [day_chart.read(db, day, now_ms()) for day in days] == before
    detail = session.read(db, "claude-code/old0")
    assert "compacted" in str(cause_table.compared(detail, 100))
    assert main(["explain", "claude-code/old0"]) == 0
    assert "are not kept any more" in capsys.readouterr().out
    assert main(["explain", "claude-code/old0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["compacted"] is True
