"""What messages of commits say of pull requests: merges, squashes and trailers. Pure.

The words are those of GitHub, GitLab, Gitea, Bitbucket and Azure. Messages are read and not kept.
"""

import re
from _blake2 import blake2b  # hashlib loads OpenSSL

from costtop.attribution.pull_names import MOST
from costtop.named_tuples import NamedTuple

_LINES = 400  # of a message that are looked at
_MERGES = (
    re.compile(r"Merge pull request #(?P<number>\d{1,9}) from [^/\s]+/(?P<branch>\S+)"),
    re.compile(r"Merge pull request '.*' \(#(?P<number>\d{1,9})\) from (?P<branch>\S+) into \S+"),
    re.compile(r"Merged in (?P<branch>\S+) \(pull request #(?P<number>\d{1,9})\)"),
    re.compile(r"Merged PR (?P<number>\d{1,9}): (?P<branch>)"),
    re.compile(r"Pull request #(?P<number>\d{1,9}): (?P<branch>)"),
)
_GITLAB = re.compile(r"Merge branch '(\S+)' into '\S+'")
_REQUEST = re.compile(r"See merge request \S*!(\d{1,9})")
_ENDS = re.compile(r"^(.*?)\s*\(([#!])(\d{1,9})\)\s*$")
_TRAILER = re.compile(
    r"(?:PR-URL|Pull-Request|Merge-Request|Part-of):\s*<?https?://\S+/"
    r"(pull|merge_requests)/(\d{1,9})>?\s*$"
)
_BULLET = re.compile(r"(?:[*-]\s+| {4})(\S.*)")  # of a list, or as `git merge --squash` writes it
_SQUASHED = re.compile(r"commit ([0-9a-f]{40}(?:[0-9a-f]{24})?)")


class MergeWords(NamedTuple):
    """The pull request that a commit on the default branch says it is of."""

    number: int
    sign: str
    branch: str  # its own; "" is not told


def of_merge(message: str) -> MergeWords | None:
    """What a commit with two parents says."""
    lines = message.split("\n", _LINES)[:_LINES]
    for words in _MERGES:
        if found := words.match(lines[0]):
            return _said(found["number"], "#", found["branch"].rpartition(":")[2])
    branch = _GITLAB.match(lines[0])
    for line in lines[1:]:
        if found := _REQUEST.match(line):
            return _said(found[1], "!", branch[1] if branch else "")
    return of_squash(message)


def of_squash(message: str) -> MergeWords | None:
    """What a commit with one parent says: "Title (#12)", or a trailer."""
    lines = message.split("\n", _LINES)[:_LINES]
    if found := _ENDS.match(lines[0][:1000]):
        return _said(found[3], found[2], "")
    for words in _MERGES[3:]:
        if found := words.match(lines[0]):
            return _said(found["number"], "#", "")
    for line in lines[1:]:
        if found := _TRAILER.match(line):
            return _said(found[2], "!" if found[1] == "merge_requests" else "#", "")
        if found := _REQUEST.match(line):
            return _said(found[1], "!", "")
    return None


def subjects(message: str) -> set[str]:
    """Digests of what a squash's commits were called: its title, and the points of its list."""
    lines = message.split("\n", _LINES)[:_LINES]
    title = _ENDS.match(lines[0][:1000])
    found = {title[1] if title else lines[0]}
    found |= {point[1] for line in lines[1:] if (point := _BULLET.match(line))}
    return {digest(one) for one in found}


def squashed(message: str) -> set[str]:
    """Hashes of the commits that a squash names, as `git merge --squash` does."""
    lines = message.split("\n", _LINES)[1:_LINES]
    return {found[1] for line in lines if (found := _SQUASHED.fullmatch(line.strip()))}


def title_words(message: str) -> str:
    """A title as a branch may be called: letters and digits alone."""
    line = message.partition("\n")[0][:1000]
    found = _ENDS.match(line)
    return plain(found[1] if found else line)


def plain(name: str) -> str:
    """A name without what titles and branches write differently."""
    return "".join(char for char in name.casefold() if char.isalnum())


def digest(subject: str) -> str:
    """A subject so that it can be known again, and not read."""
    return blake2b(subject.strip().encode("utf-8", "replace"), digest_size=8).hexdigest()


def _said(number: str, sign: str, branch: str) -> MergeWords | None:
    found = int(number)
    return MergeWords(found, sign, branch[:200]) if 0 < found <= MOST else None
