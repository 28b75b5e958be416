"""What the screen remembers: theme, columns, order, keys, refresh.

screen.toml is written by costtop (tomli-w keeps no comments), so it is a file of its own; the file
before each change stays beside it as screen.toml.bak. An unreadable file costs the looks, never the
start.
"""

import math
from pathlib import Path
from typing import Any

from costtop.files import replace
from costtop.named_tuples import NamedTuple
from costtop.tui.list.arrange import GROUPS, View
from costtop.tui.list.columns import COLUMNS, USUAL

FASTEST, SLOWEST = 0.2, 10.0  # s between two frames
THEMES = (
    *("costtop-dark", "costtop-light", "ansi-dark", "ansi-light"),
    *("nord", "gruvbox", "dracula", "tokyo-night", "solarized-light"),
)
_VIM = {"kill": "K,f9", "down": "j,down", "up": "k,up", "first": "g,home", "last": "G,end"}


class Preferences(NamedTuple):
    """How the user likes it."""

    theme: str = "costtop-dark"
    delay: float = 0.5  # s between two frames
    columns: tuple[str, ...] = USUAL
    sort: str = "rate"
    falling: bool = True
    tree: bool = False
    group: str = ""
    hides_idle: bool = False
    hides_ended: bool = False
    meters: bool = True
    vim: bool = False
    keys: tuple[tuple[str, str], ...] = ()  # (binding id, keys): "kill" to "K,f9"

    def keymap(self) -> dict[str, str]:
        """Keys by binding id, for those that are not as usual."""
        return {**(_VIM if self.vim else {}), **dict(self.keys)}

    def view(self) -> View:
        """How the list is seen at first."""
        mine = {name: getattr(self, name) for name in View._fields if hasattr(self, name)}
        return View(**mine)


def seconds(text: str) -> float | None:
    """The delay that a user types, as "0.5" or "2 s"; None where it makes no sense."""
    try:
        delay = float(text.strip().rstrip("s").replace(",", "."))
    except ValueError:
        return None
    return delay if FASTEST <= delay <= SLOWEST else None


def load(path: Path) -> Preferences:
    """The settings in the file; what is missing or makes no sense is as usual."""
    if not path.exists():
        return Preferences()
    import tomllib  # takes a first frame some milliseconds

    try:
        with path.open("rb") as file:
            tree = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return Preferences()
    return _checked(tree)


def _checked(tree: dict[str, Any]) -> Preferences:
    usual = Preferences()
    known = {column.key for column in COLUMNS}
    kept = {
        name: value
        for name, value in tree.items()
        if name in _PLAIN and type(value) is type(getattr(usual, name))
    }
    delay, keys = tree.get("delay"), tree.get("keys")
    if isinstance(delay, int | float) and math.isfinite(delay):
        kept["delay"] = min(max(float(delay), FASTEST), SLOWEST)
    if isinstance(keys, dict):
        kept["keys"] = tuple((str(k), v) for k, v in keys.items() if isinstance(v, str))
    kept["columns"] = tuple(key for key in _texts(tree.get("columns")) if key in known)
    settings = usual._replace(**kept)
    return settings._replace(
        columns=settings.columns or usual.columns,
        sort=settings.sort if settings.sort in known else usual.sort,
        group=settings.group if settings.group in GROUPS else "",
    )


_PLAIN = {"theme", "sort", "falling", "tree", "group", "hides_idle", "hides_ended", "meters", "vim"}


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def save(settings: Preferences, path: Path) -> None:
    """Writes the file whole, atomically; the one before it becomes .bak. Raises OSError."""
    import tomli_w

    tree = {**settings._asdict(), "columns": list(settings.columns), "keys": dict(settings.keys)}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        replace(path.with_suffix(".toml.bak"), path.read_bytes())
    replace(path, tomli_w.dumps(tree).encode())
