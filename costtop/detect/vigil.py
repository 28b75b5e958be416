"""The vigil over all running sessions: spend in, findings out, in event time.

It reads no store and no clock and tells nobody. The same events in the same order give the same
findings, so a vigil rebuilt from stored calls (`learn`) goes on as the undisturbed one would have.

What a rebuild needs: the peers of the last 28 days in the order in which they finished, and the
calls of the sessions still running, in order of arrival; or simply all calls of that time.
"""

from collections import OrderedDict
from collections.abc import Iterable
from heapq import heapify, heappop

from costtop.detect import standing
from costtop.detect.course import TURN, Course, book, remember
from costtop.detect.peer import Peer
from costtop.detect.peers import Peers, View
from costtop.detect.registry import DETECTORS
from costtop.detect.settings import Settings
from costtop.model import Finding, Spend

HISTORY = 15 * 60_000  # ms: what is older than this at an import is history, and raises nothing
_SKEW = 60_000  # ms that an event may lie ahead of its arrival before its time is not believed
_KEPT = 1000  # finished sessions whose course is kept, in case they go on


def is_history(at: int, now: int) -> bool:
    """Whether an event of an import is too old to be about now."""
    return at < now - HISTORY


class Vigil:
    """Every running session's course, the finished peers, and what was found of each."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = 0  # the latest event time that is believed
        self._peers = Peers(settings)
        self._open: OrderedDict[str, Course] = OrderedDict()  # least recently active first
        self._past: OrderedDict[str, Course] = OrderedDict()  # finished, may go on
        self._finished: list[Peer] = []
        self._ends: list[tuple[int, str]] = []  # explicit ends to come, a heap

    def observe(self, spend: Spend) -> list[Finding]:
        """Take one stored call and say what has become true of its session.

        Sessions that have been idle too long by the event's time finish first; what their end
        resolves is among the findings.
        """
        self.clock = max(self.clock, min(spend.call.at, spend.seen + _SKEW))
        found = self._expire(self.clock)
        course = self._course(spend)
        moved = book(course, spend)
        view = self.peers_of(course)
        for judge in DETECTORS:
            verdict = judge(course, spend, moved, view, self.settings)
            if verdict is not None:
                standing.hold(course, verdict, view, self.settings, self.clock, found)
        if moved == TURN and course.said:
            standing.recover(course, self.clock, found)
        return found

    def tick(self, now: int) -> list[Finding]:
        """Let time pass without an event: idle sessions finish."""
        self.clock = max(self.clock, now)
        return self._expire(self.clock)

    def finish(self, root: str, at: int, *, stopped: bool = False) -> list[Finding]:
        """A session has ended explicitly; `stopped` when it was stopped because of its cost.

        A stopped session counts among its peers up to its last age, its total does not: else
        every alert that is obeyed would make the next one likelier.
        """
        course = self._open.pop(root, None)
        return [] if course is None else self._end(course, at, stopped)

    def foretell(self, ends: Iterable[tuple[int, str]]) -> None:
        """Explicit ends in stored history: (when, session); each comes true as time passes it.

        Live, `finish` says so at once. An end before the session's last call is void.
        """
        self._ends += ends
        heapify(self._ends)

    def learn(self, spends: Iterable[Spend], peers: Iterable[Peer] = ()) -> None:
        """Take history silently: peers and calls, each in its order, merged by time."""
        waiting = iter(peers)
        peer = next(waiting, None)
        for spend in spends:
            now = max(self.clock, min(spend.call.at, spend.seen + _SKEW))
            while peer is not None and peer.at < now:
                self._peers.add(peer)
                peer = next(waiting, None)
            self.observe(spend)
        while peer is not None:
            self._peers.add(peer)
            peer = next(waiting, None)
        self._finished.clear()

    def knows(self, root: str) -> bool:
        """Whether the session's calls so far are in memory; if not, `resume` it when it has any."""
        return root in self._open or root in self._past

    def resume(self, spends: Iterable[Spend]) -> None:
        """Take the earlier calls of one session that goes on after a long rest, silently."""
        for spend in spends:
            course = self._course(spend)
            moved = book(course, spend)
            view = self.peers_of(course)
            for judge in DETECTORS:
                verdict = judge(course, spend, moved, view, self.settings)
                if verdict is not None:
                    standing.hold(course, verdict, view, self.settings, self.clock, [])

    def finished(self) -> list[Peer]:
        """Peers that have finished since the last time this was asked, for the store to keep."""
        peers, self._finished = self._finished, []
        return peers

    def running(self) -> Iterable[Course]:
        """The courses of all running sessions, least recently active first."""
        return self._open.values()

    def course(self, root: str) -> Course | None:
        """One session's course, running or just finished."""
        return self._open.get(root) or self._past.get(root)

    def peers_of(self, course: Course) -> View:
        """What is known of the sessions that a course is measured against."""
        return self._peers.view(course.source, course.feature, course.estimated)

    def _course(self, spend: Spend) -> Course:
        root = spend.root
        course = self._open.get(root)
        if course is None:
            course = self._past.pop(root, None) or Course(spend)
            if course.peer is not None:
                self._peers.drop(course.peer)
                course.peer = None
            self._open[root] = course
        self._open.move_to_end(root)
        course.last = self.clock
        return course

    def _expire(self, now: int) -> list[Finding]:
        found: list[Finding] = []
        while self._ends and self._ends[0][0] <= now:
            at, root = heappop(self._ends)
            course = self._open.get(root)
            if course is not None and course.last <= at:
                found += self.finish(root, at)
        limit = now - self.settings.finished_after
        while self._open:
            course = next(iter(self._open.values()))
            if course.last >= limit:
                break
            del self._open[course.root]
            found += self._end(course, course.last + self.settings.finished_after, stopped=False)
        return found

    def _end(self, course: Course, at: int, stopped: bool) -> list[Finding]:
        peer = course.peer = remember(course, at, censored=stopped)
        self._peers.add(peer)
        self._finished.append(peer)
        self._past[course.root] = course
        if len(self._past) > _KEPT:
            self._past.popitem(last=False)
        return standing.end(course, at, self.peers_of(course))
