"""Reads one log from its place on and folds it into events, in a thread or a worker process.

It joins tail and sources and nothing else: it prices nothing, stores nothing and never raises on
what a file holds.
"""

import time
from collections.abc import Collection, Iterable
from typing import Any

from costtop.columnar.plain_calls import PlainCalls
from costtop.model import Bad, Call, Event, Outcome, PlainCall, SessionFact, TaskFact, Untold
from costtop.named_tuples import NamedTuple
from costtop.nouns.pull_link import PullLink
from costtop.plan_reading import PlanReading
from costtop.sources.fold import keys
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.registry import SOURCE
from costtop.store.kept_memos import Kept
from costtop.tail.place import Place, shown
from costtop.tail.read import BUDGET, Piece, document, pieces
from costtop.tail.rotation import FileChange

_TITLES = "titles"  # in the memo of a file: what its titles have been read with


class Order(NamedTuple):
    """One file to be read on from `change.place`, with the memo of its fold."""

    source: str  # name of the format
    label: str  # name of the source, where the config gives the same format another one
    change: FileChange
    memo: Memo
    seen: int  # receive time, ms
    titles: bool = False  # the agents' own titles of sessions are wanted


class Folded(NamedTuple):
    """What one turn gave of one file, and where reading stands after it."""

    label: str
    place: Place
    memo: Memo
    fresh: bool
    calls: Collection[Call]  # from a worker a stretch of columns
    facts: list[SessionFact]
    tasks: list[TaskFact]
    outcomes: list[Outcome]
    untold: list[Untold]
    plans: list[PlanReading]
    pulls: list[PullLink]
    bad: list[Bad]
    read: int  # bytes
    more: bool  # the turn's budget ended before the file did
    took: float = 0.0  # seconds that a database was asked
    memo_kept: Kept = ""  # the memo as it is stored, where it is known as that alone


_LIST_OF = {
    kind: Folded._fields.index(name)
    for kind, name in (
        *((Outcome, "outcomes"), (TaskFact, "tasks"), (SessionFact, "facts"), (Untold, "untold")),
        *((PlanReading, "plans"), (PullLink, "pulls"), (Bad, "bad")),
    )
}


def fold(orders: Iterable[Order], budget: int = BUDGET) -> list[Folded]:
    """One turn of each file: at most about `budget` bytes of it."""
    return [_fold(order, budget) for order in orders]


def _fold(order: Order, budget: int) -> Folded:
    source = SOURCE[order.source]
    if source.shape == "rows":
        return _fold_rows(order, source)
    change = order.change
    fresh = change.kind in ("new", "replaced") or source.shape == "document"
    folded = _nothing(order.label, change.place, order.memo, fresh=fresh)
    for piece in _pieces(source, change, budget):
        folded = _add(folded, source, piece, order.seen)
        if order.titles and piece.data:
            folded = _titled(folded, order, piece)
    return folded


def _fold_rows(order: Order, source: Source) -> Folded:
    """One page of each of the source's questions to a database."""
    from costtop.daemon.ingest.databases import asked  # loads sqlite3

    began, place = time.monotonic(), order.change.place
    fresh = order.change.kind in ("new", "replaced")
    page = asked(place.path, source, order.memo, order.seen)
    if page.more or page.again:
        place = place._replace(mtime=0)  # not settled: it is looked at again
    folded = _nothing(order.label, place, page.memo)._replace(
        fresh=fresh, read=page.read, more=page.more, took=time.monotonic() - began
    )
    _sort(folded, page.events)
    if order.titles:
        facts, memo, more = titles_of_rows(order.source, place.path, order.memo, order.seen)
        folded.facts.extend(facts)
        folded = folded._replace(memo=folded.memo | {_TITLES: memo}, more=folded.more or more)
    return folded


def titles_of_rows(
    form: str, path: bytes, memo: Memo, seen: int
) -> tuple[list[SessionFact], Memo, bool]:
    """One page of the titles in a database, what the next page goes on with, whether one comes.

    `memo` is that of the file. A store that cannot be asked is named by the format's own reading.
    """
    from costtop.daemon.ingest.databases import asked
    from costtop.sources.session_titles import TITLES

    if form not in TITLES:
        return [], {}, False
    page = asked(path, TITLES[form], memo.get(_TITLES, {}), seen)
    return [one for one in page.events if isinstance(one, SessionFact)], page.memo, page.more


def titles_of_piece(
    form: str, piece: Piece, memo: Memo, seen: int
) -> tuple[list[SessionFact], Memo]:
    """The titles in a piece of a log; `memo` is what the titles of the piece before it left."""
    from costtop.sources import session_titles

    if form not in session_titles.TITLES:
        return [], memo
    chunk = Chunk(shown(piece.place.path), piece.data, piece.offset, seen)
    return session_titles.read(form, chunk, memo)


def _titled(folded: Folded, order: Order, piece: Piece) -> Folded:
    facts, memo = titles_of_piece(order.source, piece, folded.memo.get(_TITLES, {}), order.seen)
    folded.facts.extend(facts)
    return folded._replace(memo=folded.memo | {_TITLES: memo}) if memo else folded


def _pieces(source: Source, change: FileChange, budget: int) -> Iterable[Piece]:
    if source.shape == "lines":
        return pieces(change.place, budget, final=change.final)
    whole = document(change.place)
    return [whole] if whole else []


def _add(folded: Folded, source: Source, piece: Piece, seen: int) -> Folded:
    memo = folded.memo
    if piece.data:
        written = piece.place.mtime // 1_000_000
        chunk = Chunk(shown(piece.place.path), piece.data, piece.offset, seen, written=written)
        events, memo = source.read(chunk, memo)
        _sort(folded, events)
    place = piece.place
    if piece.last:
        place = place._replace(half=not _take_last(folded, source, piece, memo, seen))
    if piece.overlong is not None:
        folded.bad.append(Bad(piece.overlong, "the line is too long to be read"))
    return folded._replace(
        place=place, memo=memo, read=folded.read + len(piece.data), more=piece.more
    )


def _take_last(folded: Folded, source: Source, piece: Piece, memo: Memo, seen: int) -> bool:
    """Takes a last line that has no newline; False where the source cannot read it as it stands.

    Neither the place nor the memo moves: the line is read again once its newline has come, or its
    rest, and then changes nothing that is not new.
    """
    chunk = Chunk(shown(piece.place.path), piece.last + b"\n", piece.place.offset, seen)
    events, _ = source.read(chunk, memo)
    whole = [event for event in events if not isinstance(event, Bad)]
    _sort(folded, whole)
    return len(whole) == len(events)


def sorted_events(
    label: str, place: Place, memo: Memo, events: Iterable[Event], read: int
) -> Folded:
    """What a channel that is no file gave at once, in the form of a file's turn."""
    folded = _nothing(label, place, memo)._replace(read=read)
    _sort(folded, events)
    return folded


def _nothing(label: str, place: Place, memo: Memo, *, fresh: bool = False) -> Folded:
    """A turn of which nothing is known yet."""
    return Folded(
        label=label,
        place=place,
        memo=memo,
        fresh=fresh,
        calls=PlainCalls(),
        facts=[],
        tasks=[],
        outcomes=[],
        untold=[],
        plans=[],
        pulls=[],
        bad=[],
        read=0,
        more=False,
    )


def _sort(folded: Folded, events: Iterable[Event]) -> None:
    lists: Any = folded
    for event in events:
        if isinstance(event, PlainCall):
            lists.calls.told.append(event)
        elif isinstance(event, Call):
            lists.calls.told.append(_joinable(event))
        else:
            lists[_LIST_OF[type(event)]].append(event)


def _joinable(call: Call) -> Call:
    """The call with the name under which channels join it.

    A short request id is its session's; where the wire does not know the sessions of logs, it is
    the same request only with the same output.
    """
    if not call.request or keys.is_global(call.request):
        return call
    from costtop.sources.otlp.record_owner import TOOLS  # most workers meet no such id

    owner = call.session if call.source in TOOLS else call.tokens.output
    return call._replace(request=keys.named(call.request, owner))
