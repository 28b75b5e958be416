"""Forty status lines of our own making, through the real hook into the store."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from costtop import config, paths
from costtop.daemon.ingest.fold import sorted_events
from costtop.daemon.ingest.intake import place_of
from costtop.daemon.lifecycle.instance import hold
from costtop.daemon.wiring import wired
from costtop.plan_reading import PlanReading
from costtop.queries.plans import plan_windows
from costtop.sources.claude import status_limits
from costtop.store.db import open_reader
from tests.hooks.conftest import call, heard
from tests.plans.corpus import CASES, LINES, check, moment

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "claude-code-statusline"


def told(line: Any, ear: Any, at: int) -> list[PlanReading]:
    """What the hook tells of a line, heard at that moment, ms UTC."""
    ran = call("statusline", text=line)
    assert (ran.returncode, ran.stderr) == (0, "")
    said = heard(ear)
    assert said["event"] == "statusline"
    return status_limits.told(str(said["limits"]), str(said["log"]), at, str(said["session"]))


async def keep(readings: list[PlanReading]) -> None:
    found = paths.find()
    with hold(found):
        async with wired(found, config.load(found), lambda: None) as instance:
            channel = place_of(b"statusline")
            for one in readings:
                folded = sorted_events("claude-code", channel, {}, [one], 0)
                await instance.ingest.commit([folded])


def test_there_are_forty_lines() -> None:
    assert len(LINES) == 40


@pytest.mark.parametrize("name", CASES)
def test_a_case_shows_its_windows_and_nothing_else(ear: Any, name: str) -> None:
    lines = [one for one in LINES if one["case"] == name]
    readings = [reading for one in lines for reading in told(one["line"], ear, moment(one["at"]))]
    paths.find().lock.unlink()
    asyncio.run(keep(readings))
    with closing(open_reader(paths.find().database)) as db:
        check(plan_windows.read(db, moment(CASES[name]["now"])), CASES[name])


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples lie beside the repository")
def test_of_the_samples_only_what_they_tell_is_said(ear: Any) -> None:
    for sample in sorted(SAMPLES.glob("*.json")):
        text = sample.read_text()
        assert bool(told(text, ear, 1)) == ("used_percentage" in text and "rate_limits" in text)
