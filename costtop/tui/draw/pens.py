"""How a terminal is told of inks: codes, of which only what differs is written.

The pens of a theme are kept in a file when the screen is left, so that the next one's first frame
has its colours before Textual, which knows them, is loaded.
"""

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from costtop import __version__
from costtop.files import replace
from costtop.named_tuples import NamedTuple

_LOOKS = 5  # others that are kept: of another terminal, another theme
_BRIGHTNESS = {"", "1", "2", "1;2"}  # weights that one code ends
_BLANK_SHOWS = {"4", "7", "9", "21", "53"}  # weights that a blank is seen in


class Pen(NamedTuple):
    """How the terminal writes: codes of the weight, of the ink, of what is behind it."""

    weight: str = ""
    ink: str = "39"
    behind: str = "49"


def alike_in_blanks(one: Pen, other: Pen) -> bool:
    """Whether a blank looks the same by either pen."""
    return one.behind == other.behind and one.weight == other.weight and not _is_seen(one.weight)


@lru_cache(maxsize=64)
def _is_seen(weight: str) -> bool:
    return not _BLANK_SHOWS.isdisjoint(weight.split(";"))


@lru_cache(maxsize=4_096)
def turned(pen: Pen, wanted: Pen) -> str:
    """What makes the terminal write as wanted: only what differs, but all of it after a reset."""
    codes: list[str] = []
    if pen.weight != wanted.weight:
        if not {pen.weight, wanted.weight} <= _BRIGHTNESS:
            codes, pen = ["0"], Pen()
        elif pen.weight:
            codes = ["22"]
        codes += [wanted.weight] if wanted.weight else []
    codes += [new for old, new in zip(pen[1:], wanted[1:], strict=True) if old != new]
    return f"\x1b[{';'.join(codes)}m"


def look(theme: str, *, mono: bool) -> str:
    """What pens depend on, but the ink."""
    named = (os.environ.get(name, "") for name in ("TERM", "COLORTERM"))
    return " ".join((__version__, theme, "mono" if mono else "", *named))


def kept(file: Path, look: str) -> dict[str, Pen]:
    """The pens by ink of this look, as a screen has left them; nothing where none has."""
    try:
        found = {ink: Pen(*map(str, pen)) for ink, pen in _looks(file).get(look, {}).items()}
    except (TypeError, AttributeError):
        return {}
    codes = "".join(code for pen in found.values() for code in pen)
    return found if codes.isascii() and not codes.strip("0123456789;") else {}


def keep(file: Path, look: str, pens: Mapping[str, Pen]) -> None:
    """Writes them down beside those of a few other looks; raises OSError."""
    others = {known: one for known, one in _looks(file).items() if known != look}
    kept_ones = [*others.items()][-_LOOKS:]
    replace(file, json.dumps(dict([*kept_ones, (look, pens)])).encode())


def _looks(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
