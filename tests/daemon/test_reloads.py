"""A saved configuration at work: what changed is said, what loosens a budget waits its time."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from costtop import config, paths
from costtop.config import Config
from costtop.daemon import reloads
from costtop.daemon.notices import budget_changes
from costtop.daemon.notices.post import audience
from costtop.daemon.reader_settings import reader_settings
from costtop.daemon.reloads import Reloads, changes, stricter
from costtop.model import Budget
from costtop.store.db import open_writer
from costtop.store.writer import Writer
from tests.patience import PATIENCE

DAILY = '[[budget]]\nname = "daily"\namount = "$20"\naction = "stop"\n'
LOG = '[[notify]]\nlabel = "log"\nurl = "log:~/told"\n'


def written(text: str) -> None:
    found = paths.find().config
    found.parent.mkdir(parents=True, exist_ok=True)
    found.write_text(text)


def begun(text: str) -> tuple[Reloads, Config]:
    """As a daemon stands that has started with this configuration."""
    written(text)
    now = config.load(paths.find())
    holds(now)
    return Reloads(paths.find()), now


def holds(now: Config) -> bool:
    """Keeps the budgets as `opened` does; whether somebody was told of a change."""
    with closing(open_writer(paths.find().database)) as db, db:
        to = audience(now, config.zone(now))
        return budget_changes.keep(db, reader_settings(now), config.budgets(now), lambda: to, 1)


def daily(now: Config) -> tuple[int, str]:
    [one] = config.budgets(now)
    return one.amount // 10**9, one.action


def journal() -> list[str]:
    with closing(sqlite3.connect(paths.find().database)) as db:
        return [row[0] for row in db.execute("SELECT detail FROM deeds ORDER BY rowid")]


def test_what_changed_is_said_and_no_secret_with_it(home: Path) -> None:
    state, now = begun(DAILY + LOG)
    more = '[anomaly]\nmultiplier = 8.0\n[[notify]]\nlabel = "pager"\nurl = "ntfys://hush"\n'
    written(DAILY + LOG.replace("told", "elsewhere") + more)
    state.read(now)
    assert state.said == (
        "anomaly.multiplier 5.0 → 8.0; notify log url is another; notify pager is new"
    )


def test_a_wrong_configuration_changes_nothing(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state, now = begun(DAILY)
    for wrong in (LOG + 'min_severity = "warn"', LOG + 'quiet = "10pm"', LOG.replace("log:", "")):
        written(DAILY + wrong)
        assert state.read(now) is now
        assert "kept the old configuration: " in caplog.messages[-1]
        assert "config.toml:" in caplog.messages[-1]


@pytest.mark.parametrize(
    "tighter",
    [
        DAILY.replace("20", "10"),
        DAILY.replace("stop", "kill"),
        DAILY + "tiers = [50]\n",
    ],
)
def test_what_tightens_holds_at_once(home: Path, tighter: str) -> None:
    state, now = begun(DAILY)
    written(tighter)
    fresh = state.read(now)
    assert config.budgets(fresh) == config.budgets(config.load(paths.find()))


async def test_what_loosens_is_told_and_holds_after_its_time(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloads, "HELD", 1.0)
    state, now = begun(DAILY + LOG)
    written(DAILY.replace("20", "99") + LOG)
    now = state.read(now)
    assert daily(now) == (20, "stop")
    assert state.said == "budget daily waits 1 s, for it is looser"
    async with Writer(paths.find().database) as writer:
        assert await state.announce(writer, audience(now, config.zone(now)))
    assert "$20.00 a day → $99.00 a day" in journal()[-1]
    assert journal()[-1].startswith("In 1 s budget daily is changed: ")
    assert not holds(now)  # nothing has changed yet
    assert daily(state.read(now)) == (20, "stop")  # asked again too early
    due = asyncio.Event()
    waiting = asyncio.create_task(state.run(due.set))
    await asyncio.wait_for(due.wait(), PATIENCE)
    waiting.cancel()
    now = state.read(now)
    assert daily(now) == (99, "stop")
    assert holds(now)  # and is told


def test_of_a_change_both_ways_the_tighter_half_holds_meanwhile(home: Path) -> None:
    state, now = begun(DAILY)
    written(DAILY.replace("20", "10").replace("stop", "notify"))
    assert daily(state.read(now)) == (10, "stop")


def test_a_budget_that_was_taken_out_stays_for_its_time_and_one_put_back_is_forgotten(
    home: Path,
) -> None:
    state, now = begun(DAILY)
    written("")
    now = state.read(now)
    assert daily(now) == (20, "stop")
    written(DAILY)
    assert daily(state.read(now)) == (20, "stop")
    assert state.said == ""


def test_another_scope_or_period_waits_whole() -> None:
    before = Budget(name="a", period="day", amount=9, tiers=(50,), scope=(), action="gate")
    other = before._replace(scope=(("feature", "x"),), amount=1)
    assert stricter(before, other) == before
    assert stricter(before, before._replace(period="month")) == before


def test_nothing_is_said_where_nothing_changed() -> None:
    assert changes(Config(), Config()) == []
    assert changes(Config(), Config(timezone="UTC")) == ['timezone "" → "UTC"']
