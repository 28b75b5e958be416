"""A session beside its peers, at one moment: the one reference of all that is said of it.

Usual, multiple, excess and cause come from here, for the alert as for the live list; it words
nothing.
"""

from collections.abc import Mapping

from costtop.analysis import because, drivers
from costtop.analysis.because import Driver
from costtop.analysis.why import Standing
from costtop.detect.sessions.peer_group import Level
from costtop.detect.sessions.peers import PeerView
from costtop.detect.sessions.running_session import RunningSession, usage
from costtop.detect.sessions.usual_cost import Usual
from costtop.model import Cause
from costtop.named_tuples import NamedTuple


class Compared(NamedTuple):
    """What is usual, and how far and by what the session is beyond it; money in nano-dollars."""

    usual: Usual | None
    of: str  # the group that it was really compared with
    ratio: float  # of cost to the usual; 0.0 while nothing is known to be usual
    gap: int  # cost less the usual
    cause: Cause | None
    parts: dict[Driver, int] | None = None  # of the gap, they sum to it; not if a mechanism is seen


Seen = Mapping[Cause, int]
"""Mechanisms that were seen at work in a session, and what each has cost, nano-dollars."""


def compared(session: RunningSession, peers: PeerView, seen: Seen) -> Compared:
    """The session as it stands."""
    usual, reference = peers.shown(), peers.reference()
    named_by = because.mechanism(seen, session.books.total) if seen else None
    if usual is None:
        return Compared(None, of="", ratio=0.0, gap=0, cause=named_by)
    gap, ratio = session.cost - usual.median, multiple(session, usual)
    of = named(session, usual.level)
    if reference is None or seen:
        return Compared(usual, of=of, ratio=ratio, gap=gap, cause=named_by)
    used = usage(session)
    parts = because.causes(drivers.split(used, reference, usual.median), used, reference)
    cause = because.cause(gap, parts)
    return Compared(usual, of=of, ratio=ratio, gap=gap, cause=cause, parts=parts)


def multiple(session: RunningSession, usual: Usual) -> float:
    """The cost in times of the usual, as evidence keeps it; 0.0 where that is nothing."""
    return round(session.cost * 2 / usual.twice_median, 4) if usual.twice_median else 0.0


def excess(session: RunningSession, peers: PeerView, claimed: int) -> int:
    """Dollars beyond what is usual, else those that a rule claims."""
    usual = peers.shown()
    beyond = 0 if usual is None else session.cost - usual.median
    return beyond if beyond > 0 else claimed


def standing(session: RunningSession, peers: PeerView, seen: Seen, at: int) -> Standing:
    """The same for the store, from which every reader words it."""
    found = compared(session, peers, seen)
    usual = found.usual
    plain = Standing(at, session.turns, session.cost, tuple(session.books.total), found.cause)
    if usual is None:
        return plain
    return plain._replace(
        peers=usual.peers, median=usual.median, high=usual.high, level=usual.level, of=found.of
    )


def named(session: RunningSession, level: Level) -> str:
    """The group that a session was really compared with."""
    return "all features" if level == "all" else str(getattr(session, level))
