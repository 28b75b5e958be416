"""Sends the fleet's letters: each is claimed at the server before, and marked there afterwards.

A crash between the two repeats it, with the same token; the endpoint's next one waits meanwhile, so
that no more than one an endpoint is ever repeated.
"""

import asyncio
import time
from collections.abc import Callable

from costtop.config import Endpoint
from costtop.fleet import steward
from costtop.fleet.steward import Server
from costtop.model import Letter
from costtop.notify.send import SendResult, send
from costtop.notify.sender_children import SenderChildren

_FRESH = 1.0  # s after which a claim is not relied on: this process may have slept


class Letters:
    """The sending hand of one leader, on a connection of its own."""

    def __init__(self, server: Server, epoch: int, lease_ms: int, lost: Callable[[], None]) -> None:
        """`lost` is called where another one leads."""
        self._server, self._epoch, self._lease_ms = server, epoch, lease_ms
        self._lost = lost
        self.children = SenderChildren()

    async def send(self, endpoint: Endpoint, letter: Letter) -> SendResult:
        """Sends it, where that is still this one's to do; else it never returns."""
        asked = time.monotonic()
        if not await asyncio.to_thread(steward.claim, self._server, self._epoch, letter.token):
            await self._end()
        if time.monotonic() - asked > _FRESH and not await asyncio.to_thread(
            steward.lead_on, self._server, self._epoch, self._lease_ms
        ):
            await self._end()
        result = await send(endpoint, letter, self.children)
        if result.ok:
            await asyncio.to_thread(
                steward.sent, self._server, self._epoch, letter.token, result.state
            )
        return result

    async def _end(self) -> None:
        self._lost()
        await asyncio.Event().wait()
