"""Takes due letters from the outbox and has each sent, for as long as the daemon lives.

It words nothing and decides nothing: what lies in the outbox goes, oldest first for each endpoint.
One endpoint is served by one child at a time, so its hang delays no other; those that fail share
two places of their own. A letter is marked sent after success only (RELIABILITY.md R9).
"""

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from costtop import lasting_tasks
from costtop.config import Endpoint
from costtop.model import Letter
from costtop.notify.send import SendResult
from costtop.notify.send import send as send_by
from costtop.notify.sender_children import SenderChildren
from costtop.store.alerts import outbox

WELL = 8  # children at once for endpoints that work
FAILING = 2  # and for those that do not
_LONGEST_SLEEP = 60.0  # seconds; a wake-up comes with every commit that posts a letter
_GRACE = 1.5  # seconds for what is under way when the daemon stops

P = ParamSpec("P")
T = TypeVar("T")


class Outbox(Protocol):
    """Where letters lie: the store of a daemon, or the ledger of a fleet's steward."""

    async def transact(
        self, write: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """What `write` returns, committed."""

    async def read(
        self, read: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """What `read` returns, in turn with the writes."""


Late = Callable[[str, str, int, int], tuple[str, str]]
Send = Callable[[Endpoint, Letter], Awaitable[SendResult]]


class Courier:
    """Serves the outbox of one store. `run` it as a task; `wake` it after posting."""

    def __init__(
        self,
        writer: Outbox,
        endpoints: Sequence[Endpoint],
        late: Late,
        clock: Callable[[], int],
        send: Send | None = None,
    ) -> None:
        self._writer = writer
        self._endpoints = {endpoint.label: endpoint for endpoint in endpoints}
        self._late = late
        self._clock = clock
        self._children = SenderChildren()
        self._send = send or partial(send_by, children=self._children)
        self.trouble = ""  # why letters do not go at all, for `doctor`
        self._awake = asyncio.Event()
        self._busy: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._unmarked: dict[int, SendResult] = {}  # sent, but the store could not be told yet
        self._well = asyncio.Semaphore(WELL)
        self._failing = asyncio.Semaphore(FAILING)

    def wake(self) -> None:
        """There may be something to send."""
        self._awake.set()

    async def shout(self, letter: Letter) -> None:
        """Hands a letter to every endpoint now, past the outbox: for when the store is what fails.

        It is tried once; what comes of it is kept nowhere.
        """
        await asyncio.gather(*(self._send(each, letter) for each in self._endpoints.values()))

    async def run(self) -> None:
        """Sends until cancelled; what is under way then has a moment to arrive and be marked.

        A child that is killed after its endpoint has the message would be sent again at the start.
        """
        await self._reopen()
        try:
            async with asyncio.TaskGroup() as group:
                try:
                    await self._serve(group)
                finally:
                    if self._under_way:
                        await asyncio.wait(self._under_way, timeout=_GRACE)
        finally:
            await self._children.close()

    async def _serve(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._awake.clear()
            for letter in await self._due():
                self._busy.add(letter.label)
                task = group.create_task(self._deliver(letter))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            await self._sleep()

    async def _reopen(self) -> None:
        while True:
            try:
                await self._writer.transact(outbox.reopen, list(self._endpoints), self._clock())
            except Exception as error:
                await self._rest(error)
            else:
                return

    async def _due(self) -> list[Letter]:
        try:
            letters = await self._writer.read(outbox.due, frozenset(self._busy), self._clock())
        except Exception as error:
            await self._rest(error)
            return []
        self.trouble = ""
        lasting_tasks.well()
        return [letter for letter in letters if letter.label in self._endpoints]

    async def _rest(self, error: Exception) -> None:
        self.trouble = f"the outbox cannot be used: {error}"
        await lasting_tasks.rest(error)

    async def _sleep(self) -> None:
        try:
            due = await self._writer.read(outbox.next_due, frozenset(self._busy))
        except Exception as error:
            await self._rest(error)
            return
        wait = _LONGEST_SLEEP if due is None else max(0.02, (due - self._clock()) / 1000)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(wait, _LONGEST_SLEEP)):
                await self._awake.wait()

    async def _deliver(self, letter: Letter) -> None:
        try:
            async with self._failing if letter.attempts else self._well:
                outcome = self._unmarked.get(letter.id) or await self._try(letter)
            await self._mark(letter, outcome)
        except Exception as error:  # disk full: what was sent is kept in mind, not sent again
            await self._rest(error)
        finally:
            self._busy.discard(letter.label)
            self.wake()

    async def _try(self, letter: Letter) -> SendResult:
        title, body = self._late(letter.title, letter.body, letter.at, self._clock())
        worded = letter._replace(title=title, body=body)
        return await self._send(self._endpoints[letter.label], worded)

    async def _mark(self, letter: Letter, outcome: SendResult) -> None:
        now = self._clock()
        if not outcome.ok:
            await self._writer.transact(
                outbox.failed,
                letter,
                outcome.error,
                permanent=outcome.permanent,
                jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
                now=now,
            )
            return
        self._unmarked[letter.id] = outcome
        await self._writer.transact(outbox.sent, letter, outcome.state, now)
        del self._unmarked[letter.id]
