"""Every id that the screen shows can be typed: none is cut, whatever its length and the width."""

import json
import time
from pathlib import Path

import pytest

from costtop import paths
from costtop.daemon.jobs.scan_once import scan
from costtop.queries.sessions import lookup
from costtop.store.db import open_reader
from costtop.tui.list.columns import COLUMNS, USUAL, chosen
from costtop.tui.list.fit_columns import fits
from costtop.tui.screens import alerts, tasks
from scripts.benches import fleet
from tests.tui.stage import opened

LONGEST = 21  # characters of a short id, but where nine sessions want the same one
LENGTHS = range(1, 41)
WIDTHS = (80, 100, 120)
_NAME = "support-agent-of-the-shop-in-the-harbour-town"


def own_ids() -> list[str]:
    """Own ids of every length, in words, with a code behind them, and one long word."""
    named = [_NAME[:size].rstrip("-") + "x" * _NAME[:size].endswith("-") for size in LENGTHS]
    coded = [f"{_NAME[:size]}-{0x88A6F1D2 + size:x}" for size in range(4, 30, 5)]
    return [*named, *coded, *("y" * size for size in range(5, 41, 7))]


@pytest.fixture
def stored(home: Path) -> paths.Paths:
    spool = home / "costtop" / "spool"
    spool.mkdir(parents=True, mode=0o700)
    lines = []
    for nth, session in enumerate(own_ids()):
        at = fleet.AT - nth * 1_000
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at / 1000))
        called = {"session": session, "model": "claude-sonnet-4-5", "input_tokens": 90_000,
                  "output_tokens": 900, "feature": "checkout-assistant", "ts": moment}  # fmt: skip
        lines += [called | {"id": f"{nth}", "task": f"T-{nth}"}]
        lines += [called | {"id": f"{nth}/{sub}", "agent": f"explorer-{sub}"} for sub in range(11)]
        done = {"event": "task", "session": session, "task": f"T-{nth}", "status": "completed"}
        lines += [done | {"ts": moment}]
    (spool / "own.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = paths.find()
    assert scan(found)["calls"] == 12 * len(own_ids())
    return found


@pytest.mark.parametrize("width", WIDTHS)
async def test_ids_of_every_length_stand_whole_in_the_list_and_are_found(
    stored: paths.Paths, width: int
) -> None:
    async with opened(stored, size=(width, 100)) as play:
        shown = {one.row.called: one.row.key for one in play.app.screen.table.rows}
        words = {word for line in play.lines for word in line.split()}
        assert len(shown) == len(set(own_ids()))
        assert sorted(shown.keys() - words) == []
        assert not any("…" in word for word in words & {x.split("-")[0] for x in own_ids()})
    with open_reader(stored.database) as db:
        assert {called: lookup.session(db, called) for called in shown} == shown
    assert max(map(len, shown)) <= LONGEST


@pytest.mark.parametrize("width", WIDTHS)
async def test_ids_stand_whole_beside_tasks(stored: paths.Paths, width: int) -> None:
    async with opened(stored, "4", size=(width, 100)) as play:
        await play.until(lambda: len(play.app.screen.table.rows) >= len(set(own_ids())))
        ids = {one.short_id for one in play.app.screen.table.rows}
        assert ids - {word for line in play.lines for word in line.split()} == set()


@pytest.mark.parametrize("width", range(79, 241))  # the scrollbar takes one of 80
def test_whatever_else_wants_room_an_id_has_its_own(width: int) -> None:
    tables = (
        (chosen(USUAL), "session"),
        (chosen(USUAL, past=True), "session"),
        (alerts.COLUMNS, "about"),
        (tasks.COLUMNS, "session"),
    )
    for columns, key in tables:
        needs = {column.key: 90 for column in (*COLUMNS, *columns)} | {key: LONGEST}
        given = {column.key: cells for column, cells in fits(columns, width, needs)}
        assert given[key] >= LONGEST
