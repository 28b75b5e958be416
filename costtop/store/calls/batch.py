"""What is handed to the store to be committed together. It is values only.

One `Reading` is what one turn gave of one file, socket batch or receiver; the file's place and its
rows are in the same transaction, so a crash between them cannot happen.
"""

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

from costtop.columnar.call_columns import CallColumns, of_calls
from costtop.columnar.column_slices import ColumnStretch
from costtop.model import Bad, Call, FloorReason, Outcome, Rates, SessionFact, TaskFact, Untold
from costtop.named_tuples import NamedTuple
from costtop.nouns.log_owner import LogOwner
from costtop.nouns.pull_link import PullLink
from costtop.plan_reading import PlanReading
from costtop.store.kept_memos import Kept


class Priced(NamedTuple):
    """A call with its price: `computed` from `rates`, `cost` is what counts."""

    call: Call
    computed: int | None
    cost: int | None
    rates: Rates | None
    short: tuple[FloorReason, ...] = ()  # as Price.short


class PricedColumns(NamedTuple):
    """Calls with their prices in columns: the fields of `Priced`."""

    calls: CallColumns
    computed: Sequence[int | None]
    cost: Sequence[int | None]
    rates: Sequence[Rates | None]
    short: Sequence[tuple[FloorReason, ...]]

    @property
    def size(self) -> int:
        """How many calls it has."""
        return self.calls.size

    def cut(self, start: int, stop: int) -> "PricedColumns":
        """The calls from `start` on, before `stop`, by themselves."""
        if (start, stop) == (0, self.size):
            return self
        columns: tuple[Any, ...] = self[1:]
        return PricedColumns(
            self.calls.cut(start, stop), *(column[start:stop] for column in columns)
        )

    def item(self, n: int) -> Priced:
        """One call with its price."""
        columns: tuple[Any, ...] = self[1:]
        return Priced(self.calls.item(n), *(column[n] for column in columns))


def of_priced(calls: Sequence[Priced]) -> PricedColumns:
    """The columns of these calls."""
    told, *columns = zip(*calls, strict=True) if calls else [()] * len(Priced._fields)
    return PricedColumns(of_calls(told), *columns)


class Reading(NamedTuple):
    """Rows and place of one turn. `path` is the file's bytes path, or a channel's name."""

    source: str
    path: bytes
    state: str  # JSON of the place: identity and offset
    memo: Kept  # JSON of the fold, or as it is kept
    born: int  # mtime at first sight, ms
    fresh: bool  # the file is read from its beginning: earlier bad records are void
    calls: Collection[Priced]  # a list, or a stretch of `PricedColumns`
    facts: list[SessionFact]
    tasks: list[TaskFact]
    outcomes: list[Outcome]
    bad: list[Bad]
    untold: Sequence[Untold] = ()
    plans: Sequence[PlanReading] = ()
    pulls: Sequence[PullLink] = ()
    owner: LogOwner | None = None  # whose its sessions are, where their calls do not say it


def first_call_at(reading: Reading) -> list[int]:
    """The time of the first call of a reading, ms UTC, where it has any."""
    calls = reading.calls
    if isinstance(calls, ColumnStretch) and isinstance(calls.whole, PricedColumns):
        return list(calls.whole.calls.at[calls.start : min(calls.start + 1, calls.stop)])
    return [one.call.at for one in islice(calls, 1)]


def told_of(reading: Reading) -> set[tuple[str, str, str]]:
    """(source, session, agent) of all that a reading tells of."""
    told = {(fact.source, fact.session, fact.agent) for fact in reading.facts}
    calls = reading.calls
    if isinstance(calls, ColumnStretch) and isinstance(calls.whole, PricedColumns):
        columns = calls.whole.calls
        kinds = map(columns.kinds.__getitem__, {*columns.kind[calls.start : calls.stop]})
        return told.union((kind.source, kind.session, kind.agent) for kind in kinds)
    return told.union((one.call.source, one.call.session, one.call.agent) for one in calls)
