"""Every control action: written down and announced.

RELIABILITY.md T3: nobody with the user's rights can be fenced off the socket, so whatever is done
over it is told to the notifier, with the process that asked.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable

from costtop import lasting_tasks
from costtop.alerts import wording
from costtop.daemon.notices.post import Audience, post_notice
from costtop.durations import now_ms
from costtop.model import Severity
from costtop.store.sessions import kill_intents, marks, short_ids
from costtop.store.writer import Writer
from costtop.text import clean
from costtop.world_faults import best_effort, judge

_UNKEPT = 1000  # deeds at most that wait to be kept; the oldest are given up
_AGAIN = 5.0  # s
_QUIET = ("mark", "unmark", "resume", "ack", "plan", "run")  # deeds that wake nobody


class ActionLog:
    """The record of deeds of one instance."""

    def __init__(self, writer: Writer, audience: Audience, posted: Callable[[], None]) -> None:
        self._writer, self._audience = writer, audience
        self.posted = posted  # to be called, on the loop, when a letter was posted
        self._unkept: deque[tuple[str, str, str, str, int]] = deque(maxlen=_UNKEPT)
        self._turn = asyncio.Lock()

    async def note(self, by: str, deed: str, session: str, detail: str) -> None:
        """Keeps and announces a deed; where the store fails, as soon as it does no more.

        A full disk must not keep anybody from ending an agent.
        """
        self._unkept.append((by, deed, session, detail, now_ms()))
        with best_effort():
            await self._keep_all()

    async def run(self) -> None:
        """For ever: keeps what could not be kept at once."""
        while True:
            await self._keep_all()
            lasting_tasks.well()
            await asyncio.sleep(_AGAIN)

    async def _keep_all(self) -> None:
        async with self._turn:
            while self._unkept:
                if await self._writer.transact(self.keep, *self._unkept[0]):
                    self.posted()
                self._unkept.popleft()

    def keep(
        self, db: sqlite3.Connection, by: str, deed: str, session: str, detail: str, now: int
    ) -> bool:
        """The same inside a transaction; True where a letter was posted."""
        marks.journal(db, now, clean(by), deed, session, detail)
        return self.announce(db, by, deed, session, detail, now)

    def announce(
        self, db: sqlite3.Connection, by: str, deed: str, session: str, detail: str, now: int
    ) -> bool:
        """Posts the letter of a deed that is written down already."""
        severity: Severity = "notice" if deed.startswith(_QUIET) else "warning"
        said = wording.deed(deed, short_ids.said(db, session), clean(by), detail)
        return post_notice(db, self._audience, said, severity, now)

    async def intend(self, session: str, identity: tuple[int, int], rung: str, by: str) -> int:
        """Keeps that a kill begins, so that a daemon that dies meanwhile goes on with it.

        0 where the store cannot keep it: the kill itself waits for no disk.
        """
        try:
            return await self._writer.transact(
                kill_intents.begin, session, identity, rung, clean(by), now_ms()
            )
        except Exception as error:
            if judge(error) is None:
                raise
            return 0

    async def fulfil(self, intent: int) -> None:
        """The kill has come to its end, one way or the other."""
        with best_effort():
            await self._writer.transact(kill_intents.end, intent, now_ms())
