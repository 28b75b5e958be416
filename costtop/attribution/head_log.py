"""Reads the log of a worktree's HEAD: on which branch it was when, what it committed. Pure."""

import re
from collections.abc import Iterator

from costtop.attribution.merge_words import digest
from costtop.named_tuples import NamedTuple
from costtop.nouns.repository_facts import CommitFact, HeadMove

_LINE = re.compile(
    rb"([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) .*?> (\d{1,12}) [+-]\d{4}(?:\t(.*))?"
)
_CHECKOUT = re.compile(r"checkout: moving from (\S+) to (\S+)")
_RETURN = re.compile(r".*returning to refs/heads/(\S+)")
_RENAME = re.compile(r"Branch: renamed refs/heads/\S+ to refs/heads/(\S+)")
_COMMIT = re.compile(r"commit(?: \((initial|merge|amend|cherry-pick)\))?: (.*)")
_HASH = re.compile(r"[0-9a-f]{7,64}")
_LATEST = 4_102_444_800  # s: a time beyond 2100 is none


class HeadLog(NamedTuple):
    """What a log told."""

    moves: list[HeadMove]
    commits: list[CommitFact]


class _Entry(NamedTuple):
    before: str
    hash: str
    at: int
    said: str


def read(data: bytes, now_on: str) -> HeadLog:
    """The moves in a log, oldest first; `now_on` is the branch that HEAD is on, "" for none.

    Git writes whole seconds: what happens in one is over at its end.
    """
    entries = list(_entries(data))
    moves: list[HeadMove] = []
    commits: list[CommitFact] = []
    branch = _first_branch(entries, now_on)
    for one in entries:
        kind, branch = _move(one.said, branch)
        moves.append(HeadMove(one.at, kind, branch, one.hash, one.before))
        if kind in ("commit", "amend") and (made := _COMMIT.match(one.said)):
            commits.append(CommitFact(one.hash, one.at, one.at, digest(made[2]), one.hash))
    return HeadLog(moves, commits)


def _entries(data: bytes) -> Iterator[_Entry]:
    for line in data.split(b"\n"):
        found = _LINE.match(line[:2000])
        if found and int(found[3]) < _LATEST:
            said = (found[4] or b"").decode("utf-8", "replace")
            at = int(found[3]) * 1000 + 999
            yield _Entry(found[1].decode(), found[2].decode(), at, said)


def _first_branch(entries: list[_Entry], now_on: str) -> str:
    """Where the log begins: on what it first moved from; on what HEAD is on, where it never did."""
    for one in entries:
        if found := _CHECKOUT.match(one.said):
            return _branch(found[1])
        if _RETURN.match(one.said):
            break
    return now_on


def _move(said: str, branch: str) -> tuple[str, str]:
    if found := _CHECKOUT.match(said):
        return "checkout", _branch(found[2])
    if found := _RETURN.match(said):
        return ("other" if found[1] == branch else "checkout"), found[1]
    if found := _RENAME.match(said):
        return "rename", found[1]
    if found := _COMMIT.match(said):
        return "amend" if found[1] == "amend" else "commit", branch
    return "other", branch


def _branch(name: str) -> str:
    """The branch that a checkout names; "" of a hash or a ref of another kind: HEAD is on none."""
    if _HASH.fullmatch(name) or name.startswith(("refs/", "origin/", "upstream/")):
        return ""
    return name[:200]
