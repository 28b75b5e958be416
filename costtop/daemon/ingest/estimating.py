"""Estimates what no log tells: a compaction, a cancelled turn, beside the calls and in no sum."""

import sqlite3
from collections.abc import Sequence

from costtop.model import Tokens, Untold
from costtop.pricing.charge import charge
from costtop.pricing.untold import likely
from costtop.store.calls import estimates
from costtop.store.calls.batch import Reading
from costtop.store.calls.write_context import WriteContext


def book(db: sqlite3.Connection, into: WriteContext, readings: Sequence[Reading]) -> None:
    """Estimates what these readings say was billed and not told; their calls are written."""
    for reading in readings:
        for told in reading.untold:
            _estimate(db, estimates.owner(db, into, told, reading), told)


def book_again(db: sqlite3.Connection) -> None:
    """Estimates everything anew, after prices have changed."""
    for owner, told in estimates.stored(db):
        _estimate(db, owner, told)


def _estimate(db: sqlite3.Connection, owner: estimates.Owner, told: Untold) -> None:
    known = estimates.before(db, owner.session, told)
    tokens = likely(told, known.call) if known else Tokens()
    rates = known.call.rates if known else None
    cost = charge(tokens, 0, rates) if rates else None
    estimates.put(db, owner, told, known, (tokens, cost))
