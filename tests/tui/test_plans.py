"""Plans on the screen: the head's line, and the screen behind the key 0."""

import pytest

from costtop.daemon.jobs.scan_once import scan
from costtop.durations import DAY, HOUR, MINUTE
from costtop.paths import find
from scripts.benches import fleet
from tests.plans.rollouts import rollout, window
from tests.tui.stage import opened, played
from tests.tui.values import snapshot

pytestmark = pytest.mark.asyncio


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COSTTOP_HOME", str(tmp_path / "costtop"))
    now = fleet.AT
    for ago in range(3, 0, -1):
        start = now - ago * DAY
        ends = start + 4 * HOUR
        rollout(
            tmp_path, ago, start, [{"primary": window(20 * ago + n, 300, ends)} for n in range(9)]
        )
    steps = [
        {"primary": window(10 + n, 300, now + HOUR), "secondary": window(22, 10080, now + 2 * DAY)}
        for n in range(30)
    ]
    rollout(tmp_path, 4, now - 60 * MINUTE, steps)
    scan(find())
    return find()


async def test_the_head_says_how_full_the_windows_are(paths):
    async with opened(paths) as play:
        (line,) = [line for line in play.lines if line.lstrip().startswith("5h ")]
        assert "39 %" in line and "resets" in line and "survives: resets" in line
        assert "Week" in line and "22 %" in line
        assert "0 plans" in play.text


async def test_the_screen_says_who_filled_a_window_and_how_those_before_went(paths):
    async with opened(paths, "0") as play:
        await play.until(lambda: "who filled 5h" in play.text)
        assert "39 %" in play.line_of("5h ")
        assert "0000004" in play.text and "elsewhere, or before" in play.text
        before = play.text[play.text.index("the windows before") :]
        assert [share for share in ("28 %", "48 %", "68 %") if share in before] == [
            "28 %", "48 %", "68 %"
        ]  # fmt: skip
        await play.press("down")
        await play.until(lambda: "who filled week" in play.text)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (200, 60)])
async def test_nothing_of_a_window_is_cut(paths, size):
    async with opened(paths, "0", size=size) as play:
        await play.until(lambda: "AT THIS PACE" in play.text)
        rows = [play.line_of("5h "), play.line_of("week ")]
        assert not any("…" in row for row in rows)


async def test_who_has_no_plan_sees_none():
    async with played(snapshot()) as play:
        assert "plans" not in play.text
