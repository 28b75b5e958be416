"""Fills a batch's calls, and those stored before it, with what the wire told of their sessions."""

import sqlite3
from collections.abc import Collection, Iterable, Mapping

from costtop.model import SessionFact
from costtop.store.calls.call_row import HEARD, CallRow
from costtop.store.calls.merge import Sight, Stored
from costtop.store.calls.otlp_twins import is_named
from costtop.store.calls.rollups import Deltas
from costtop.store.calls.told_contexts import (
    ALL_CALLS,
    Affected,
    OwnWord,
    SessionTelling,
    either,
    family,
    filled,
    keep,
    own_words,
)
from costtop.store.calls.write_context import WriteContext
from costtop.store.names import read_context, read_name


def hear(
    db: sqlite3.Connection,
    into: WriteContext,
    sights: Iterable[Sight],
    affected: dict[int, Affected],
) -> None:
    """Keeps whose a session is, as tellings say that may give way to the session's log.

    `affected`, by root session, grows by the calls that this may change.
    """
    for sight in sights:
        call = sight.priced.call
        if not (call.heard and call.coarse and is_named(call.session, call.service)):
            continue
        ref = into.sessions.ref(db, call.source, call.session, call.agent)
        told = SessionTelling(call.at, call.at, call.context)
        found = into.told.hear(db, into.names, ref.id, told)
        if found and into.heard.has_log(db, ref.root):
            affected[ref.root] = either(found, affected.get(ref.root, found))


def moved(
    db: sqlite3.Connection, into: WriteContext, facts: Iterable[SessionFact]
) -> dict[int, Affected]:
    """Sessions that have another root now: what was told of either is told of both."""
    into.heard.regroup()
    if not into.told.matters(db):
        return {}
    named = {(fact.source, fact.session) for fact in facts if fact.parent}
    return {into.sessions.ref(db, *name).root: ALL_CALLS for name in named}


class Filling:
    """What one batch fills; `affected` are calls, by root session, that new tellings may change."""

    def __init__(
        self,
        db: sqlite3.Connection,
        into: WriteContext,
        stored: Iterable[Stored],
        affected: Mapping[int, Affected],
    ) -> None:
        self._db, self._into, self._affected = db, into, affected
        self.matters = into.told.matters(db)
        self._own = own_words(db, [known.id for known in stored]) if self.matters else {}
        self._words: dict[int, OwnWord | None] = {}
        self.regrouped = 0  # stored calls that count for another user, feature or tag now

    def bare(self, known: Stored | None) -> Stored | None:
        """A stored call as it was before it was filled."""
        word = self._own.get(known.id) if known and self._own else None
        if known is None or word is None:
            return known
        return known._replace(row=known.row._replace(context=word.context, feature=word.feature))

    def row(self, number: int, bare: CallRow, known: Stored | None, *, joined: bool) -> CallRow:
        """The row of the call `number`, with what the wire told where it is silent itself.

        `joined` says that the wire told of this very request.
        """
        row = self._filled(bare) if self.matters else bare
        if row is not bare:
            self._words[number] = OwnWord(bare.context, bare.feature)
        elif number in self._own:
            self._words[number] = None
        if known and (joined or self.matters):
            whose = (known.row.context, known.row.feature)
            self.regrouped += (row.context, row.feature) != whose
        return row

    def _filled(self, bare: CallRow) -> CallRow:
        db, into = self._db, self._into
        tellings = into.told.of(db, bare.session, into.sessions.adopted)
        if not tellings or bare.flags & HEARD:
            return bare
        own = read_context(db, bare.context)
        context = filled(own, bare.at, tellings)
        if context == own:
            return bare
        source = into.sessions.root_key(db, bare.session).partition("/")[0]
        model = read_name(db, bare.model)
        feature = into.feature(db, bare.session, context, source, model)
        return bare._replace(
            context=into.names.context(db, context), feature=into.names.name(db, feature)
        )

    def rest(self, but: Collection[int], deltas: Deltas) -> list[tuple[int, CallRow]]:
        """Stored calls, `but` those of the batch itself, that new tellings have changed."""
        changed = []
        for root, affected in self._affected.items():
            stored = [one for one in family(self._db, root, affected) if one.id not in but]
            self._own |= own_words(self._db, [one.id for one in stored])
            for known in stored:
                bare = self.bare(known)
                row = self.row(known.id, bare.row if bare else known.row, known, joined=False)
                if row != known.row:
                    deltas.book(known.row, -1)
                    deltas.book(row)
                    changed.append((known.id, row))
        return changed

    def write(self) -> None:
        """Keeps what filled calls said themselves."""
        keep(self._db, self._words)
