"""What a service tells systemd of itself: that it is up, that it goes on, that it ends.

Ten lines of our own: sdnotify is dormant since 2018, python-systemd needs libsystemd's headers to
build, and the protocol is one datagram to the socket that NOTIFY_SOCKET names (sd_notify(3)).
"""

import os
import socket
from contextlib import suppress


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
