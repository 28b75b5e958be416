"""What agents' settings were before costtop changed them: a receipt a file.

While nobody else has changed a file since, taking the hooks out is putting these bytes back.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from costtop.files import private_directory, private_file
from costtop.hooks import launchers
from costtop.named_tuples import NamedTuple


class Receipt(NamedTuple):
    """One change of one file."""

    before: bytes | None  # None: there was no file
    after: str  # digest of what was written
    folders: tuple[str, ...]  # made for it, the deepest first


def digest(content: bytes) -> str:
    """The hash that stands for a content."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _place(folder: Path, settings: Path) -> Path:
    name = hashlib.blake2b(os.fsencode(settings), digest_size=6).hexdigest()
    return folder / f"{settings.parent.name.strip('.')}-{name}"


def keep(folder: Path, settings: Path, receipt: Receipt) -> Path:
    """Writes a receipt; returns the file that holds the settings as they were."""
    private_directory(folder)
    path = _place(folder, settings)
    _write_private(path.with_suffix(".before"), receipt.before or b"")
    facts = {
        "settings": str(settings),
        "existed": receipt.before is not None,
        "after": receipt.after,
        "folders": receipt.folders,
    }
    _write_private(path.with_suffix(".json"), json.dumps(facts).encode())
    return path.with_suffix(".before")


def read(folder: Path, settings: Path) -> Receipt | None:
    """The receipt of a file, None where there is none that can be read."""
    path = _place(folder, settings)
    try:
        facts = json.loads(path.with_suffix(".json").read_bytes())
        before = path.with_suffix(".before").read_bytes()
        return Receipt(
            before if facts["existed"] else None, facts["after"], tuple(facts["folders"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def drop(folder: Path, settings: Path) -> None:
    """The change has been taken back."""
    for suffix in (".json", ".before"):
        _place(folder, settings).with_suffix(suffix).unlink(missing_ok=True)
    if not any(folder.glob("*.json")):
        Path(launchers.place(str(folder))).unlink(missing_ok=True)


def since(folder: Path, settings: Path) -> int:
    """When it was changed, ms UTC; 0 where that is not known."""
    try:
        return _place(folder, settings).with_suffix(".json").stat().st_mtime_ns // 1_000_000
    except OSError:
        return 0


def keep_launchers(folder: Path, programs: Iterable[str]) -> None:
    """Writes down which programs are costtop: a gate lets no other of that name run."""
    private_directory(folder)
    _write_private(Path(launchers.place(str(folder))), launchers.kept(programs))


def _write_private(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(private_file(path, flags), "wb") as file:
        file.write(content)
