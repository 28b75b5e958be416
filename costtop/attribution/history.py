"""Which commits belong to which pull request: by merges, squashes, refs, rebases. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from costtop.attribution import merge_words
from costtop.attribution.merge_words import MergeWords
from costtop.attribution.pull_names import DEFAULT_BRANCHES
from costtop.named_tuples import NamedTuple
from costtop.nouns.repository_facts import CommitFact, HeadMove, PullFact

_Pull = tuple[int, str]  # number, sign


class Commit(NamedTuple):
    """One commit as git tells it; ms UTC."""

    hash: str
    parents: tuple[str, ...]
    made: int
    at: int
    message: str


class Told(NamedTuple):
    """What was read of one repository."""

    commits: Sequence[Commit]
    heads: Mapping[str, str]  # local branches -> hash
    remotes: Mapping[str, str]  # "origin/main" -> hash
    pulls: Mapping[_Pull, str]  # of refs like refs/pull/12/head -> hash
    branch_pulls: Mapping[str, _Pull]  # branches that the config says are of one
    default: str
    moves: Mapping[str, Sequence[HeadMove]] = {}  # by worktree
    known: Sequence[CommitFact] = ()  # of earlier readings and of logs of HEAD


def read(told: Told) -> tuple[list[CommitFact], list[PullFact]]:
    """Commits with what they came to, and pull requests with when they were merged."""
    return _History(told).facts()


class _History:
    """One reading, step by step."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._by_hash = {one.hash: one for one in told.commits}
        self._open = dict(self._by_hash)  # not on the default branch
        self._pull_of: dict[str, _Pull] = {}  # commit -> its pull request
        self._final: dict[str, str] = {}
        self._pulls: dict[_Pull, PullFact] = {}
        self._squashes: list[tuple[Commit, MergeWords]] = []
        self._merged: set[str] = set()  # on the default branch
        self._made = {one.hash: one.made for one in told.commits}
        self._subject = {
            one.hash: merge_words.digest(one.message.partition("\n")[0]) for one in told.commits
        }
        for known in told.known:
            self._made.setdefault(known.hash, known.made)
            self._subject.setdefault(known.hash, known.subject)

    def facts(self) -> tuple[list[CommitFact], list[PullFact]]:
        self._merges()
        self._refs()
        self._amended()
        self._twins()
        self._squashed()
        self._amended()
        at = {one.hash: one.at for one in self._told.known}
        at |= {one.hash: one.at for one in self._told.commits}
        worked = self._worked()
        commits = [
            self._fact(name, at[name])
            for name in self._made
            if name in self._pull_of or name in self._final or name in worked
        ]
        return commits, list(self._pulls.values())

    def _fact(self, name: str, at: int) -> CommitFact:
        number, sign = self._pull_of.get(name, (0, "#"))
        final = self._final_of(name)
        made, subject = self._made[name], self._subject[name]
        return CommitFact(name, at, made, subject, final, number=number, sign=sign)

    def _worked(self) -> set[str]:
        """Commits that logs of HEAD name."""
        return {one.hash for one in self._told.known}

    def _final_of(self, name: str) -> str:
        for _ in range(100):  # amended again and again, then squashed
            after = self._final.get(name)
            if after is None or after == name:
                break
            name = after
        return name

    def _tips(self) -> Iterator[str]:
        """Where the default branch stands, here and at its remotes."""
        names = {self._told.default} if self._told.default else DEFAULT_BRANCHES
        for name, tip in self._told.heads.items():
            if name in names:
                yield tip
        for name, tip in self._told.remotes.items():
            if name.partition("/")[2] in names:
                yield tip

    def _merges(self) -> None:
        """Walks the default branch, oldest first: what each merge brought is its own."""
        for tip in sorted({*self._tips()}, key=self._at):
            for one in reversed(list(self._chain(tip))):
                if one.hash not in self._merged:
                    self._take(one)

    def _at(self, name: str) -> int:
        found = self._by_hash.get(name)
        return found.at if found else 0

    def _chain(self, tip: str) -> Iterator[Commit]:
        found, seen = self._by_hash.get(tip), set[str]()
        while found is not None and found.hash not in seen:
            seen.add(found.hash)
            yield found
            found = self._by_hash.get(found.parents[0]) if found.parents else None

    def _take(self, one: Commit) -> None:
        brought = self._reach(one.parents[1:])
        for each in (*brought, one):
            self._merged.add(each.hash)
            self._open.pop(each.hash, None)
        self._nested(brought)
        if len(one.parents) > 1:
            words = merge_words.of_merge(one.message)
            if words:
                self._give(words, one, [one, *brought])
        elif words := merge_words.of_squash(one.message):
            self._give(words, one, [one])
            self._squashes.append((one, words))

    def _nested(self, brought: Sequence[Commit]) -> None:
        """Pull requests that were merged into the branch of another one."""
        own = {one.hash: one for one in brought}
        for one in sorted(brought, key=lambda each: each.at):
            words = merge_words.of_merge(one.message) if len(one.parents) > 1 else None
            if words and words.branch:
                side = _within(own, one.parents[1:])
                before = _within(own, one.parents[:1])
                self._give(words, one, [one, *(own[x] for x in side if x not in before)])

    def _reach(self, tips: Iterable[str]) -> list[Commit]:
        """What leads to these and is not merged yet."""
        return [self._open[name] for name in _within(self._open, tips)]

    def _give(self, words: MergeWords, by: Commit, commits: Iterable[Commit]) -> None:
        pull = (words.number, words.sign)
        known = self._pulls.get(pull)
        if known is None or known.at is None or by.at < known.at:
            branch = words.branch or (known.branch if known else "")
            self._pulls[pull] = PullFact(*pull, by.at, by.hash, branch)
        for one in commits:
            self._pull_of.setdefault(one.hash, pull)

    def _refs(self) -> None:
        """Pull requests that were fetched, and branches that were checked out from one."""
        for branch, pull in self._told.branch_pulls.items():
            known = self._pulls.get(pull)
            if known is None:
                self._pulls[pull] = PullFact(*pull, None, "", branch)
            elif not known.branch:
                self._pulls[pull] = known._replace(branch=branch)
        branch_of = {tip: name for name, tip in self._told.heads.items()}
        for pull, tip in self._told.pulls.items():
            known = self._pulls.setdefault(pull, PullFact(*pull, None, "", branch_of.get(tip, "")))
            if not known.branch and tip in branch_of:
                self._pulls[pull] = known._replace(branch=branch_of[tip])
            for one in self._reach([tip]):
                self._pull_of.setdefault(one.hash, pull)

    def _amended(self) -> None:
        for moves in self._told.moves.values():
            for move in moves:
                if move.kind == "amend" and move.before != move.hash:
                    self._final.setdefault(move.before, move.hash)
                    if move.hash in self._pull_of:
                        self._pull_of.setdefault(move.before, self._pull_of[move.hash])

    def _twins(self) -> None:
        """A rebase keeps when a commit was made and what it is called."""
        twins: dict[tuple[int, str], set[str]] = defaultdict(set)
        for name in (*self._pull_of, *self._merged):
            if name in self._made:
                twins[self._made[name] // 1000, self._subject[name]].add(name)
        for name, made in self._made.items():
            if name in self._pull_of or name in self._merged:
                continue
            found = twins.get((made // 1000, self._subject[name]), set())
            if len(found) == 1:
                (twin,) = found
                self._final.setdefault(name, twin)
                if twin in self._pull_of:
                    self._pull_of[name] = self._pull_of[twin]

    def _squashed(self) -> None:
        """A squash takes the branch whose commits it lists, if that is one alone."""
        groups = self._groups()
        for one, words in sorted(self._squashes, key=lambda each: each[0].at):
            said, title = merge_words.subjects(one.message), merge_words.title_words(one.message)
            told = merge_words.squashed(one.message)
            votes: list[tuple[int, str, list[str]]] = []
            for branch, names in groups.items():
                open_ = [x for x in names if x not in self._pull_of and self._made[x] <= one.at]
                listed = sum(x in told or self._subject[x] in said for x in open_)
                named = len(title) > 3 and merge_words.plain(branch).endswith(title)
                if open_ and (2 * listed >= len(open_) or named):
                    votes.append((listed + named * len(open_), branch, open_))
            votes.sort(reverse=True, key=lambda vote: vote[0])
            if votes and (len(votes) == 1 or votes[0][0] > votes[1][0]):
                self._join(one, words, *votes[0][1:])

    def _join(self, one: Commit, words: MergeWords, branch: str, names: Iterable[str]) -> None:
        pull = (words.number, words.sign)
        self._pulls[pull] = self._pulls[pull]._replace(branch=branch)
        for name in names:
            self._pull_of[name] = pull
            self._final[name] = one.hash

    def _groups(self) -> dict[str, list[str]]:
        """Commits by the branch on which they were made here, or which has them alone."""
        groups: dict[str, dict[str, None]] = defaultdict(dict)
        for moves in self._told.moves.values():
            for move in moves:
                if move.kind in ("commit", "amend") and move.branch and move.hash in self._made:
                    groups[move.branch][move.hash] = None
                    if move.kind == "amend":
                        groups[move.branch].pop(move.before, None)
        remotes = {name.partition("/")[2]: tip for name, tip in self._told.remotes.items()}
        for branch, tip in (remotes | dict(self._told.heads)).items():
            if branch not in groups and branch not in DEFAULT_BRANCHES:
                groups[branch] = {one.hash: None for one in self._reach([tip])}
        groups.pop(self._told.default, None)
        return {branch: list(names) for branch, names in groups.items()}


def _within(commits: Mapping[str, Commit], tips: Iterable[str]) -> dict[str, None]:
    """What leads to the tips, as far as it is among these commits."""
    found: dict[str, None] = {}
    waiting = list(tips)
    while waiting:
        name = waiting.pop()
        if name in commits and name not in found:
            found[name] = None
            waiting += commits[name].parents
    return found
