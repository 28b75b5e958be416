"""Prices stored calls anew, in short transactions, and says what changed.

The table of calls is the truth; costs, features and every roll-up follow from it.
"""

import sqlite3
from collections.abc import Callable

from costtop.model import Call, Price
from costtop.named_tuples import NamedTuple
from costtop.store.calls.call_row import (
    MODALITY,
    SETTLED,
    SHORT,
    TIER,
    CallRow,
    fields,
    kept_computed,
)
from costtop.store.calls.rollups import Deltas, next_rev
from costtop.store.calls.write_context import WriteContext
from costtop.store.sessions.past_spends import History

AT_ONCE = 2000  # calls of one transaction: about 50 ms of write lock

Pricing = Callable[[Call], Price]
Counts = Callable[[int | None, int | None], int | None]
"""(computed, reported) -> what counts."""


class Changed(NamedTuple):
    """What a new price did to one model's calls. Money in nano-dollars."""

    calls: int = 0
    before: int = 0
    after: int = 0
    priced: int = 0  # calls that had no price before
    lost: int = 0  # calls that have none now


def reprice(
    db: sqlite3.Connection,
    into: WriteContext,
    price: Pricing,
    counts: Counts,
    after: int,
    changes: dict[str, Changed],
) -> int | None:
    """Prices the calls behind the row `after`, adds what changed to `changes` by model.

    Returns the row to go on from, None at the end. Runs inside the caller's transaction.
    """
    rows = db.execute(
        f"SELECT id, {fields()} FROM calls WHERE id > ? ORDER BY id LIMIT ?", (after, AT_ONCE)
    ).fetchall()
    if not rows:
        return None
    rev = next_rev(db)
    old = {row[0]: CallRow._make(row[1:]) for row in rows}
    deltas = Deltas()
    updates = []
    for call_id, spend in History(db).numbered(rows[0][0], rows[-1][0]):
        known = old[call_id]
        new = _priced(db, into, known, spend.call, price, counts)
        if new != known:
            deltas.book(known, -1)
            deltas.book(new)
            computed = kept_computed(new.computed, new.cost)
            updates.append((new.cost, computed, new.card, new.feature, new.flags, call_id))
            _note(changes, spend.call.model, known, new)
    db.executemany(
        "UPDATE calls SET cost = ?, computed = ?, card = ?, feature = ?, flags = ? WHERE id = ?",
        updates,
    )
    deltas.write(db, rev)
    return int(rows[-1][0])


def _priced(
    db: sqlite3.Connection,
    into: WriteContext,
    row: CallRow,
    call: Call,
    price: Pricing,
    counts: Counts,
) -> CallRow:
    computed, rates, short = price(call)
    return row._replace(
        cost=row.reported if row.flags & SETTLED else counts(computed, row.reported),
        computed=computed,
        card=into.names.card(db, rates) if rates else None,
        feature=into.names.name(
            db, into.feature(db, row.session, call.context, call.source, call.model)
        ),
        flags=row.flags & ~(TIER | MODALITY) | sum(SHORT[reason] for reason in short),
    )


def _note(changes: dict[str, Changed], model: str, old: CallRow, new: CallRow) -> None:
    if old.cost == new.cost:
        return
    known = changes.get(model, Changed())
    changes[model] = Changed(
        known.calls + 1,
        known.before + (old.cost or 0),
        known.after + (new.cost or 0),
        known.priced + (old.cost is None),
        known.lost + (new.cost is None),
    )
