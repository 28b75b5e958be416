"""Reads refs, logs of HEAD and a few lines of the config of a repository as plain files.

Refs kept in another form than files (reftable) are not read: then there are none.
"""

import os
import re

from costtop.attribution import head_log, pull_names
from costtop.attribution.head_log import HeadLog
from costtop.named_tuples import NamedTuple
from costtop.repositories import locate, plain_files
from costtop.repositories.ref_marks import KINDS, MOST

_PACKED, _LOG, _CONFIG = 4 << 20, 1 << 20, 256 << 10  # bytes that are read of each
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PULL_REF = re.compile(
    r"refs/(?:remotes/[^/]+/)?(pull|pr|merge-requests|merge_requests)/(\d{1,9})(?:/head)?"
)
_SECTION = re.compile(r'\[\s*(\w+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')


class Refs(NamedTuple):
    """Where branches stand, and what they are called by."""

    heads: dict[str, str]
    remotes: dict[str, str]
    pulls: dict[tuple[int, str], str]
    default: str
    name: str  # of the repository, by its remote; "" has none
    branch_pulls: dict[str, tuple[int, str]]


def read(common: str) -> Refs:
    """The refs of a repository; what is no ref is passed over."""
    every = _packed(common) | _loose(common)
    heads, remotes, pulls = dict[str, str](), dict[str, str](), dict[tuple[int, str], str]()
    for name, said in every.items():
        if not _HASH.fullmatch(said):
            continue
        if found := _PULL_REF.fullmatch(name):
            pulls[int(found[2]), "!" if found[1].startswith("merge") else "#"] = said
        elif name.startswith("refs/heads/"):
            heads[name.removeprefix("refs/heads/")] = said
        elif name.startswith("refs/remotes/"):
            remotes[name.removeprefix("refs/remotes/")] = said
    config = _config(common)
    url = config.get(("remote", "origin", "url"), "") or _only_url(config)
    return Refs(
        heads=heads,
        remotes=remotes,
        pulls=pulls,
        default=_default(every, heads),
        name=pull_names.of_remote(url),
        branch_pulls=_branch_pulls(config),
    )


def heads_logs(common: str) -> dict[str, HeadLog]:
    """What the logs of HEAD tell, by worktree."""
    found = {}
    for top, private in locate.tops(common).items():
        data = plain_files.content(os.path.join(private, "logs", "HEAD"), _LOG, end=True)
        on = plain_files.line(os.path.join(private, "HEAD"))
        if data:
            branch = (
                on.removeprefix("ref: refs/heads/") if on.startswith("ref: refs/heads/") else ""
            )
            found[top] = head_log.read(data, branch)
    return found


def _packed(common: str) -> dict[str, str]:
    data = plain_files.content(os.path.join(common, "packed-refs"), _PACKED) or b""
    found: dict[str, str] = {}
    for line in data.splitlines():
        said, parted, name = os.fsdecode(line).partition(" ")
        if parted and name.startswith("refs/") and len(found) < MOST:
            found[name] = said
    return found


def _loose(common: str) -> dict[str, str]:
    found = {}
    for kind in KINDS:
        for path, _ in plain_files.below(os.path.join(common, "refs", kind), MOST):
            found[os.path.relpath(path, common)] = plain_files.line(path, 300)
    return found


def _default(every: dict[str, str], heads: dict[str, str]) -> str:
    """The branch that the remote shows first, else the one of the usual names."""
    said = every.get("refs/remotes/origin/HEAD", "").removeprefix("ref: refs/remotes/origin/")
    if said and not _HASH.fullmatch(said):
        return said
    return next((name for name in ("main", "master", "trunk") if name in heads), "")


def _config(common: str) -> dict[tuple[str, str, str], str]:
    """Remotes and branches of the repository's own config: plain lines, and nothing included."""
    data = plain_files.content(os.path.join(common, "config"), _CONFIG) or b""
    found, section = dict[tuple[str, str, str], str](), ("", "")
    for line in os.fsdecode(data).splitlines():
        if head := _SECTION.match(line.strip()):
            section = (head[1].lower(), head[2] or "")
            continue
        key, parted, value = line.partition("=")
        if parted and section[0] in {"remote", "branch"}:
            found[(*section, key.strip().lower())] = value.strip()
    return found


def _only_url(config: dict[tuple[str, str, str], str]) -> str:
    urls = [value for (kind, _, key), value in config.items() if (kind, key) == ("remote", "url")]
    return urls[0] if len(urls) == 1 else ""


def _branch_pulls(config: dict[tuple[str, str, str], str]) -> dict[str, tuple[int, str]]:
    """Branches that were checked out from a pull request, as `gh pr checkout` notes it."""
    found: dict[str, tuple[int, str]] = {}
    for (kind, name, key), value in config.items():
        if (kind, key) == ("branch", "merge") and (pull := _PULL_REF.fullmatch(value)):
            found[name] = (int(pull[2]), "!" if pull[1].startswith("merge") else "#")
    return found
