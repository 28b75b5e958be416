"""Which programs are costtop itself, for a gate that lets some of its commands run.

A file may be called costtop and do anything, so a name proves nothing. Known are the launcher
beside the Python that runs this, and those that `hooks install` found. A bare name is what PATH, as
the agent has it, makes of it.
"""

import os
import sys

from costtop.hooks import quick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME = "costtop"
_KEPT = "launchers"  # in the folder of receipts: a path a line


def is_own(word: str, environ: "Mapping[str, str]") -> bool:
    """Whether a shell that is given this word as a program would start costtop itself.

    Another path to the same file does not count: whoever made it can turn it elsewhere.
    """
    known = _known(f"{os.path.dirname(quick.files(dict(environ))[0])}/hooks")
    if word != NAME:
        return word in known
    found = _first(environ.get("PATH", ""))
    if found is None:
        return True  # no program has that name here: a login shell's own profile may lead to ours
    return os.path.realpath(found) in {os.path.realpath(one) for one in known}


def kept(paths: "Iterable[str]") -> bytes:
    """The content of the file that keeps them."""
    return "".join(f"{one}\n" for one in paths if "\n" not in one).encode(
        "utf-8", "surrogateescape"
    )


def place(receipts: str) -> str:
    """That file."""
    return f"{receipts}/{_KEPT}"


def _known(receipts: str) -> list[str]:
    beside = [f"{os.path.dirname(sys.executable)}/{NAME}"] if sys.executable else []
    try:
        with open(place(receipts), encoding="utf-8", errors="surrogateescape") as file:
            return [*beside, *filter(None, file.read().split("\n"))]
    except OSError:
        return beside


def _first(path: str) -> str | None:
    """What PATH makes of the bare name; None where nothing, "" where that depends on the folder."""
    for folder in path.split(":") if path else ():
        if not folder.startswith("/"):
            return ""
        found = f"{folder.rstrip('/')}/{NAME}"
        if os.path.isfile(found) and os.access(found, os.X_OK):
            return found
    return None
