"""Opens a folder in the desktop's file manager, where there is a desktop. It opens no file.

A transcript is text from elsewhere: what a program would make of it is not ours to try.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_PATIENCE = 3.0  # s for the program to say that it cannot


def opener(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str | None:
    """The program that shows folders; None without a desktop."""
    if platform == "darwin":
        return shutil.which("open", path=environ.get("PATH"))
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return shutil.which("xdg-open", path=environ.get("PATH"))
    return None


def open_folder(path: Path, environ: Mapping[str, str] = os.environ) -> bool:
    """Shows the folder of the file at `path`; False where nothing could."""
    program, folder = opener(environ), path.parent
    if program is None or not folder.is_absolute() or not folder.is_dir():
        return False
    try:
        process = subprocess.Popen(
            [program, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return process.wait(_PATIENCE) == 0
    except subprocess.TimeoutExpired:
        return True  # it stays for as long as its window does
    except OSError:
        return False
