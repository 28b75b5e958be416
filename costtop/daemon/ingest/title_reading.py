"""Keeps titles of sessions as the user wants them: of all logs, or none."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from costtop import lasting_tasks
from costtop.daemon.ingest.fold import titles_of_piece, titles_of_rows
from costtop.durations import now_ms
from costtop.model import SessionFact
from costtop.sources.fold.source import Memo
from costtop.store.forgetting import removal
from costtop.store.recovery import backups, rebuild
from costtop.store.sessions import titles
from costtop.store.writer import Writer
from costtop.tail.find import FolderTree
from costtop.tail.place import Place
from costtop.tail.read import document, pieces
from costtop.tail.roots import Root, Seen

_ALL = 1 << 62  # bytes of a file
log = logging.getLogger("costtop")


async def keep(writer: Writer, roots: Sequence[Root]) -> None:
    """For ever, as what a daemon does: once is enough, for the logs tell of later ones."""
    await catch_up(writer, roots)
    lasting_tasks.well()
    await asyncio.Event().wait()


async def catch_up(writer: Writer, roots: Sequence[Root]) -> None:
    """Asks every log once that was read before titles were wanted; nothing where none is due."""
    if await writer.read(titles.are_missing):
        facts = await asyncio.to_thread(_of_all, roots)
        await writer.transact(titles.learn, facts)


def _of_all(roots: Sequence[Root]) -> list[SessionFact]:
    found = FolderTree(roots).all(time.time_ns())
    return [fact for seen in found.seen for fact in _of(seen)]


def _of(seen: Seen) -> list[SessionFact]:
    """The titles that one log tells, from its beginning on."""
    form, facts, memo = seen.root.label.partition(":")[0], list[SessionFact](), Memo()
    if seen.root.shape == "rows":
        more = True
        while more:
            some, memo, more = titles_of_rows(form, seen.path, {"titles": memo}, now_ms())
            facts += some
        return facts
    place = Place(seen.path)
    found = pieces(place, _ALL) if seen.root.shape == "lines" else filter(None, [document(place)])
    for piece in found:
        if piece.data:
            some, memo = titles_of_piece(form, piece, memo, now_ms())
            facts += some
    return facts


async def as_wanted(writer: Writer, *, wanted: bool) -> None:
    """Takes titles out of the store and its backups, where they are wanted no more."""
    if wanted:
        await writer.transact(titles.begin)
        return
    if not await writer.read(titles.has_any):
        return
    await asyncio.to_thread(_forget_copies, writer.path)  # first: what is broken off comes again
    await writer.read(removal.begin)
    await writer.transact(titles.forget)
    await writer.read(removal.end)


def _forget_copies(database: Path) -> None:
    rebuild.clear_aside(database)
    for copy in backups.kept(database):
        try:
            titles.forget_in(copy.path)
        except sqlite3.Error as error:
            log.warning("titles of sessions are left in the backup %s: %s", copy.path, error)
