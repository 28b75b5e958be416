"""A port that is kept open: one that another program has is tried again."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

AGAIN = 30.0  # s before a port that was taken is tried again
log = logging.getLogger("costtop")


class Port:
    """Where something listens, and what keeps it from it."""

    def __init__(self, host: str, number: int) -> None:
        self.host, self.number = host, number
        self.code, self.trouble = "listener-closed", ""
        self.ready = asyncio.Event()  # open, or known to be in trouble

    async def keep_open(
        self, listening: Callable[[str, int], AbstractAsyncContextManager[int]]
    ) -> None:
        """Listens, for ever; `listening` opens the port for as long as its context lasts."""
        while True:
            try:
                async with listening(self.host, self.number):
                    self.trouble = ""
                    self.ready.set()
                    await asyncio.Event().wait()
            except OSError as error:
                where = f"{self.host} port {self.number}"
                self.trouble = f"cannot listen at {where}: {error.strerror}"
                self.ready.set()
                log.warning(self.trouble)
                await asyncio.sleep(AGAIN)
