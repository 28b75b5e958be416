"""What becomes of a bug of the screen: a traceback in the log, one line on the terminal, exit 1.

It repairs nothing. The user reads where the traceback stands, after the terminal is as it was.
"""

import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from costtop.files import private_file
from costtop.text import clean

if TYPE_CHECKING:
    from costtop.tui.app import CosttopApp


def run(app: "CosttopApp", *, mouse: bool = True) -> int:
    """Runs the screen until it is left; returns its exit code."""
    try:
        app.run(mouse=mouse)
    except Exception as error:  # whatever it is: no traceback for a user
        app.fault = app.fault or written(error, app.log_file)
    if app.fault:
        print(f"costtop: {app.fault}", file=sys.stderr)
        return 1
    return app.return_code or 0


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
