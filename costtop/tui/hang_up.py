"""Ends a screen whose terminal has gone, though its loop waits for ever. It draws nothing.

A closed window or a killed multiplexer sends a signal too, but the thread that writes may have died
of the terminal before, and the loop waits for that thread: nothing of it would ever run again.
"""

import os
import select
import signal
import threading
import time

_GRACE = 5.0  # s in which it may end by itself


def watch(terminal: int = 1) -> None:
    """Watches, at rest in the kernel, in a thread of its own; nothing where it is no terminal."""
    if os.isatty(terminal):
        threading.Thread(target=_wait, args=(terminal,), name="hang-up", daemon=True).start()


def _wait(terminal: int) -> None:
    gone = select.poll()
    gone.register(terminal, 0)  # of a hang-up it tells unasked
    while not (told := gone.poll()):
        pass
    if not told[0][1] & (select.POLLHUP | select.POLLERR):
        return  # a system that cannot poll a terminal says so, and nothing of its end
    time.sleep(_GRACE)
    os._exit(128 + signal.SIGHUP)
