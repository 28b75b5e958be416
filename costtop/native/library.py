"""Loads the compiled part of folding, where one was built: a shared object beside this file.

Workers of an import load it, and nothing else does: what arrives live is little and is folded by
Python, which stays the reference. It is used only if it was made from the very sources that lie
beside it (`c/`), so an old one is left alone; COSTTOP_PURE=1 in the environment leaves it out.
"""

import os
import sys
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctypes import CDLL

FOLDER = os.path.dirname(os.path.abspath(__file__))
PURE = "COSTTOP_PURE"
_library: "CDLL | None" = None


def load() -> str:
    """Makes `loaded` give it, from now on in this process; says why not, "" where it does."""
    global _library
    try:
        _library = _opened(FOLDER)
    except (OSError, AttributeError, ImportError, _Left) as error:
        _library = None
        return str(error)
    return ""


def loaded() -> "CDLL | None":
    """The compiled part, if this process has loaded it."""
    return _library


def leave() -> None:
    """Makes `loaded` give None again: the pure way."""
    global _library
    _library = None


def pure() -> bool:
    """Whether the user wants no compiled part, neither built nor loaded."""
    return os.environ.get(PURE, "") not in ("", "0")


def file_name() -> str:
    """What the shared object for this machine is called."""
    return f"costtop_fold.{sys.platform}-{os.uname().machine}.so"


def sources(folder: str = FOLDER) -> list[str]:
    """The paths of all C files, in the order in which `made_from` reads them."""
    inner = os.path.join(folder, "c")
    return [os.path.join(inner, x) for x in sorted(os.listdir(inner)) if x.endswith((".c", ".h"))]


def made_from(folder: str = FOLDER) -> int:
    """A number of all C files, 0 to 2**31 - 1; the shared object holds that of its own."""
    number = 0
    for path in sources(folder):
        with open(path, "rb") as file:
            number = zlib.crc32(file.read(), zlib.crc32(os.path.basename(path).encode(), number))
    return number & 0x7FFFFFFF


class _Left(Exception):
    """It is not to be used."""


def _opened(folder: str) -> "CDLL":
    if pure():
        raise _Left(f"{PURE} is set")
    path = os.path.join(folder, file_name())
    if not os.path.exists(path):
        raise _Left("not built: costtop was installed without a C compiler, or as pure")
    import ctypes

    library = ctypes.CDLL(path)
    if library.costtop_made_from() != made_from(folder):
        raise _Left(f"{path} was built from other sources")
    return library
