"""The one post of this process, made at the first record, anew after a fork."""

import atexit
import contextlib
import os
import sys
import threading

from costtop.client.sender import AT_EXIT, Sender
from costtop.paths import find

_lock = threading.Lock()
_post: Sender | None = None


def post() -> Sender:
    """The post of this process."""
    global _post
    if _post is None:
        with _lock:
            if _post is None:
                _post = Sender(find)
                _end_with_children()
    return _post


def flush(patience: float = 10.0) -> bool:
    """Waits until every record is with the daemon or in the spool; False after `patience` s."""
    return _post is None or _post.flush(patience)


def _end() -> None:
    if _post is not None:
        _post.close(AT_EXIT)


def _after_fork() -> None:
    """A child has no thread, and what was queued is its parent's to send."""
    global _post, _lock
    _post, _lock = None, threading.Lock()


def _end_with_children() -> None:
    """Processes that multiprocessing forked end without atexit, but with its finalizers."""
    processes = sys.modules.get("multiprocessing.util")
    if processes is not None:
        with contextlib.suppress(Exception):
            processes.Finalize(None, _end, exitpriority=0)


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
