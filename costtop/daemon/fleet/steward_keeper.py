"""Keeps the process that stands for election as the fleet's steward, and knows what it says.

The process reads the configuration by itself and ends when its pipe does; one that ends is started
again, later each time.
"""

import asyncio
import json
import logging
import os
import random
import sys
from collections.abc import Mapping
from typing import Any

from costtop import lasting_tasks
from costtop.daemon.fold_process import search_path
from costtop.notify.sender_children import end

_FIRST, _MOST = 1.0, 60.0  # s before another start
_SETTLED = 60.0  # s after which one has been no failure
_LOOK = 60.0  # s without a word after which it looks all the same
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.buffer.readline());"
    "from costtop.steward.steward_process import serve; serve()"
)
log = logging.getLogger("costtop")


class StewardKeeper:
    """One process after the other."""

    code = "fleet-steward"

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}  # its latest word: leads, leader, epoch, trouble

    @property
    def trouble(self) -> str:
        """Why this steward cannot lead, nor wait for its turn."""
        return str(self.state.get("trouble", ""))

    def said(self) -> Mapping[str, Any]:
        """For the status file."""
        return self.state

    async def run(self) -> None:
        """For ever."""
        wait = _FIRST
        while True:
            began = asyncio.get_running_loop().time()
            await self._live()
            lasting_tasks.well()
            told = self.trouble or "the steward's process ended, and is started again"
            self.state = {"leads": False, "trouble": told}
            log.warning("%s", told)
            if asyncio.get_running_loop().time() - began >= _SETTLED:
                wait = _FIRST
            await asyncio.sleep(wait * random.uniform(0.75, 1.25))  # noqa: S311 - spreads starts
            wait = min(wait * 2, _MOST)

    async def _live(self) -> None:
        """One process from its start to its end."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", _START),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ,  # its channels may find their secrets there, as the daemon's do
            start_new_session=True,
            cwd="/",
        )
        try:
            assert child.stdin is not None
            child.stdin.write(json.dumps(search_path()).encode() + b"\n")
            while await self._hear(child):
                lasting_tasks.well()
        finally:
            await end(child)

    async def _hear(self, child: asyncio.subprocess.Process) -> bool:
        """One word of it, if one comes; False when it has ended."""
        assert child.stdout is not None
        try:
            async with asyncio.timeout(_LOOK):
                line = await child.stdout.readline()
        except TimeoutError:
            return child.returncode is None
        if line:
            self.state = dict(json.loads(line)["state"])
        return bool(line)
