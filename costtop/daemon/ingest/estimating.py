"""Estimates what no log tells: a compaction, a cancelled turn, beside the calls and in no sum.

A compaction sends the whole conversation, most of it from the cache, and instructions that no cache
has; its answer is the summary. A cancelled request sends what the call before it did and what has
been added since; its answer ends when it is cancelled. Measured on Claude Code 2.1 against a server
whose bill is known (docs/sources.md).
"""

import sqlite3
from collections.abc import Sequence

from costtop.model import CallBefore, Tokens, Untold
from costtop.pricing.charge import charge
from costtop.store.calls import estimates
from costtop.store.calls.batch import Reading
from costtop.store.calls.write_context import WriteContext

_PER_SECOND = 100  # output tokens that a fast model writes; no cancelled answer has more


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
    tokens = _likely(told, known.call) if known else Tokens()
    rates = known.call.rates if known else None
    cost = charge(tokens, 0, rates) if rates else None
    estimates.put(db, owner, told, known, (tokens, cost))


def _likely(told: Untold, before: CallBefore) -> Tokens:
    """The tokens of `told`, about."""
    known = before.tokens
    plain = max(known.input - known.cache_read - known.cache_write, 0)
    whole = told.context or known.input + known.output
    if known.cache_read or known.cache_write:
        read = min(known.cache_read + known.cache_write, whole)
        left = max(whole - read - plain, 0)
        written = left if told.kind == "compaction" else max(left, before.written)
    else:
        plain, read, written = whole, 0, 0
    hour = written * known.cache_write_1h // known.cache_write if known.cache_write else 0
    return Tokens(plain + told.asked + read + written, read, written, hour, _output(told, before))


def _output(told: Untold, before: CallBefore) -> int:
    """What it answered: at least what the log shows, as a rule as much as its neighbours."""
    usual = before.output
    if told.took is not None:
        usual = min(usual, told.took * _PER_SECOND // 1000)
    return max(told.output, usual)
