"""Asks git for commits, from a folder of costtop's own: no setting of the repository is ever read.

The program sees the repository's objects and nothing else of it: no config, hooks, attributes,
remotes, aliases or includes, none of the user's or the system's either; so there is nothing that it
could run, and nobody whom it could ask for a missing object. What takes too long, or tells too
much, is ended.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from costtop.attribution.history import Commit
from costtop.named_tuples import NamedTuple
from costtop.repositories import locate, plain_files
from costtop.repositories.refs import Refs

_MOST = 5_000  # commits, the latest
_BYTES = 16 << 20  # of output
_SECONDS = 10.0
_USUAL = "/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin"
_OF_MAC = "/opt/homebrew/bin:/usr/local/bin:/Library/Developer/CommandLineTools/usr/bin"
_FIELDS = 5
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ASKED = (
    *("log", "--stdin", "--ignore-missing", f"--max-count={_MOST}", "-z", "--no-patch"),
    *("--no-color", "--no-decorate", "--no-notes", "--no-mailmap", "--no-show-signature"),
    *("--encoding=UTF-8", "--format=tformat:%H%x00%P%x00%at%x00%ct%x00%B"),
)
_CONFIG = "[core]\n\trepositoryformatversion = {version}\n\tbare = true\n\tcommitGraph = false\n"
_OF_SHA256 = "[extensions]\n\tobjectFormat = sha256\n"


class GitLog(NamedTuple):
    """What git told."""

    commits: list[Commit]
    trouble: str  # why it may be less than all; "" it is all


def program() -> str:
    """The path of git; "" where there is none.

    Where systems keep it before where PATH says: a daemon may have been started with the PATH of a
    project, and what lies in a repository is not run.
    """
    usual = _OF_MAC if sys.platform == "darwin" else _USUAL
    if found := shutil.which("git", path=usual):
        return found
    found = shutil.which("git") or ""
    if not os.path.isabs(found) or found == "/usr/bin/git":  # of macOS: it asks to be installed
        return ""
    return found if locate.locate(os.path.dirname(found)) is None else ""


def read(common: str, refs: Refs, besides: Iterable[str], stop: threading.Event) -> GitLog:
    """The latest commits that refs and the hashes `besides` lead to. It blocks for seconds."""
    git = program()
    tips = {*refs.heads.values(), *refs.remotes.values(), *refs.pulls.values(), *besides}
    tips = {tip for tip in tips if _HASH.fullmatch(tip)}
    if not git:
        return GitLog([], "git is not installed")
    if not tips:
        return GitLog([], "")
    with tempfile.TemporaryDirectory(prefix="costtop-git-") as folder:
        _lay_out(folder, common, tips)
        data, trouble = _output(git, folder, common, stop)
    return GitLog(list(_commits(data)), trouble)


def _lay_out(folder: str, common: str, tips: set[str]) -> None:
    """A repository without anything: its config is ours, its objects are looked up elsewhere."""
    for name in ("objects", "refs"):
        os.mkdir(os.path.join(folder, name))
    long = any(len(tip) == 64 for tip in tips)
    config = _CONFIG.format(version=1 if long else 0) + (_OF_SHA256 if long else "")
    files = {"HEAD": "ref: refs/heads/none\n", "config": config, "tips": "\n".join(tips) + "\n"}
    shallow = plain_files.content(os.path.join(common, "shallow"), 1 << 20) or b""
    if lines := [
        line for line in shallow.decode("ascii", "replace").split() if _HASH.fullmatch(line)
    ]:
        files["shallow"] = "\n".join(lines) + "\n"
    for name, text in files.items():
        with open(os.path.join(folder, name), "x", encoding="ascii") as file:
            file.write(text)


def _environment(folder: str, common: str) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": folder,
        "XDG_CONFIG_HOME": folder,
        "LC_ALL": "C",
        "GIT_DIR": folder,
        "GIT_OBJECT_DIRECTORY": os.path.join(common, "objects"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
    }


def _output(git: str, folder: str, common: str, stop: threading.Event) -> tuple[bytes, str]:
    with open(os.path.join(folder, "tips"), "rb") as tips:
        asked = subprocess.Popen(
            [git, "--no-pager", *_ASKED],
            stdin=tips,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=_environment(folder, common),
            start_new_session=True,
        )
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, asked.pid, 15)
    try:
        return _read(asked, stop)
    finally:
        if asked.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(asked.pid, 9)  # its own group: nobody else is in it
        asked.wait()
        assert asked.stdout is not None
        asked.stdout.close()


def _read(asked: subprocess.Popen[bytes], stop: threading.Event) -> tuple[bytes, str]:
    import selectors

    assert asked.stdout is not None
    parts, size, until = list[bytes](), 0, time.monotonic() + _SECONDS
    with selectors.DefaultSelector() as ready:
        ready.register(asked.stdout, selectors.EVENT_READ)
        while not stop.is_set():
            if time.monotonic() > until:
                return b"".join(parts), "git took too long"
            if not ready.select(0.1):
                continue
            part = os.read(asked.stdout.fileno(), 1 << 16)
            if not part:
                failed = asked.wait() != 0
                return b"".join(parts), "objects are missing or damaged" if failed else ""
            parts.append(part)
            size += len(part)
            if size > _BYTES:
                return b"".join(parts), "its messages are too long"
    return b"", "costtop ends"


def _commits(data: bytes) -> Iterator[Commit]:
    """Whole records only: the last one may have been cut."""
    fields = data.split(b"\0")
    for at in range(0, len(fields) - _FIELDS, _FIELDS):
        name, parents, made, told, message = fields[at : at + _FIELDS]
        try:
            yield Commit(
                name.decode("ascii"),
                tuple(parents.decode("ascii").split()),
                _moment(made),
                _moment(told),
                message[:20_000].decode("utf-8", "replace"),
            )
        except (ValueError, UnicodeDecodeError):
            continue


def _moment(seconds: bytes) -> int:
    return min(max(int(seconds), 0), 1 << 40) * 1000
