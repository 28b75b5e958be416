"""What a rule is, what it is asked, what it answers, and what it remembers of one session."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from costtop.detect.sessions.peers import PeerView
from costtop.detect.sessions.running_session import SAME, Moved, RunningSession
from costtop.detect.settings import Settings
from costtop.model import Cause, Evidence, Spend
from costtop.named_tuples import NamedTuple

Kept = TypeVar("Kept")


EVER = 1 << 63  # nano-dollars, more than a session can cost


class Moment:
    """A session right after one of its events: what a rule is asked about."""

    __slots__ = ("moved", "peers", "session", "settings", "spend")

    def __init__(self, session: RunningSession, peers: PeerView, settings: Settings) -> None:
        self.session = session
        self.peers = peers
        self.settings = settings
        self.spend: Spend
        self.moved: Moved


class Claim(NamedTuple):
    """What a rule says of a session, true at this event; money in nano-dollars."""

    statistic: float  # what was measured, in the unit of `limit`
    limit: float  # the threshold it passed
    excess: int  # dollars beyond what is usual, so far
    projected: int  # the same at the session's probable end
    words: Callable[
        [], str
    ]  # the mechanism in one clause with numbers, no full stop; asked at once
    learnt: int | None = None  # peers behind the threshold; None: it needs none
    since: int | None = None  # turn at which it began
    evidence: Evidence = ()
    worth: bool = True  # its dollars are worth a message; else it is only listed


class Memory(Generic[Kept]):
    """What one rule knows of one session: a value that grows by turns, and its statistic's peak.

    A turn that grew is judged anew, from the value before it.
    """

    __slots__ = ("earlier", "now", "peak")

    def __init__(self, start: Kept) -> None:
        self.now = self.earlier = start
        self.peak = 0.0

    def begin(self, moved: Moved) -> Kept:
        """The value before this turn: the last one, or the one that it had if the turn grew."""
        if moved != SAME:
            self.earlier = self.now
        return self.earlier


def nothing() -> None:
    """The memory of a rule that needs none."""


Judge = Callable[[Moment, Memory[Any]], Claim | None]


Quiet = Callable[[PeerView], int]


class Rule(NamedTuple):
    """A detector and its nature: how what it claims is told, and for how long it holds."""

    name: str
    judge: Judge
    cause: Cause | None = None  # the mechanism that it names, None: it sees only that it is dear
    start: Callable[[], Any] = nothing  # its memory of a session that begins
    peak: str = ""  # the field of `Peer` in which the peak of its statistic is kept
    lasts: bool = False  # once true it ends with the session; else after ten quiet turns
    sure: bool = False  # it speaks before there are peers, and may be critical by its projection
    peered: bool = False  # it is only listed before anything is known to be usual
    dear: bool = False  # it is only listed while the session costs no more than is usual
    plain: bool = False  # its loudness is the user's setting, and its alert is its own
    concern: int = 0  # what an event must have that it is asked (`rules.concern`); 0: nothing
    quiet: Quiet | None = None  # the cost up to which it says nothing, nano-dollars
