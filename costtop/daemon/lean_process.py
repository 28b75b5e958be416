"""What work can go without that soon ends: a library beside Python's own, garbage collection."""

import gc
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager


def imports() -> AbstractContextManager[None]:
    """Within it msgspec loads in half the time: it takes from `typing` what it else takes from
    typing_extensions, which is the same there.
    """
    return _without("typing_extensions")


def asyncio() -> AbstractContextManager[None]:
    """Within it asyncio loads without OpenSSL, 5 ms sooner and 6 MB smaller: none needs its TLS."""
    return _without("ssl")


@contextmanager
def _without(spared: str) -> Iterator[None]:
    """Within it a library is not there for who can do without it; afterwards it is, as ever.

    What is loaded stays, so there is no garbage.
    """
    is_spared = spared not in sys.modules
    if is_spared:
        sys.modules[spared] = None  # type: ignore[assignment] # importing it fails, at once
    try:
        with uncollected():
            yield
    finally:
        if is_spared:
            del sys.modules[spared]


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
