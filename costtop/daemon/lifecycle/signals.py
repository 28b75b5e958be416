"""What the daemon hears of the system that runs it, signals, and what it tells systemd.

Ten lines of our own: sdnotify is dormant since 2018, python-systemd needs libsystemd's headers to
build, and the protocol is one datagram to the socket that NOTIFY_SOCKET names (sd_notify(3)).

A loop that turns is no proof of work: a follower that hangs, in a folder that does not answer or by
a bug, starves the watchdog, and the service is started again. What is waited out as a fault of the
world does not.
"""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from costtop import lasting_tasks

_TIMES = 4  # a period
_LOOK = 0.05  # s
_HOUR = 3600.0  # s that the work may take to begin anew: a store may have to be rebuilt


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


def tell(state: str) -> None:
    """Sends one state, such as `READY=1`; silent where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(1.0)
        sender.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        sender.send(state.encode())


def patience() -> float:
    """Seconds within which this process has to say that it goes on; 0.0 where nobody asks."""
    for_us = os.environ.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
    given = os.environ.get("WATCHDOG_USEC", "")
    return int(given) / 1e6 if for_us and given.isdigit() else 0.0


async def answer(served: Path, progress: Callable[[], object], waits: Callable[[], bool]) -> None:
    """For as long as the work goes on; `served` is the socket that exists once it has begun."""
    period = patience()
    while not served.exists():
        await asyncio.sleep(_LOOK)
    tell("READY=1")
    if not period:
        return
    tell(f"WATCHDOG_USEC={period * 1e6:.0f}\nWATCHDOG=1")
    try:
        await feed(progress, waits, period)
    finally:
        tell(f"WATCHDOG_USEC={_HOUR * 1e6:.0f}\nWATCHDOG=1")


async def feed(progress: Callable[[], object], waits: Callable[[], bool], period: float) -> None:
    """For ever. `progress` changes while work goes on; `waits` says that a fault is waited out.

    What has not moved for a period (s) is not vouched for.
    """
    last, moved = progress(), time.monotonic()
    while True:
        now, at = progress(), time.monotonic()
        if now != last or waits():
            last, moved = now, at
        if at - moved < period:
            tell("WATCHDOG=1")
        lasting_tasks.well()
        await asyncio.sleep(period / _TIMES)
