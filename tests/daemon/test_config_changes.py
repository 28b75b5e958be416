"""A daemon reads its configuration again when a file of it changes, or what it takes in besides."""

import asyncio

from costtop import paths
from costtop.daemon import main
from costtop.daemon.main import ConfigChanges


async def test_a_new_home_of_a_tool_asks_for_a_reload(home, monkeypatch):
    monkeypatch.setattr(main, "_EVERY", 0.01)
    homes: list[str] = []
    reloads = asyncio.Event()
    changes = ConfigChanges(paths.find(), reloads.set, lambda: tuple(homes))
    task = asyncio.create_task(changes.run())
    try:
        await asyncio.sleep(0.1)
        assert not reloads.is_set()
        homes.append("~/.claude-work")
        async with asyncio.timeout(5):
            await reloads.wait()
    finally:
        task.cancel()
