"""How the dearest sessions of a span spent in it: cost over time, and where the dollars went.

One pass over their calls, of which there is a limit. Money is int nano-dollars, times are ms UTC.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from costtop.analysis import ledger
from costtop.detect.rules import loop
from costtop.detect.sessions.running_session import RunningSession, book
from costtop.model import Spend
from costtop.named_tuples import NamedTuple
from costtop.queries.spending.report_line import Line
from costtop.store.db import snapshot
from costtop.store.sessions.past_spends import History

MOST_CALLS = 4_000  # that are read: some 15 ms a thousand
MOST_SESSIONS = 20


class SpanCurve(NamedTuple):
    """One session within the span, subagents included."""

    key: str  # "source/session"
    points: tuple[tuple[int, int], ...]  # (ms, cost so far in the span), in order of time
    books: ledger.Books  # where the dollars went; sums to the last point

    @property
    def cost(self) -> int:
        """What its calls in the span cost."""
        return sum(self.books)


def read(
    db: sqlite3.Connection, lines: Iterable[Line], since: int | None, until: int | None
) -> tuple[SpanCurve, ...]:
    """Of the sessions of a report's lines, dearest first, as many as the limits allow.

    One with too many calls is passed over. `since` and `until` are what the report counts.
    """
    found: list[SpanCurve] = []
    left = MOST_CALLS
    with snapshot(db):
        history = History(db)
        for line in lines:
            if line.calls > left or len(found) == MOST_SESSIONS:
                continue
            root = history.root_id(line.key)
            if root is None:
                continue
            family = history.family(root, since or 0, 1 << 62 if until is None else until)
            if family:
                left -= len(family)
                found.append(_curve(line.key, [spend for _, spend in family]))
    return tuple(found)


def together(curves: Iterable[SpanCurve]) -> ledger.Books:
    """The books of several sessions in one."""
    total = ledger.EMPTY
    for one in curves:
        total = ledger.add(total, one.books)
    return total


def _curve(key: str, spends: Sequence[Spend]) -> SpanCurve:
    points, total = [], 0
    session, loops = RunningSession(spends[0]), loop.Loop()
    for spend in spends:
        loop.take(session, loops, spend, book(session, spend))  # repeated turns become retries
        total += spend.cost or 0
        points.append((spend.call.at, total))
    return SpanCurve(key, tuple(points), tuple(session.books.total))
