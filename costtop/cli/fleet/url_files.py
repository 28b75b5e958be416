"""Files that `costtop fleet` writes for a login, and what is to be done with them elsewhere."""

import json
import os
from pathlib import Path

from costtop import files, paths
from costtop.errors import FleetError


def usual_place() -> Path:
    """Where this machine's own URL lies unless the config says otherwise."""
    return paths.find().config.with_name("fleet.url")


def check_free(place: Path) -> None:
    """Raises FleetError where something is there already: it may be the only copy of a password."""
    if place.exists() or place.is_symlink():
        raise FleetError(f"{place} is there already: move it away, or name another with --to FILE")


def write(place: Path, url: str) -> None:
    """Writes the URL whole, for this user alone; raises FleetError."""
    try:
        files.private_directory(place.parent) if not place.parent.exists() else None
        files.replace(place, f"{url}\n".encode(), synced=True)
    except OSError as error:
        raise FleetError(f"{place}: {error.strerror}") from None


def lines_for(place: Path, key: str = "url_file") -> str:
    """What goes into config.toml for that file."""
    return f"[fleet]\n{key} = {json.dumps(shown(place))}"


def shown(place: Path) -> str:
    """The place as people write it."""
    home = os.path.expanduser("~")
    text = str(place.absolute())
    return "~" + text.removeprefix(home) if text.startswith(home + os.sep) else text
