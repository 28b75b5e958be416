"""One reading of a repository: its files, what git tells of its commits, and what that comes to."""

import threading
from collections.abc import Mapping, Sequence

from costtop.attribution import history
from costtop.attribution.history import Told
from costtop.named import NamedTuple
from costtop.nouns.repository_facts import CommitFact, HeadMove, PullFact
from costtop.repositories import git_log, refs

_BESIDES = 2_000  # commits of logs of HEAD that are asked for, the latest


class ReadRepository(NamedTuple):
    """What a reading gave."""

    name: str
    default: str
    heads: Mapping[str, Sequence[HeadMove]]
    commits: Sequence[CommitFact]
    pulls: Sequence[PullFact]
    trouble: str


def read(common: str, known: Sequence[CommitFact], stop: threading.Event) -> ReadRepository:
    """Reads one anew; `known` are the commits of earlier readings. It blocks for seconds."""
    found, logs = refs.read(common), refs.heads_logs(common)
    told = {one.hash: one for log in logs.values() for one in log.commits}
    latest = sorted(told.values(), key=lambda one: one.at)[-_BESIDES:]
    log = git_log.read(common, found, (one.hash for one in latest), stop)
    moves = {top: each.moves for top, each in logs.items()}
    commits, pulls = history.read(
        Told(
            commits=log.commits,
            heads=found.heads,
            remotes=found.remotes,
            pulls=found.pulls,
            branch_pulls=found.branch_pulls,
            default=found.default,
            moves=moves,
            known=[*(told | {one.hash: one for one in known}).values()],
        )
    )
    return ReadRepository(found.name, found.default, moves, commits, pulls, log.trouble)
