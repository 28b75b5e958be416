"""What pull requests are called, and which branches tell nothing of one. It opens no URL."""

import re

from costtop.named_tuples import NamedTuple
from costtop.text import clean

DEFAULT_BRANCHES = frozenset({"main", "master", "trunk", "develop", "dev"})
"""Where everybody works: what is done there belongs to no one pull request."""
UNTOLD = frozenset({"", "HEAD"})
"""What logs say where they know no branch, or where none is checked out."""
MOST = 10**9  # a number beyond is none
_LONGEST = 300  # characters of a URL
_PATH = re.compile(
    r"https?://[^/\s@]+/([^\s?#]+?)/(?:-/)?(pull|pulls|merge_requests|pull-requests|pullrequest)"
    r"/(\d{1,9})(?:[/?#]|$)"
)
_NAME = re.compile(r"[\w.~+-]+(?:/[\w.~+-]+){0,8}")


class PullName(NamedTuple):
    """A pull request by its repository and number; the sign is "#", of a merge request "!"."""

    repository: str
    number: int
    sign: str = "#"

    @property
    def key(self) -> str:
        """As reports show it: "acme/shop#12"."""
        return f"{self.repository}{self.sign}{self.number}"


def named(number: object, url: object, repository: object) -> tuple[PullName, str] | None:
    """The pull request that a log names, with its URL where that is one; None where it is none."""
    said = clean(url, _LONGEST) if isinstance(url, str) else ""
    found = _PATH.match(said)
    if not isinstance(number, int) or isinstance(number, bool):
        number = int(found[3]) if found else 0
    if not 0 < number <= MOST:
        return None
    name = repository_name(repository) or (repository_name(found[1]) if found else "")
    sign = "!" if found and found[2] == "merge_requests" else "#"
    return PullName(name, number, sign), said if said.startswith(("http://", "https://")) else ""


def repository_name(text: object) -> str:
    """A repository as its host names it, "acme/shop"; "" for what is no such name."""
    said = clean(text, _LONGEST).removesuffix(".git").strip("/") if isinstance(text, str) else ""
    return said if _NAME.fullmatch(said) else ""


def of_remote(url: str) -> str:
    """The repository of a remote's URL: "acme/shop" of git@github.com:acme/shop.git; "" of a path.

    User and password of a URL are never part of it.
    """
    scheme, parted, rest = url.strip().partition("://")
    if parted:
        if scheme not in {"https", "http", "ssh", "git"}:
            return ""
        return repository_name(rest.partition("/")[2])
    host, parted, path = url.strip().partition(":")
    return repository_name(path) if parted and "/" not in host and "@" in host else ""


def is_telling(branch: str, default: str = "") -> bool:
    """Whether work on a branch of this name belongs to one thing."""
    return branch not in UNTOLD and branch not in DEFAULT_BRANCHES and branch != default
