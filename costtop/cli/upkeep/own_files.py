"""Finds every file that costtop has made, so that all of them can be taken away.

Only names that costtop gives are among them: whatever else lies in its folders is somebody else's.
"""

from collections.abc import Sequence
from pathlib import Path

from costtop.paths import Paths, runtime_folders

_FOLDERS = ("spool", "backups", "intake", "hooks", "init", "fleet")  # whole
_STATE = (
    *("costtop.*", "status.json*", "status.txt*", "status.fields*", "metrics.json*"),
    *("otlp-token*", "identity.key", "fleet.key", "tried.json", ".*.new"),
)


def state_files(found: Paths) -> list[Path]:
    """Files below the folder of state, then folders, the deepest first."""
    state = found.database.parent
    files = _matching(state, _STATE)
    for name in _FOLDERS:
        folder = state / name
        if folder.is_dir() and not folder.is_symlink():
            files += sorted(folder.rglob("*"), key=lambda path: -len(path.parts))
            files.append(folder)
    return list(dict.fromkeys(files))


def config_files(found: Paths) -> list[Path]:
    """What the user has set."""
    named = (
        found.config,
        found.budgets,
        found.screen,
        found.fleet_screen,
        found.config.with_name("prices.toml"),
    )
    return [path for path in named if path.exists()]


def run_folders(found: Paths) -> list[Path]:
    """Folders of sockets, that of this instance first; those of other homes are not among them."""
    own = {found.database.parent, found.config.parent}
    folders = [found.socket.parent, *runtime_folders()]
    return [one for one in dict.fromkeys(folders) if one not in own and _is_ours(one)]


def _is_ours(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and folder.name.startswith("costtop")


def _matching(folder: Path, patterns: Sequence[str]) -> list[Path]:
    return sorted({path for one in patterns for path in folder.glob(one) if not path.is_dir()})
