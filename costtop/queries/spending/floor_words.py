"""What a floor hides: in words, and in dollars where a session's own finished calls tell."""

import sqlite3
from collections.abc import Sequence

from costtop.durations import QUARTER
from costtop.durations import words as duration_words
from costtop.queries.spending.charged_rates import latest_rates
from costtop.shown import currency
from costtop.store.sums import rollup_progress
from costtop.sum_floors import Floor

_FEWEST = 5  # finished calls of a session and model that say what another one's output may be
_BY_MODEL = (
    "SELECT s.root, p.model, sum(p.calls), sum(p.output) FROM {table} p"
    " JOIN sessions s ON s.id = p.session"
    " WHERE p.quarter >= ? AND p.quarter < ?{more} GROUP BY 1, 2"
)
_CUT = (
    " AND s.root IN (SELECT r.root FROM floors f JOIN sessions r ON r.id = f.session"
    " WHERE f.reason = 'placeholder')"
)


def likely(
    db: sqlite3.Connection, since: int = 0, until: int = 1 << 53, root: int | None = None
) -> int | None:
    """Nano-dollars of outputs that the logs do not finish, about; None where nothing tells.

    Each is taken to be as long as the mean of its session's finished ones with the same model. Of
    the whole quarter hours of [since, until); `root` is the row of one session.
    """
    parts = list(rollup_progress.parts(db, since // QUARTER, until // QUARTER))
    one, more = ("", ()) if root is None else (" AND s.root = ?", (root,))
    floors = [(part.floors, part.since, part.until) for part in parts]
    cut = _sums(db, floors, f"{one} AND p.reason = 'placeholder'", more)
    if not cut:
        return None
    spends = [(part.spend, part.since, part.until) for part in parts]
    whole = _sums(db, spends, one or _CUT, more)
    rates = dict(latest_rates(db, since))
    names = dict(db.execute("SELECT id, text FROM names WHERE id IN (SELECT model FROM floors)"))
    pico, told = 0, False
    for key, (calls, output) in cut.items():
        all_calls, all_output = whole.get(key, (0, 0))
        finished, rate = all_calls - calls, rates.get(names.get(key[1], ""))
        if finished >= _FEWEST and rate is not None:
            told = True
            pico += max(0, calls * (all_output - output) // finished - output) * rate.output
    return pico // 1000 if told else None


def _sums(
    db: sqlite3.Connection,
    parts: Sequence[tuple[str, int, int]],
    more: str,
    values: tuple[object, ...],
) -> dict[tuple[int, int], tuple[int, int]]:
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for table, *span in parts:
        rows = db.execute(_BY_MODEL.format(table=table, more=more), (*span, *values))
        for root, model, calls, output in rows:
            known = found.get((root, model), (0, 0))
            found[root, model] = known[0] + calls, known[1] + output
    return found


def words(short: Floor, amount: int | None, models: Sequence[str] = ()) -> list[str]:
    """What is missing from a sum, a line for each reason; `amount` as `likely` says."""
    about = f": likely about {currency.amount(amount)} more" if amount else ""
    named = f": {', '.join(models)}" if models else ""
    told = {
        "unpriced": f"without a known price{named}",
        "placeholder": f"with an output that the log does not finish{about}",
        "unreadable": "that could not be read",
        "tier": "at a base price, for none is listed for their tier, speed or region",
        "silent": "",
        "modality": "with audio or images at the price of text, for none is listed for them",
    }
    return [
        f"{_calls(calls)} {told[reason]}" if told[reason] else _quiet(calls)
        for reason, calls in short.reasons()
    ]


def _quiet(quarters: int) -> str:
    """What silent machines of a fleet may have spent since their last words."""
    time = duration_words(quarters * QUARTER)
    return f"up to {time} of machines that are silent (costtop fleet status)"


def _calls(count: int) -> str:
    return f"{count:,} call{'s' * (count != 1)}"
