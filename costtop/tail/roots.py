"""What is looked for and what was seen: folders with patterns, where links may lead, troubles.

Values only; walking is in find.py.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from costtop.named_tuples import NamedTuple


class Root(NamedTuple):
    """A folder and the files below it that are logs. `label` is the caller's, carried unread."""

    path: bytes
    patterns: tuple[bytes, ...]
    shape: str = "lines"  # lines | document | rows
    label: str = ""


class Seen(NamedTuple):
    """A file that a walk found, with the stat it had then (`mtime`, `ctime` in ns).

    For shape "rows", `size` and `mtime` cover the database and its -wal together. A link is
    replaced by what it points to.
    """

    path: bytes
    root: Root
    dev: int
    ino: int
    size: int
    mtime: int
    ctime: int
    rotated: bool = False  # its name matches only with what log rotation appends


class Trouble(NamedTuple):
    """Something that could not be looked at, and why."""

    path: bytes
    reason: str


class FoundFiles(NamedTuple):
    """The result of one look."""

    seen: list[Seen]
    troubles: list[Trouble]

    def newest_first(self) -> list[Seen]:
        """What was seen, latest write first: today's spend is on the screen within a second."""
        return sorted(self.seen, key=lambda seen: -seen.mtime)


def rooted(
    path: str | Path, patterns: Sequence[str], shape: str = "lines", label: str = ""
) -> Root:
    """A Root from text; `~` is expanded, names may hold surrogate escapes."""
    full = os.path.abspath(os.path.expanduser(os.fspath(path)))
    return Root(os.fsencode(full), tuple(os.fsencode(p) for p in patterns), shape, label)


def rooted_glob(glob: str, shape: str = "lines", label: str = "") -> Root:
    """A Root from one glob of the config: `~/logs/*/app.jsonl` -> `~/logs` and `*/app.jsonl`."""
    parts = glob.split("/")
    magic = (i for i, part in enumerate(parts) if any(c in part for c in "*?["))
    first = next(magic, len(parts) - 1)
    folder = "/".join(parts[:first]) or ("/" if glob.startswith("/") else ".")
    return rooted(folder, ["/".join(parts[first:])], shape, label)


# What a log is never kept in; a link to it is a mistake, or somebody's trick.
_SECRET = (
    *(b".ssh", b".gnupg", b".aws", b".azure", b".kube", b".docker", b".password-store", b".pki"),
    *(b".config/gcloud", b".config/gh", b".config/op", b".config/sops", b".config/rclone"),
    *(b".local/share/keyrings", b".local/share/kwalletd", b".mozilla", b".thunderbird"),
    *(b".config/google-chrome", b".config/chromium", b"snap/firefox", b"Library/Keychains"),
    *(b"Library/Cookies", b".netrc", b".git-credentials", b".npmrc", b".vault-token"),
)


def within(path: bytes, folder: bytes) -> bool:
    """Whether a real path is that folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def own_home() -> bytes:
    """The user's home by its real path; b"" where it is no folder of their own."""
    home = os.path.realpath(os.path.expanduser(b"~"))
    return home if home.strip(b"/") else b""


def refusal(target: bytes, home: bytes, roots: list[bytes]) -> str:
    """Why a link to `target`, a real path, is not followed; "" where it is."""
    if home and any(within(target, home + b"/" + secret) for secret in _SECRET):
        return "is a link to where secrets are kept"
    if any(within(target, root) for root in roots):
        return ""
    if not home or not within(target, home):
        return "is a link that leaves the root and your home; a [[source]] with its path reads it"
    if any(within(folder, target) for folder in (home, *roots)):
        return "is a link to a folder that holds this one"
    return ""
