"""Hints from the kernel that a path changed, by watchfiles, and why there are none.

Nothing here is the truth: events get lost when folders are new, the queue is full, watches run
out, a root is made anew or a name is not UTF-8. follow.py looks by the clock besides.
"""

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from costtop.text import clean

_FEW = 16  # folders that may lack a watch because they are new


class Watcher:
    """What changed below some folders since it was asked last.

    watchfiles gathers by itself; its `awatch` would look 50 times a second in a thread for each
    kind of folder. Asked here it costs a microsecond, and whoever asks sets the pace. Raises what
    watchfiles raises: then start anew. `notify` is its RustNotify, or what a test puts there.
    """

    def __init__(
        self, deep: Sequence[bytes], flat: Sequence[bytes], notify: Callable[..., Any] | None = None
    ) -> None:
        """Watches `deep` folders with everything below, `flat` ones alone; slow where many are."""
        self._parts: list[Any] = []
        begin = notify or _notify()
        try:
            for paths, recursive in ((deep, True), (flat, False)):
                if paths:
                    names = [os.fsdecode(path) for path in paths]
                    # (paths, debug, force polling, its delay, recursive, ignore what is forbidden)
                    self._parts.append(begin(names, False, False, 0, recursive, True))
        except BaseException:
            self.close()
            raise

    def taken(self) -> set[bytes]:
        """The paths; it does not wait."""
        found: set[bytes] = set()
        for part in self._parts:
            changes = part.watch(0, 0, 0, _TwoLooks())
            if not isinstance(changes, str):  # why there are none
                found.update(os.fsencode(path) for _, path in changes)
        return found

    def close(self) -> None:
        """Gives the watches back."""
        for part in self._parts:
            with suppress(Exception):
                part.close()


class _TwoLooks:
    """Stops watchfiles at its third look: it gives what it has once two looks see the same."""

    def __init__(self) -> None:
        self._looks = 0

    def is_set(self) -> bool:
        """Whether it is to stop."""
        self._looks += 1
        return self._looks > 2


def _notify() -> Callable[..., Any]:
    from watchfiles._rust_notify import RustNotify

    return RustNotify


def reason(error: BaseException) -> str:
    """What stopped a watcher, in words that tell the remedy."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    number, text = getattr(error, "errno", None), str(error)
    if number == errno.ENOSPC or "watch limit" in text or "os error 28" in text:
        return _exhausted("watches")
    if "os error 24" in text or number == errno.EMFILE or "Too many open files" in text:
        limit = _sysctl("max_user_instances")
        return f"too many open files or inotify instances (ulimit -n, {limit})"
    if isinstance(error, UnicodeError) or "decode path" in text:
        return "a file name below a source is not UTF-8, which stops the watcher"
    return clean(f"the watcher stopped: {type(error).__name__} {text}".strip())


def shortage(folders: int) -> str:
    """Why some of `folders` have no watch although nothing was reported; "" if they have.

    watchfiles says nothing when the kernel refuses a watch for a new folder. Linux only.
    """
    watches = _watches()
    if watches is None or folders - watches <= _FEW:
        return ""
    return _exhausted("watches")


def _watches() -> int | None:
    """inotify watches of this process."""
    count, any_queue = 0, False
    try:
        for fd in os.listdir("/proc/self/fd"):
            if not _is_inotify(fd):
                continue
            any_queue = True
            count += Path(f"/proc/self/fdinfo/{fd}").read_bytes().count(b"inotify wd:")
    except OSError:
        return None
    return count if any_queue else None


def _is_inotify(fd: str) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{fd}") == "anon_inode:inotify"
    except OSError:
        return False


def _exhausted(what: str) -> str:
    return f"inotify {what} exhausted ({_sysctl(f'max_user_{what}')})"


def _sysctl(name: str) -> str:
    try:
        value = Path(f"/proc/sys/fs/inotify/{name}").read_text().strip()
    except OSError:
        return f"sysctl fs.inotify.{name}"
    return f"sysctl fs.inotify.{name}={value}"
