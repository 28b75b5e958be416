"""What work can go without that soon ends: a library beside Python's own, garbage collection."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SPARED = "typing_extensions"


@contextmanager
def imports() -> Iterator[None]:
    """Within it msgspec loads in half the time: it takes from `typing` what it else takes from
    typing_extensions, which is the same there.

    What is loaded afterwards finds typing_extensions as ever. What is loaded stays, so there is no
    garbage.
    """
    spared = _SPARED not in sys.modules
    if spared:
        sys.modules[_SPARED] = None  # type: ignore[assignment] # importing it fails, at once
    try:
        with uncollected():
            yield
    finally:
        if spared:
            del sys.modules[_SPARED]


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is collected within it: for what holds many values and no circles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
