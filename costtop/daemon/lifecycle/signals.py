"""Signals for a loop: each calls one function, and does no harm once the loop has ended."""

import asyncio
import signal
from collections.abc import Callable, Iterable
from types import FrameType


def on_signals(numbers: Iterable[int], call: Callable[[], None], *, once: bool = False) -> None:
    """`call` on the running loop at each of these signals; after the loop's end they do nothing.

    With `once` they do nothing after the first: signals that come faster than they are heard would
    pile up in the handler.

    asyncio's own handlers go with the loop: a second SIGTERM while the last things are put away
    would end the process as if nobody had asked it to.
    """
    loop = asyncio.get_running_loop()

    def heard(number: int, _frame: FrameType | None) -> None:
        if once:
            ignore(number)
        if not loop.is_closed():
            loop.call_soon_threadsafe(call)

    for number in numbers:
        signal.signal(number, heard)


def ignore(*numbers: int) -> None:
    """From now on they do nothing, to the very end: the interpreter leaves that as it is."""
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)
