"""Keeps the socket open while the daemon reads its configuration again: lines wait, none is lost.

It understands no line. A command that takes longer than the daemon can wait is told to try again.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from costtop import lasting_tasks
from costtop.receive.caller import Caller
from costtop.receive.socket import Commands, listening

_LOOK = 2.0  # s between two looks at the socket's file, which whatever clears /tmp may take away
_PATIENCE = 5.0  # s that lines under way may take before the work is begun anew


class Clerk(Protocol):
    """Who answers with the present configuration."""

    def answer(self, lines: list[bytes], caller: Caller) -> Awaitable[list[bytes]]:
        """One answer for each line, in order."""


class FrontDesk:
    """The socket of one daemon, for as long as it lives."""

    def __init__(self, socket: Path, commands: Commands) -> None:
        self._socket, self._commands = socket, commands
        self._door: AsyncExitStack | None = None
        self._clerk: Clerk | None = None
        self._there = asyncio.Event()
        self._under_way: set[asyncio.Future[list[bytes]]] = set()

    async def serve(self, clerk: Clerk) -> None:
        """Has lines answered by `clerk`, for ever; listens anew where the socket's file is gone."""
        self._clerk = clerk
        self._there.set()
        try:
            while True:
                if self._door is None or not self._socket.exists():
                    await self._open()
                lasting_tasks.well()
                await lasting_tasks.beat(_LOOK)
        finally:
            self._there.clear()
            for work in self._under_way:
                work.cancel()

    async def pause(self) -> None:
        """Lets no further line begin, and those under way end."""
        self._there.clear()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_PATIENCE)

    async def close(self) -> None:
        """Nobody is listened to any more."""
        if self._door is not None:
            await self._door.aclose()
            self._door = None

    async def _open(self) -> None:
        await self.close()
        door = AsyncExitStack()
        await door.enter_async_context(listening(self._socket, self._answer, self._commands))
        self._door = door

    def _answer(self, lines: list[bytes], caller: Caller) -> Awaitable[list[bytes]]:
        if self._clerk is None or not self._there.is_set():
            return self._answer_later(lines, caller)
        work = asyncio.ensure_future(self._clerk.answer(lines, caller))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        return work

    async def _answer_later(self, lines: list[bytes], caller: Caller) -> list[bytes]:
        await self._there.wait()
        return await self._answer(lines, caller)
