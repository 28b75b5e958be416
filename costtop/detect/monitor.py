"""The monitor of all running sessions: spend in, findings out, by the clock of arrival.

It reads no store and no clock and tells nobody. The same events in the same order give the same
findings, so one rebuilt from stored calls (`learn`) goes on as the undisturbed one would have.

Two times: a finding is of the event that made it true; which session still runs follows from when
its calls arrived (`Spend.seen`), so that a machine whose clock is wrong finishes nobody. History is
given with `as_it_was`, which makes the two the same.

What a rebuild needs: the peers of the last 28 days in the order in which they finished, and the
calls of the sessions still running, in order of arrival; or simply all calls of that time.
"""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop
from itertools import chain

from costtop.analysis.why import Standing
from costtop.detect import levels
from costtop.detect.levels import Watched
from costtop.detect.peer_comparison import standing
from costtop.detect.rules.concern import EVERY, concern
from costtop.detect.rules.registry import DETECTORS, quiet
from costtop.detect.rules.rule import Moment
from costtop.detect.sessions.finished_peer import Peer
from costtop.detect.sessions.peers import PeerGroups, PeerView
from costtop.detect.sessions.running_session import TURN, RunningSession, book, remember
from costtop.detect.settings import Settings
from costtop.detect.watched_sessions import MemoryShelf, Shelf, WatchedSessions
from costtop.durations import MINUTE
from costtop.model import Cause, Finding, Spend

_ASKED = tuple(  # by the concern of an event: (place, rule's judge) of those that are asked
    tuple(
        (nth, rule.judge)
        for nth, rule in enumerate(DETECTORS)
        if not rule.concern or rule.concern & found
    )
    for found in range(EVERY + 1)
)
_SKEW = MINUTE  # that an event may lie ahead of its arrival before its time is not believed
_AWAKE = MINUTE  # after its last event in which a session is kept unpacked
_LEARNT = 100  # sessions kept unpacked while history is learnt
_AT_ONCE = 100  # sessions that are packed in one go: 10 ms
_KEPT = 1000  # finished sessions that are kept whole, in case they go on
_PEERS_KEPT = 20_000  # of older ones only the peer


def believed(spend: Spend, seen: int | None = None) -> int:
    """When the call was made, ms UTC, as far as its clock can be right; `seen` is its arrival."""
    return min(spend.call.at, (spend.seen if seen is None else seen) + _SKEW)


def as_it_was(spend: Spend) -> Spend:
    """The call as if it had arrived when it was made: for history that is replayed or learnt."""
    seen = believed(spend)
    same = seen == spend.seen
    return spend if same else tuple.__new__(Spend, (*spend[:4], seen, *spend[5:]))


class Monitor:
    """Every running session, the finished peers, and what was found of each."""

    def __init__(self, settings: Settings, shelf: Shelf | None = None) -> None:
        self.settings = settings
        self.clock = 0  # when the latest call arrived
        self._peers = PeerGroups(settings)
        shelf = shelf or MemoryShelf()
        self._open = WatchedSessions(shelf)
        self._past = WatchedSessions(shelf)  # finished, may go on
        self._kept: dict[str, Peer] = {}  # finished before a rebuild: only the peer
        self._finished: dict[str, Peer] = {}
        self._reopened: set[str] = set()
        self._moved: set[str] = set()  # flagged sessions that went on
        self._ends: list[tuple[int, str, bool]] = []  # explicit ends to come, a heap
        self._due = 0  # nothing ends before that moment has passed

    def observe(self, spend: Spend, seen: int | None = None) -> list[Finding]:
        """Take one stored call and say what has become true of its session.

        `seen` is when it arrived, ms UTC, where that is another moment than the call says.
        Sessions that have been idle too long when it arrives finish first; what their end
        resolves is among the findings. Only a new call is activity: a reply that grew or a tool's
        outcome changes a finished session's books, it does not run again.
        """
        seen = spend.seen if seen is None else seen
        clock = self.clock = max(self.clock, seen)
        found = self._expire(clock) if clock > self._due else []
        past = None if spend.new else self._past.get(spend.root)
        over = None if past is None else past.peer
        watched = self._watched(spend)
        self._judge(watched, spend, believed(spend, seen), found)
        if over is not None:
            self._open.pop(spend.root)
            found += self._end(watched, over.at, over.censored)
        return found

    def follow(self, first: Spend, others: Iterable[Spend]) -> Iterator[list[Finding]]:
        """`observe` of new calls of one session that arrived at one moment, each in its turn.

        Who ends and whose turn it is are looked at with the first of them.
        """
        clock = self.clock = max(self.clock, first.seen)
        found = self._expire(clock) if clock > self._due else []
        watched, latest = self._watched(first), first.seen + _SKEW
        for spend in chain((first,), others):
            self._judge(watched, spend, min(spend.call.at, latest), found)
            yield found
            found = []

    def _judge(self, watched: Watched, spend: Spend, now: int, found: list[Finding]) -> None:
        at = watched.at
        at.spend, at.moved = spend, book(watched.session, spend)
        memories = watched.memories
        for nth, judge in _ASKED[concern(at, quiet)]:
            claim = judge(at, memories[nth])
            if claim is not None:
                news = levels.hold(watched, DETECTORS[nth], claim, now)
                if news is not None:
                    found.append(news)
        if watched.held:
            self._moved.add(watched.session.root)
            if at.moved == TURN:
                found += levels.recover(watched, now)
        del at.spend  # ten thousand quiet sessions need not keep their latest call

    def tick(self, now: int) -> list[Finding]:
        """Let time pass without an event: idle sessions finish."""
        return self._expire(max(self.clock, now))

    def rest(self, now: int) -> bool:
        """Lets some sessions that are quiet take less memory; whether there may be more of them."""
        parts = (self._open, self._past)
        return any(part.rest(max(self.clock, now) - _AWAKE, _AT_ONCE) for part in parts)

    def finish(self, root: str, at: int, *, stopped: bool = False) -> list[Finding]:
        """A session has ended explicitly; `stopped` when it was stopped because of its cost.

        A stopped session counts among its peers up to its last age, its total does not: else
        every alert that is obeyed would make the next one likelier.
        """
        watched = self._open.pop(root)
        if watched is not None:
            return self._end(watched, at, stopped)
        past = self._past.get(root)
        if stopped and past is not None and past.peer is not None and not past.peer.censored:
            self._peers.drop(past.peer)  # it said goodbye before we heard that we had stopped it
            self._end(past, past.peer.at, stopped)
        return []

    def foretell(
        self, ends: Iterable[tuple[int, str]], stops: Iterable[tuple[int, str]] = ()
    ) -> None:
        """Explicit ends in stored history: (when, session); each comes true as time passes it.

        `stops` are ends that we brought about. Live, `finish` says so at once. An end before the
        session's last call is void.
        """
        self._ends += [(at, root, False) for at, root in ends]
        self._ends += [(at, root, True) for at, root in stops]
        heapify(self._ends)
        self._due = 0

    def learn(self, spends: Iterable[Spend], peers: Iterable[Peer] = ()) -> None:
        """Take history silently: peers and calls, each in its order, merged by time."""
        waiting = iter(peers)
        peer = next(waiting, None)
        for nth, spend in enumerate(spends):
            if not nth % _AT_ONCE:
                self._open.limit(_LEARNT)
            now = max(self.clock, spend.seen)
            while peer is not None and peer.at < now:
                self._remember(peer)
                peer = next(waiting, None)
            self.observe(spend)
        while peer is not None:
            self._remember(peer)
            peer = next(waiting, None)
        while self.rest(self.clock):
            pass

    def _remember(self, peer: Peer) -> None:
        self._peers.add(peer)
        self._keep(peer)

    def _keep(self, peer: Peer) -> None:
        self._kept[peer.root] = peer
        if len(self._kept) > _PEERS_KEPT:
            del self._kept[next(iter(self._kept))]

    def knows(self, root: str) -> bool:
        """Whether the session's calls so far are in memory; if not, `resume` it when it has any."""
        return root in self._open or root in self._past

    def resume(self, spends: Iterable[Spend]) -> None:
        """Take the earlier calls of one session that goes on after a long rest, silently.

        Its calls so far, in order of arrival; rests in between have ended what stood of it.
        """
        watched: Watched | None = None
        for spend in spends:
            if watched is None:
                watched = self._watched(spend)
            elif spend.seen - self.settings.finished_after > watched.last:
                levels.end(watched, watched.last)
            turns = watched.session.turns
            watched.last = max(watched.last, spend.seen) if turns else spend.seen
            self._judge(watched, spend, believed(spend), [])
        if watched is None:
            return
        self._due = 0
        over = watched.last + self.settings.finished_after
        if over < self.clock:
            self._open.pop(watched.session.root)
            self._end(watched, over, stopped=False)
        else:
            self._open.sort()

    def forget(self, root: str) -> None:
        """Drop what is known of a session, to `resume` it."""
        watched = self._open.pop(root) or self._past.pop(root)
        if watched is not None and watched.peer is not None:
            self._peers.drop(watched.peer)

    def finished(self) -> list[Peer]:
        """Peers that have finished since the last time this was asked, for the store to keep."""
        peers, self._finished = list(self._finished.values()), {}
        return peers

    def reopened(self) -> list[str]:
        """Sessions that went on after they had finished, since the last time this was asked."""
        roots, self._reopened = sorted(self._reopened), set()
        return roots

    def stood(self) -> dict[str, Standing]:
        """Where flagged sessions stand that went on since the last time this was asked."""
        moved, self._moved = sorted(self._moved), set()
        watched = (self._open.get(root) or self._past.get(root) for root in moved)
        return {each.session.root: self._standing(each) for each in watched if each is not None}

    def _standing(self, watched: Watched) -> Standing:
        seen: dict[Cause, int] = {}
        for held in watched.held:
            if held.rule.cause is not None and not held.over:
                seen[held.rule.cause] = max(held.claimed, seen.get(held.rule.cause, 0))
        return standing(watched.session, watched.at.peers, seen, watched.last)

    def running(self) -> Iterable[RunningSession]:
        """All running sessions, least recently active first."""
        return (watched.session for watched in self._open.all())

    def session(self, root: str) -> RunningSession | None:
        """One session, running or just finished."""
        watched = self._open.get(root) or self._past.get(root)
        return None if watched is None else watched.session

    def peers_of(self, session: RunningSession) -> PeerView:
        """What is known of the sessions that one is measured against."""
        return self._peers.view(session.source, session.feature, session.estimated, session.label)

    def _watched(self, spend: Spend) -> Watched:
        watched = self._open.get(spend.root) or self._reopen(spend)
        if spend.new or not watched.session.turns:
            watched.last = self.clock
            self._open.touch(spend.root)
        return watched

    def _reopen(self, spend: Spend) -> Watched:
        """A session that begins, or goes on; then it is no peer for now."""
        root = spend.root
        watched = self._past.pop(root) or self._begin(spend)
        peer = watched.peer or self._kept.pop(root, None)
        if peer is not None:
            self._peers.drop(peer)
            self._reopened.add(root)
            self._finished.pop(root, None)
        watched.peer = None
        self._open.put(root, watched)
        return watched

    def _begin(self, spend: Spend) -> Watched:
        session = RunningSession(spend)
        return Watched(Moment(session, self.peers_of(session), self.settings), DETECTORS)

    def _expire(self, now: int) -> list[Finding]:
        found: list[Finding] = []
        while self._ends and self._ends[0][0] < now:
            at, root, stopped = heappop(self._ends)
            watched = self._open.get(root)
            if watched is not None and watched.last <= at:
                found += self.finish(root, at, stopped=stopped)
        limit = now - self.settings.finished_after
        while (first := self._open.first()) is not None and first[1] < limit:
            watched = self._open.pop(first[0])
            assert watched is not None
            found += self._end(watched, watched.last + self.settings.finished_after, stopped=False)
        last = self.clock if first is None else first[1]
        due = last + self.settings.finished_after
        self._due = min(due, self._ends[0][0]) if self._ends else due
        return found

    def _end(self, watched: Watched, at: int, stopped: bool) -> list[Finding]:
        session = watched.session
        asked = zip(DETECTORS, watched.memories, strict=True)
        peaks = {rule.peak: memory.peak for rule, memory in asked if rule.peak}
        peer = watched.peer = remember(session, at, censored=stopped, peaks=peaks)
        self._peers.add(peer)
        self._finished[session.root] = peer
        self._past.put(session.root, watched)
        oldest = self._past.first()
        if len(self._past) > _KEPT and oldest is not None:
            gone = self._past.pop(oldest[0])
            if gone is not None and gone.peer is not None:
                self._keep(gone.peer)
        return levels.end(watched, at)
