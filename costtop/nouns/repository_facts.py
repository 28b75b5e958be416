"""What git tells of a repository: nouns beside those of `model`. Times are ms UTC."""

from costtop.named_tuples import NamedTuple


class HeadMove(NamedTuple):
    """One line of the log of a worktree's HEAD."""

    at: int
    kind: str  # commit | amend | checkout | rename | other
    branch: str  # after it; "" for none
    hash: str  # after it
    before: str  # the hash before it


class CommitFact(NamedTuple):
    """One commit and what came of it."""

    hash: str
    at: int  # committed
    made: int  # authored: the same after a rebase
    subject: str  # a hash of it: its text is not kept
    final: str  # the hash that it came to: rebased, squashed
    number: int = 0  # of its pull request; 0 is not known
    sign: str = "#"


class PullFact(NamedTuple):
    """A pull request that git knows."""

    number: int
    sign: str  # "#", of a merge request "!"
    at: int | None  # merged; None: not yet
    hash: str = ""  # of the merge or the squash; "" without one
    branch: str = ""  # its own; "" is not known
