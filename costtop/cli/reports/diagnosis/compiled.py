"""What `costtop doctor` says of the compiled part that imports fold with."""

import json
import subprocess
import sys
from typing import Any

from costtop.daemon.fold_process import search_path

# As a worker does it (daemon/fold_process.py); a part that crashes takes only this with it.
_LOADED = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from costtop.native import library; print(library.load())"
)
_PATIENCE = 10  # seconds


def found() -> dict[str, Any]:
    """Whether workers can load it, and why not."""
    command = [sys.executable, "-I", "-S", "-c", _LOADED, json.dumps(search_path())]
    try:
        ran = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        why = f"it cannot be tried ({type(error).__name__})"
        if isinstance(error, subprocess.CalledProcessError):
            why = f"loading it ends with {error.returncode}"
    else:
        why = ran.stdout.decode(errors="replace").strip()
    return {"in_use": not why, "why_not": why or None}


def words(tree: dict[str, Any]) -> str:
    """The same as a line for people."""
    if tree["in_use"]:
        return "imports: with the compiled part"
    return f"imports: without the compiled part, more slowly: {tree['why_not']}"
