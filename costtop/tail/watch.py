"""Hints from the kernel that a path changed, by watchfiles, and why there are none.

Nothing here is the truth: events get lost when folders are new, the queue is full, watches run
out, a root is made anew or a name is not UTF-8. follow.py looks by the clock besides.
"""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from costtop.text import clean

STEP, DEBOUNCE = 20, 100  # ms; p50 31, p99 42 ms, where the defaults give 78 and 200 (PERFORMANCE)
_FEW = 16  # folders that may lack a watch because they are new


async def changes(
    paths: Sequence[str],
    recursive: bool,
    stop: asyncio.Event,
    awatch: Callable[..., Any] | None = None,
) -> AsyncIterator[set[bytes]]:
    """Sets of changed paths, until `stop` is set. Raises what watchfiles raises: then start anew.

    The default filter of watchfiles is off: it drops folders that agents do log in.
    """
    if awatch is None:
        import watchfiles

        awatch = watchfiles.awatch
    stream = awatch(
        *paths,
        watch_filter=None,
        step=STEP,
        debounce=DEBOUNCE,
        stop_event=stop,
        recursive=recursive,
        force_polling=False,
        ignore_permission_denied=True,
    )
    async with aclosing(stream):
        async for batch in stream:
            yield {os.fsencode(path) for _, path in batch}


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
