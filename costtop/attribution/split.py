"""Splits sessions' work over pull requests and commits, by when and where it was done. Pure.

Evidence, the strongest first: the commit that ends a stretch of work; the branch it was done on;
the pull requests that the session itself named. What two pull requests claim alike, or none, is
unattributed: nothing is guessed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence

from costtop.attribution.pull_names import UNTOLD, is_telling
from costtop.named_tuples import NamedTuple
from costtop.nouns.repository_facts import HeadMove

ALWAYS = (-(1 << 62), 1 << 62)  # ms UTC: from ever to ever


_ENDS_WORK = frozenset({"commit", "amend"})


class WorkRow(NamedTuple):
    """Where calls of one session row were made: all that have one context."""

    session: int
    context: int
    root: int
    folder: str
    branch: str
    project: str
    firm: bool = True  # the log tells the branch at each call, not once for the whole session
    first: int = ALWAYS[0]  # [first, last) ms UTC: when its calls were made
    last: int = ALWAYS[1]


class NamedPull(NamedTuple):
    """A pull request named by a session (its root), with the place where it worked then."""

    root: int
    pull: str
    at: int
    branch: str
    folder: str
    project: str


class HeadStretch(NamedTuple):
    """Work in one worktree between two moves of its HEAD; [since, until) ms UTC."""

    since: int
    until: int
    branch: str  # "" where none was checked out
    commit: str = ""  # that ended it
    onward: str = ""  # the branch that it was carried on to, uncommitted


class BranchPull(NamedTuple):
    """A pull request of a branch, until when, ms UTC; None: it is not merged yet."""

    pull: str
    until: int | None = None


class KnownRepository(NamedTuple):
    """What is known of one repository."""

    default: str = ""
    branches: Mapping[str, Sequence[BranchPull]] = {}
    commits: Mapping[str, tuple[str, str]] = {}  # hash -> (what it came to, its pull or "")
    stretches: Mapping[str, Sequence[HeadStretch]] = {}  # by worktree, in order


class Evidence(NamedTuple):
    """All that work is split by."""

    places: Mapping[str, tuple[int, str]]  # folder -> (repository, worktree)
    repositories: Mapping[int, KnownRepository]
    links: Sequence[NamedPull]


class Share(NamedTuple):
    """[since, until) ms UTC of a work: its pull request and its commit, "" for none."""

    session: int
    context: int
    since: int
    until: int
    pull: str
    commit: str


_Place = int | str  # a repository; where none is known the project or folder
_NOTHING = KnownRepository()


def split(works: Iterable[WorkRow], evidence: Evidence) -> Iterator[Share]:
    """Shares of works, none of two over the same time; what has no share is unattributed."""
    found = list(works)
    asked = _Split(evidence, found)
    for work in found:
        for since, until, pull, commit in asked.of(work):
            if pull or commit:
                yield Share(work.session, work.context, since, until, pull, commit)


class _Split:
    """The evidence, by what is asked of it."""

    def __init__(self, evidence: Evidence, works: Iterable[WorkRow]) -> None:
        self._evidence = evidence
        self._near: dict[str, list[int]] = {}  # repositories by the folders that they lie in
        for known, (number, top) in evidence.places.items():
            for folder in {_above(known), _above(top)} - {""}:
                self._near.setdefault(folder, []).append(number)
        self._branches: dict[tuple[int, _Place], set[str]] = {}  # telling ones, by root and place
        self._worked: set[tuple[int, _Place, str]] = set()
        for one in works:
            place = self._place(one.folder, one.project, one.branch)
            self._worked.add((one.root, place, one.branch))
            if is_telling(one.branch, self._known(place).default):
                self._branches.setdefault((one.root, place), set()).add(one.branch)
        self._named: dict[int, dict[str, int]] = {}  # root -> pull -> when it was first named
        self._by_branch: dict[tuple[_Place, str], dict[str, int]] = {}
        for link in sorted(evidence.links, key=lambda one: one.at):
            self._named.setdefault(link.root, {}).setdefault(link.pull, link.at)
            place = self._place(link.folder, link.project, link.branch)
            if branch := self._branch_of(link, place):
                self._by_branch.setdefault((place, branch), {}).setdefault(link.pull, link.at)

    def _branch_of(self, link: NamedPull, place: _Place) -> str:
        """The branch that a link is of: its own, HEAD's then, or the only one of its session."""
        default = self._known(place).default
        if is_telling(link.branch, default):
            return link.branch
        top = self._evidence.places.get(link.folder, (0, ""))[1]
        moved = self._known(place).stretches.get(top, ())
        at = bisect_right(moved, link.at, key=_since) - 1
        if at >= 0 and is_telling(moved[at].branch, default):
            return moved[at].branch
        only = self._branches.get((link.root, place), set())
        pulls = {one.pull for one in self._evidence.links if one.root == link.root}
        return next(iter(only)) if len(only) == len(pulls) == 1 else ""

    def _place(self, folder: str, project: str, branch: str) -> _Place:
        """The repository of a folder; of one that has gone that beside it which has the branch."""
        known = self._evidence.places.get(folder)
        if known and known[0]:
            return known[0]
        beside = {
            number
            for number in self._near.get(_above(folder), ())
            if branch in self._evidence.repositories.get(number, _NOTHING).branches
        }
        return beside.pop() if len(beside) == 1 else project or folder

    def _known(self, place: _Place) -> KnownRepository:
        if isinstance(place, str):
            return _NOTHING
        return self._evidence.repositories.get(place, _NOTHING)

    def of(self, work: WorkRow) -> Iterator[tuple[int, int, str, str]]:
        """(since, until, pull, commit) in order."""
        place = self._place(work.folder, work.project, work.branch)
        known = self._known(place)
        for each in self._stretches(work, known):
            stretch = each._replace(
                since=max(each.since, work.first), until=min(each.until, work.last)
            )
            if stretch.since >= stretch.until:
                continue
            final, pull = known.commits.get(stretch.commit, (stretch.commit, ""))
            if pull:
                yield stretch.since, stretch.until, pull, final
                continue
            for since, until, found in self._by_place(work, place, known, stretch):
                yield since, until, found, final

    def _stretches(self, work: WorkRow, known: KnownRepository) -> Iterator[HeadStretch]:
        """Those of the work's folder, with the branch that is to be believed; all of time."""
        top = self._evidence.places.get(work.folder, (0, ""))[1]
        moved = known.stretches.get(top, ())
        if not moved:
            yield HeadStretch(*ALWAYS, work.branch)
            return
        if moved[0].since > ALWAYS[0]:
            yield HeadStretch(ALWAYS[0], moved[0].since, work.branch)
        begin = max(0, bisect_right(moved, work.first, key=_since) - 1)
        for one in moved[begin : bisect_left(moved, work.last, key=_since)]:
            said = is_telling(work.branch, known.default)
            if said and one.branch != work.branch and (work.firm or one.branch in UNTOLD):
                yield HeadStretch(one.since, one.until, work.branch)
            else:
                yield one

    def _by_place(
        self, work: WorkRow, place: _Place, known: KnownRepository, stretch: HeadStretch
    ) -> Iterator[tuple[int, int, str]]:
        branch = stretch.branch
        onward = stretch.onward and (work.root, place, stretch.onward) in self._worked
        if onward and not is_telling(branch, known.default):
            branch = stretch.onward  # what was begun before it had a branch of its own
        span = stretch.since, stretch.until
        if is_telling(branch, known.default):
            yield from _cut(self._ends(place, branch, known), span, open_end=True)
        else:
            yield from self._by_name(work.root, branch, span)

    def _ends(self, place: _Place, branch: str, known: KnownRepository) -> list[tuple[str, int]]:
        """(pull, until when it has the branch) in order."""
        merged = {one.pull: one.until for one in known.branches.get(branch, ())}
        named = self._by_branch.get((place, branch), {})
        ends = {
            pull: end if (end := merged.get(pull)) is not None else named.get(pull, ALWAYS[1])
            for pull in {*merged, *named}
        }
        return sorted(ends.items(), key=lambda one: (one[1], one[0]))

    def _by_name(
        self, root: int, branch: str, span: tuple[int, int]
    ) -> Iterator[tuple[int, int, str]]:
        """What a session named: all of it where it named one and no branch is known.

        On the default branch what was done before the only one was named led to it.
        """
        named = list(self._named.get(root, {}).items())
        if branch in UNTOLD:
            yield from _cut(named, span, open_end=len(named) == 1)
        elif len(named) == 1:
            yield from _cut(named, span, open_end=False)


def _above(folder: str) -> str:
    return folder.rpartition("/")[0]


def _since(stretch: HeadStretch) -> int:
    return stretch.since


def _cut(
    ends: Sequence[tuple[str, int]], span: tuple[int, int], *, open_end: bool
) -> Iterator[tuple[int, int, str]]:
    """The span in parts: each pull's up to its end, then the next one's; two at once are none's."""
    since, last = span[0], len(ends) - 1
    for nth, (pull, end) in enumerate(ends):
        alike = any(end == other for at, (_, other) in enumerate(ends) if at != nth)
        until = span[1] if nth == last and open_end else min(end, span[1])
        if until > since and not (alike and len(ends) > 1):
            yield since, until, pull
        since = max(since, until)


def stretches(moves: Sequence[HeadMove], default: str) -> list[HeadStretch]:
    """From the first move on for ever; two moves in one moment leave nothing between them."""
    found: list[HeadStretch] = []
    cuts = [one for nth, one in enumerate(moves) if not nth or one.kind != "other"]
    for nth, move in enumerate(cuts):
        after = cuts[nth + 1] if nth + 1 < len(cuts) else None
        until = ALWAYS[1] if after is None else after.at
        if until <= move.at:
            continue
        commit = after.hash if after is not None and after.kind in _ENDS_WORK else ""
        onward = after.branch if after is not None and _carries(after, default) else ""
        found.append(HeadStretch(move.at, until, move.branch, commit, onward))
    return found


def _carries(move: HeadMove, default: str) -> bool:
    """Whether work that was under way went on on another branch: it was begun right there."""
    began = move.kind == "checkout" and move.hash == move.before
    return began and is_telling(move.branch, default)
