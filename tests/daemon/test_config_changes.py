"""A daemon reads its configuration again when a file of it changes, or what it takes in besides."""

import asyncio
import subprocess
import sys

from costtop import paths
from costtop.daemon import config_changes
from costtop.daemon.config_changes import ConfigChanges
from tests.patience import PATIENCE


async def test_a_new_home_of_a_tool_asks_for_a_reload(home, monkeypatch):
    monkeypatch.setattr(config_changes, "_EVERY", 0.01)
    homes: list[str] = []
    reloads = asyncio.Event()
    changes = ConfigChanges(paths.find(), reloads.set, lambda: tuple(homes))
    task = asyncio.create_task(changes.run())
    try:
        await asyncio.sleep(0.1)
        assert not reloads.is_set()
        homes.append("~/.claude-work")
        async with asyncio.timeout(PATIENCE):
            await reloads.wait()
    finally:
        task.cancel()


def test_start_with_a_broken_configuration_exits_78_and_names_the_line(home):
    found = paths.find()
    found.config.parent.mkdir(parents=True)
    found.config.write_text('[[budget]]\nname = "daily"\namount = "20 USD"\n')
    ran = subprocess.run(
        [sys.executable, "-m", "costtop", "start"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (78, "", 1)
    assert f"{found.config}:3: amount = " in ran.stderr
