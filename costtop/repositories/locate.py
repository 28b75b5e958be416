"""Finds the repository that a folder lies in, by looking at files alone: nothing is run.

One that is another's, or whose `.git` is a link, a pipe or a file that points where git itself has
put none, is refused.
"""

import os
import stat

from costtop.named_tuples import NamedTuple
from costtop.repositories import plain_files

_LEVELS = 40  # folders above that are looked at
_MOST = 300  # worktrees of one repository


class Located(NamedTuple):
    """A worktree of a repository."""

    common: str  # the folder of git's files that all worktrees share
    top: str  # of the worktree; "" where it has gone and nobody knows which it was


class NotRead(NamedTuple):
    """Why a repository is not read."""

    why: str
    common: str = ""


def locate(folder: str) -> Located | NotRead | None:
    """The repository of a folder, which may have gone; None where it is in none."""
    at = folder
    if not os.path.isabs(folder):
        return None
    is_there = os.path.isdir(folder)
    for _ in range(_LEVELS):
        try:
            found = os.lstat(os.path.join(at, ".git"))
        except (OSError, ValueError):
            above = os.path.dirname(at)
            if above == at:
                return None
            at = above
            continue
        located = _of(at, found)
        if isinstance(located, Located) and not is_there:
            return located._replace(top=_gone(located.common, folder))
        return located
    return None


def _of(top: str, found: os.stat_result) -> Located | NotRead:
    git = os.path.join(top, ".git")
    if not plain_files.is_ours(found) or not plain_files.is_folder(top):
        return NotRead("it is owned by somebody else", git)
    if stat.S_ISDIR(found.st_mode):
        return refusal(git) or Located(git, top)
    if not stat.S_ISREG(found.st_mode):
        return NotRead("its .git is neither a folder nor a file", git)
    said = plain_files.line(git)
    if not said.startswith("gitdir: "):
        return NotRead("its .git file says nothing", git)
    private = os.path.normpath(os.path.join(top, said.removeprefix("gitdir: ")))
    if not plain_files.is_folder(private):
        return NotRead("its .git file points nowhere", git)
    common = _common(private, git) or _module(private, top)
    if not common:
        return NotRead("its .git file points elsewhere", git)
    return refusal(common) or Located(common, top)


def refusal(common: str) -> NotRead | None:
    """Why a folder of git's files is not to be read; None where it is."""
    for name in ("", "objects", "refs"):
        if not plain_files.is_folder(os.path.join(common, name) if name else common):
            return NotRead("it is not whole, or owned by somebody else", common)
    if not plain_files.line(os.path.join(common, "HEAD")):
        return NotRead("it is not whole, or owned by somebody else", common)
    return None


def _common(private: str, git: str) -> str:
    """The shared folder of a linked worktree, which points back at it; "" where it is none."""
    said = plain_files.line(os.path.join(private, "commondir"))
    back = plain_files.line(os.path.join(private, "gitdir"))
    common = os.path.normpath(os.path.join(private, said)) if said else ""
    folder, parent = os.path.split(os.path.dirname(private))
    is_ours = parent == "worktrees" and common == folder
    return common if is_ours and os.path.realpath(back) == os.path.realpath(git) else ""


def _module(private: str, top: str) -> str:
    """The folder of a submodule below that of a repository above it; "" where it is none."""
    above = top
    for _ in range(_LEVELS):
        above = os.path.dirname(above)
        modules = os.path.join(above, ".git", "modules") + os.sep
        if private.startswith(modules) and plain_files.is_folder(os.path.join(above, ".git")):
            return private
        if above == os.path.dirname(above):
            break
    return ""


def tops(common: str) -> dict[str, str]:
    """The worktrees of a repository, also those that have gone, with each one's own folder."""
    found = {os.path.dirname(common): common} if os.path.basename(common) == ".git" else {}
    folder = os.path.join(common, "worktrees")
    if not plain_files.is_folder(folder):
        return found
    try:
        names = sorted(os.listdir(folder))[:_MOST]
    except OSError:
        return found
    for private in (os.path.join(folder, name) for name in names):
        back = plain_files.line(os.path.join(private, "gitdir"))
        if plain_files.is_folder(private) and back.endswith("/.git") and os.path.isabs(back):
            found[os.path.dirname(back)] = private
    return found


def _gone(common: str, folder: str) -> str:
    """The worktree that a folder was in which is there no more; "" where that is not known."""
    linked = [top for top, private in tops(common).items() if private != common]
    within = [top for top in linked if folder == top or folder.startswith(top + os.sep)]
    return max(within, key=len) if within else ""
