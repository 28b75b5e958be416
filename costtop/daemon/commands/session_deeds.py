"""Deeds on sessions: kept as words in the store, or done to their processes. Others say who may."""

import sqlite3
from collections.abc import Callable

from costtop.control.protocol import Kill, Pause, Resume
from costtop.daemon.actions.action_log import ActionLog
from costtop.daemon.actions.process_actions import ProcessActions
from costtop.daemon.commands import annotations
from costtop.durations import now_ms
from costtop.errors import CosttopError
from costtop.store.alerts import breakers
from costtop.store.writer import Writer

Also = Callable[[sqlite3.Connection, str], None]
"""What is kept in the same transaction as a deed; it gets the words on what was done."""


class SessionDeeds:
    """What may be done to the sessions of one instance."""

    def __init__(self, writer: Writer, actions: ProcessActions, action_log: ActionLog) -> None:
        self._writer, self._actions, self._action_log = writer, actions, action_log

    async def annotate(self, command: annotations.Noted, by: str, also: Also | None = None) -> str:
        """Keeps what is said of a session, alert or budget; raises where there is none of it."""
        said, posted = await self._writer.transact(self._kept, command, by, also)
        if posted:
            self._action_log.posted()
        return said

    def _kept(
        self, db: sqlite3.Connection, command: annotations.Noted, by: str, also: Also | None
    ) -> tuple[str, bool]:
        said, posted = annotations.keep(db, command, by, self._action_log, now_ms())
        if also is not None:
            also(db, said)
        return said, posted

    async def act(self, command: Pause | Resume | Kill, asker: int) -> list[str]:
        """Does it to the session's process; what each step did. Raises where it failed."""
        return await self._actions.act(command, asker, self._action_log)

    async def resume(self, command: Resume, by: str, asker: int) -> list[str]:
        """Lifts a hold, and continues the process; one that is held by its hook alone runs."""
        lifted = await self._writer.transact(breakers.end_hold, command.session, now_ms())
        said = ["its hold is lifted: tools and prompts pass again"] if lifted else []
        if lifted:
            await self._action_log.note(by, "hold lifted", command.session, said[0])
        try:
            return said + await self.act(command, asker)
        except CosttopError:
            if not lifted:
                raise
            return said
