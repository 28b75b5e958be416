"""What is handed to the store to be committed together. It is values only.

One `Reading` is what one turn gave of one file, socket batch or receiver; the file's place and its
rows are in the same transaction, so a crash between them cannot happen.
"""

from collections.abc import Sequence

from costtop.model import Bad, Call, FloorReason, Outcome, Rates, SessionFact, TaskFact, Untold
from costtop.named import NamedTuple
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


class Reading(NamedTuple):
    """Rows and place of one turn. `path` is the file's bytes path, or a channel's name."""

    source: str
    path: bytes
    state: str  # JSON of the place: identity and offset
    memo: Kept  # JSON of the fold, or as it is kept
    born: int  # mtime at first sight, ms
    fresh: bool  # the file is read from its beginning: earlier bad records are void
    calls: list[Priced]
    facts: list[SessionFact]
    tasks: list[TaskFact]
    outcomes: list[Outcome]
    bad: list[Bad]
    untold: Sequence[Untold] = ()
    plans: Sequence[PlanReading] = ()
    pulls: Sequence[PullLink] = ()
    owner: LogOwner | None = None  # whose its sessions are, where their calls do not say it
