"""What goes on beside the screen: work in threads, and the traceback of a bug, kept in the log."""

import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from textual.app import App
from textual.screen import Screen

from costtop.errors import CosttopError
from costtop.files import private_file
from costtop.text import clean

T = TypeVar("T")


def run(
    owner: App[Any] | Screen[Any],
    work: Callable[[], T],
    take: Callable[[T], None],
    failed: Callable[[str], None],
    *,
    group: str,
    latest: bool = False,
) -> None:
    """Runs `work` in a thread; then, in the screen's own, `take` its answer, or why it `failed`.

    It ends with its owner; `latest` lets what is under way in the same group go.
    """
    app = owner.app

    def threaded() -> None:
        try:
            answer = work()
        except CosttopError as error:
            app.call_from_thread(failed, str(error))
            return
        app.call_from_thread(take, answer)

    owner.run_worker(threaded, thread=True, exclusive=latest, group=group)


def written(error: BaseException, log: Path | None) -> str:
    """Writes the traceback into the log; one line that says what happened and where it stands."""
    cause = getattr(error, "error", None)  # a worker's failure carries what failed in it
    error = cause if isinstance(cause, BaseException) else error
    said = clean(f"{type(error).__name__}: {error}", 120)
    told = "".join(traceback.format_exception(error))
    if log is None:
        return f"the screen failed ({said})"
    try:
        handle = private_file(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{time.strftime('%F %T')} the screen failed\n{told}")
    except OSError as trouble:
        return f"the screen failed ({said}); {log} cannot be written: {trouble.strerror}"
    return f"the screen failed ({said}); the traceback is in {log}"
