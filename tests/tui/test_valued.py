"""In a home with a plan every screen of dollars says that they are value, and none without one."""

import pytest

from costtop.daemon.jobs.scan_once import scan
from costtop.durations import HOUR, MINUTE
from costtop.paths import find
from scripts.benches import fleet
from tests.plans.rollouts import rollout, window
from tests.tui.stage import opened

pytestmark = pytest.mark.asyncio
PLAN = '[[plan]]\nname = "Plus"\nagent = "codex"\nprice = "$20"\n'


@pytest.fixture(params=[PLAN, ""], ids=["plan", "none"])
def paths(request, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COSTTOP_HOME", str(tmp_path / "costtop"))
    now = fleet.AT
    steps = [{"primary": window(10 + n, 300, now + HOUR)} for n in range(30)]
    rollout(tmp_path, 1, now - 60 * MINUTE, steps)
    found = find()
    if request.param:
        found.config.parent.mkdir(parents=True, exist_ok=True)
        found.config.write_text(PLAN)
    scan(found)
    return found


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("key", ["1", "2", "3", "4", "5"])
async def test_a_screen_says_value_where_a_plan_is_paid_and_only_there(paths, request, key, size):
    plan = bool(request.node.callspec.params["paths"])
    async with opened(paths, key, size=size) as play:
        await play.until(lambda: ("VALUE" if plan else "$") in play.text)
        if plan:
            assert "value" in play.text
        else:
            assert "value" not in play.text.casefold()
